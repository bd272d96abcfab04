"""Creates small parts of model folders, and what the reference implementations compute for tiny-m3 and
tiny-reranker with them:

- src/fixtures/tiny-dense: the two Dense modules of a sentence-transformers model;
- src/fixtures/tiny-lora: three LoRA adapters, two for tiny-m3, one in PyTorch's format for tiny-reranker;
- src/fixtures/folder-goldens.json: vectors, scores and token ids.

The vectors with lower case, pooling and Dense modules come from sentence-transformers; those with adapters
from peft, which computes them beside the base model without merging.

    pip install torch==2.13.0 transformers==5.18.0 sentence-transformers==6.0.1 peft==0.21.0 \\
        safetensors==0.8.0 numpy==2.4.6
    python src/reference/folder_fixtures.py

Written and run with these versions on Python 3.11, fp32 on a CPU. Another run changes the weights if torch's
random numbers change; the tests use the checked-in files.
"""

import json
import shutil
import tempfile
from pathlib import Path

import peft
import torch
import transformers
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import save_file
from sentence_transformers import SentenceTransformer
from transformers import AutoModel, AutoModelForSequenceClassification, AutoTokenizer

FIXTURES = Path(__file__).resolve().parent.parent / "fixtures"
TINY_M3 = FIXTURES / "tiny-m3"
RERANKER = FIXTURES / "tiny-reranker"
VERSIONS = {"torch": torch.__version__, "transformers": transformers.__version__, "peft": peft.__version__,
            "sentence-transformers": __import__("sentence_transformers").__version__}

TEXTS = [
    "What is BGE M3?",
    "BM25 is a bag-of-words retrieval function that ranks a set of documents based on the query terms "
    "appearing in each document",
    "WIE WIRD DAS WETTER MORGEN? ÇA DÉPEND 🙂 — 明日の天気は？",
    "ΟΔΥΣΣΕΥΣ İSTANBUL İİ DŽ ẞ Ⅷ",
    "a <MASK> and <mask>, </S> and </s>",
    "",
]
PAIRS = [["What is BGE M3?", "BM25 ranks documents."], ["panda", "The giant panda is a bear."], ["", "x"]]
MODULES = "sentence_transformers.models."


def modules(folder, *paths):
    """Writes modules.json: the module's kind is what follows the number in its path, or Transformer."""
    listed = [{"idx": i, "name": str(i), "path": path,
               "type": MODULES + (path.partition("_")[2] or "Transformer")}
              for i, path in enumerate(paths)]
    (folder / "modules.json").write_text(json.dumps(listed))


def pooling(folder, mode):
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling/config.json").write_text(
        json.dumps({"word_embedding_dimension": 128, "pooling_mode_cls_token": mode == "cls",
                    "pooling_mode_mean_tokens": mode == "mean"}))


def vectors(folder):
    model = SentenceTransformer(str(folder), device="cpu")
    return {"ids": [model.tokenizer(text)["input_ids"] for text in TEXTS],
            "dense": [[float(x) for x in row] for row in model.encode(TEXTS, batch_size=1)]}


def lower_case(folder):
    shutil.copytree(TINY_M3, folder, dirs_exist_ok=True)
    modules(folder, "", "1_Pooling", "2_Normalize")
    pooling(folder, "cls")
    (folder / "sentence_bert_config.json").write_text(
        json.dumps({"max_seq_length": 512, "do_lower_case": True}))
    return vectors(folder)


def subfolder(folder):
    shutil.copytree(TINY_M3, folder / "0_Transformer")
    modules(folder, "0_Transformer", "1_Pooling", "2_Normalize")
    pooling(folder, "mean")
    return vectors(folder)


def dense(folder):
    """Makes two layers of which only the first has a bias and an activation; stores one in each format."""
    shutil.copytree(TINY_M3, folder, dirs_exist_ok=True)
    modules(folder, "", "1_Pooling", "2_Dense", "3_Dense", "4_Normalize")
    pooling(folder, "mean")
    generator = torch.Generator().manual_seed(20261201)
    made = FIXTURES / "tiny-dense"
    shutil.rmtree(made, ignore_errors=True)
    for path, inputs, outputs, bias, activation in [("2_Dense", 128, 48, True, "activation.Tanh"),
                                                    ("3_Dense", 48, 32, False, "linear.Identity")]:
        (made / path).mkdir(parents=True)
        (made / path / "config.json").write_text(json.dumps(
            {"in_features": inputs, "out_features": outputs, "bias": bias,
             "activation_function": "torch.nn.modules." + activation}))
        tensors = {"linear.weight": torch.randn(outputs, inputs, generator=generator) / inputs ** 0.5}
        if bias:
            tensors["linear.bias"] = 0.3 * torch.randn(outputs, generator=generator)
            save_file(tensors, made / path / "model.safetensors")
        else:
            torch.save(tensors, made / path / "pytorch_model.bin")
        shutil.copytree(made / path, folder / path)
    return vectors(folder)


def randomize_adapter(model, seed):
    """Draws both factors: peft begins with one of zeros, which changes nothing."""
    generator = torch.Generator().manual_seed(seed)
    for name, tensor in model.named_parameters():
        if "lora_" in name:
            tensor.data = torch.randn(tensor.shape, generator=generator) / tensor.shape[-1] ** 0.5


def adapter(name, base, automatic, config, seed, safe=True):
    """Saves an adapter and returns the model with it as peft loads it."""
    folder = FIXTURES / "tiny-lora" / name
    shutil.rmtree(folder, ignore_errors=True)
    model = get_peft_model(automatic.from_pretrained(base, dtype=torch.float32), config)
    randomize_adapter(model, seed)
    model.save_pretrained(folder, safe_serialization=safe)
    (folder / "README.md").unlink(missing_ok=True)
    saved = json.loads((folder / "adapter_config.json").read_text())
    saved["base_model_name_or_path"] = "../../" + base.name
    if isinstance(saved["target_modules"], list):
        saved["target_modules"].sort()  # peft writes a set.
    (folder / "adapter_config.json").write_text(json.dumps(saved, indent=2, sort_keys=True) + "\n")
    return PeftModel.from_pretrained(automatic.from_pretrained(base, dtype=torch.float32), folder).eval()


@torch.no_grad()
def with_adapter(name, config, seed):
    model = adapter(name, TINY_M3, AutoModel, config, seed)
    tokenizer = AutoTokenizer.from_pretrained(TINY_M3)
    rows = []
    for text in TEXTS:
        hidden = model(input_ids=torch.tensor([tokenizer(text)["input_ids"]])).last_hidden_state[0, 0]
        rows.append([float(x) for x in torch.nn.functional.normalize(hidden, dim=0)])
    return {"dense": rows}


@torch.no_grad()
def reranker_with_adapter(name, config, seed):
    model = adapter(name, RERANKER, AutoModelForSequenceClassification, config, seed, safe=False)
    tokenizer = AutoTokenizer.from_pretrained(TINY_M3)
    bos, eos = tokenizer.bos_token_id, tokenizer.eos_token_id
    scores = []
    for query, passage in PAIRS:
        q, p = (tokenizer(text, add_special_tokens=False)["input_ids"] for text in (query, passage))
        scores.append(model(input_ids=torch.tensor([[bos, *q, eos, eos, *p, eos]])).logits.view(-1).item())
    return {"scores": scores}


def main():
    goldens = {"versions": VERSIONS, "texts": TEXTS, "pairs": PAIRS}
    for make in (lower_case, subfolder, dense):
        with tempfile.TemporaryDirectory() as folder:
            goldens[make.__name__] = make(Path(folder))
    goldens["lora"] = with_adapter(
        "plain", LoraConfig(r=4, lora_alpha=8, target_modules=["query", "value"]), 1)
    goldens["lora_patterns"] = with_adapter("patterns", LoraConfig(
        r=4, lora_alpha=6, use_rslora=True, target_modules="all-linear", exclude_modules=["key"],
        rank_pattern={"intermediate.dense": 2, "layer.[01].output.dense": 3},
        alpha_pattern={"query": 3, "encoder.layer.2.attention.output.dense": 10}), 2)
    goldens["lora_reranker"] = reranker_with_adapter("reranker", LoraConfig(
        r=2, lora_alpha=4, target_modules=["query", "output.dense", "classifier.dense"]), 3)
    (FIXTURES / "folder-goldens.json").write_text(json.dumps(goldens, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
