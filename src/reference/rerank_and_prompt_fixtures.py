"""Creates two tiny random models and the results of the reference implementations for them:

- src/fixtures/tiny-reranker: XLMRobertaForSequenceClassification with one label, stored like bge-reranker-v2-m3;
- src/fixtures/tiny-e5: a BERT with XLM-R's tokenizer, mean pooling and prompts, stored like multilingual-e5-small.

The reranker's scores come from transformers; its pairs are assembled as in FlagEmbedding's FlagReranker
(FlagEmbedding/inference/reranker/encoder_only/base.py at commit dfdace38): the query is cut to max_length * 3 // 4 pieces
and then only the passage is cut, as transformers' prepare_for_model does with truncation='only_second'. The vectors come
from sentence-transformers, including those of tiny-m3 with mean pooling.

    pip install torch==2.13.0 transformers==5.18.0 sentence-transformers==6.0.1 safetensors==0.8.0 numpy==2.4.6
    python src/reference/rerank_and_prompt_fixtures.py

Written and run with these versions on Python 3.11, fp32 on a CPU. Another run changes the weights if torch's random
numbers or the last digits of its products change; the tests use the checked-in files.
"""

import json
import math
import shutil
import tempfile
from pathlib import Path

import numpy
import torch
import transformers
from sentence_transformers import SentenceTransformer
from transformers import (AutoModelForSequenceClassification, AutoTokenizer, BertConfig, BertModel,
                          XLMRobertaConfig, XLMRobertaForSequenceClassification)

FIXTURES = Path(__file__).resolve().parent.parent / "fixtures"
TINY_M3 = FIXTURES / "tiny-m3"
VERSIONS = {"torch": torch.__version__, "transformers": transformers.__version__,
            "sentence-transformers": __import__("sentence_transformers").__version__}

SENTENCES = [
    "What is BGE M3?",
    "Defination of BM25",
    "BGE M3 is an embedding model supporting dense retrieval, lexical matching and multi-vector interaction.",
    "BM25 is a bag-of-words retrieval function that ranks a set of documents based on the query terms appearing in "
    "each document",
    "",
    "   ",
    "panda",
    "The giant panda (Ailuropoda melanoleuca), sometimes called a panda bear, is a bear species endemic to China.",
    "Wie wird das Wetter morgen? Ça dépend 🙂 — 明日の天気は？",
    "<mask> and </s> in the middle",
]
# Longer than any of the maximum lengths below, as a query and as a passage.
LONG = " ".join(f"{word} {i}" for i, word in enumerate(
    ["retrieval", "of", "documents", "by", "their", "meaning", "in", "many", "languages"] * 40))
MIDDLE = " ".join(LONG.split()[:60])
MAX_LENGTHS = [17, 24, 64, 512]


def randomize(model, seed):
    """Draws weights that are large enough for attention and scores to differ between texts, rounded to fp16 as stored."""
    generator = torch.Generator().manual_seed(seed)
    for name, tensor in model.named_parameters():
        noise = torch.randn(tensor.shape, generator=generator)
        if "LayerNorm.weight" in name:
            values = 1 + 0.1 * noise
        elif name.endswith("bias"):
            values = 0.1 * noise
        elif "embeddings" in name:
            values = (0.3 if "position" in name else 1.0) * noise
        else:
            values = 1.5 / math.sqrt(tensor.shape[-1]) * noise
        tensor.data = values.half().float()
    model.eval()
    return model


def save(model, folder):
    if folder.exists():
        shutil.rmtree(folder)
    model.half().save_pretrained(folder)
    model.float()


def cut_pair(tokenizer, query, passage, max_length):
    """Assembles a pair like FlagReranker. From a max_length of 17 on, a query leaves room for at least one token of its
    passage; below that, prepare_for_model would cut nothing, and the pair would be longer than max_length."""
    q = tokenizer(query, add_special_tokens=False, max_length=max_length * 3 // 4, truncation=True)["input_ids"]
    d = tokenizer(passage, add_special_tokens=False, max_length=max_length, truncation=True)["input_ids"]
    to_remove = len(q) + len(d) + 4 - max_length
    if to_remove > 0:
        assert len(d) > to_remove
        d = d[:-to_remove]
    bos, eos = tokenizer.bos_token_id, tokenizer.eos_token_id
    ids = [bos, *q, eos, eos, *d, eos]
    if not passage:
        # FlagReranker treats an empty passage as a pair; the tokenizer itself treats it as a single text.
        return ids, len(tokenizer(query)["input_ids"]) + 2
    whole = tokenizer(query, passage)["input_ids"]
    # A query longer than 3/4 is cut even if the whole pair would fit.
    was_cut = len(whole) > len(ids)
    assert was_cut or ids == whole, "the tokenizer's own template for a pair"
    return ids, len(whole)


@torch.no_grad()
def reranker():
    folder = FIXTURES / "tiny-reranker"
    config = XLMRobertaConfig(vocab_size=1502, hidden_size=64, num_hidden_layers=2, num_attention_heads=2,
                              intermediate_size=160, max_position_embeddings=514, type_vocab_size=1,
                              layer_norm_eps=1e-5, pad_token_id=1, bos_token_id=0, eos_token_id=2,
                              num_labels=1)
    model = randomize(XLMRobertaForSequenceClassification(config), 20240318)
    model.classifier.out_proj.weight.data = (model.classifier.out_proj.weight.data * 3).half().float()
    save(model, folder)
    for name in ("sentencepiece.bpe.model", "tokenizer_config.json"):
        shutil.copy(TINY_M3 / name, folder / name)
    tokenizer = AutoTokenizer.from_pretrained(TINY_M3)
    model = AutoModelForSequenceClassification.from_pretrained(folder, dtype=torch.float32).eval()

    pairs = [(q, p) for q in SENTENCES for p in SENTENCES[:4] + SENTENCES[6:]]
    pairs += [(q, "") for q in SENTENCES]
    pairs += [(q, p) for q in (SENTENCES[0], MIDDLE, LONG) for p in (SENTENCES[2], MIDDLE, LONG)]
    runs = []
    for max_length in MAX_LENGTHS:
        items = []
        for query, passage in pairs:
            ids, full = cut_pair(tokenizer, query, passage, max_length)
            score = model(input_ids=torch.tensor([ids])).logits.view(-1).item()
            items.append({"query": query, "passage": passage, "ids": ids, "full_length": full, "score": score,
                          "normalized": float(1 / (1 + numpy.exp(-score)))})
        scores = [item["score"] for item in items]
        print("max_length", max_length, "scores", min(scores), max(scores), "cut",
              sum(item["full_length"] > len(item["ids"]) for item in items))
        if max_length not in (17, 512):  # Only the scores of pairs that are cut; the others repeat those of 512.
            items = [item for item in items if item["full_length"] > len(item["ids"])]
        runs.append({"max_length": max_length, "items": items})
    write("tiny-reranker-goldens.json", {"versions": VERSIONS, "runs": runs})


def vectors(model, texts, **arguments):
    return [[float(x) for x in row] for row in model.encode(texts, batch_size=1, **arguments)]


MODULES = [{"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
           {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
           {"idx": 2, "name": "2", "path": "2_Normalize", "type": "sentence_transformers.models.Normalize"}]


def pooling(dimension):
    return {"word_embedding_dimension": dimension, "pooling_mode_cls_token": False, "pooling_mode_mean_tokens": True,
            "pooling_mode_max_tokens": False, "pooling_mode_mean_sqrt_len_tokens": False}


def sentence_transformers_files(folder, dimension, max_length, prompts):
    (folder / "1_Pooling").mkdir(exist_ok=True)
    dump(folder / "modules.json", MODULES)
    dump(folder / "1_Pooling" / "config.json", pooling(dimension))
    dump(folder / "sentence_bert_config.json", {"max_seq_length": max_length, "do_lower_case": False})
    dump(folder / "config_sentence_transformers.json", prompts)


def e5():
    folder = FIXTURES / "tiny-e5"
    # The peculiarities of multilingual-e5-small: more rows than the tokenizer has ids, positions from 0, two token types.
    config = BertConfig(vocab_size=1537, hidden_size=64, num_hidden_layers=2, num_attention_heads=2,
                        intermediate_size=160, max_position_embeddings=128, type_vocab_size=2, layer_norm_eps=1e-12,
                        pad_token_id=0, tokenizer_class="XLMRobertaTokenizer")
    save(randomize(BertModel(config, add_pooling_layer=False), 20240522), folder)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(TINY_M3 / name, folder / name)
    sentence_transformers_files(folder, 64, 96, {
        "prompts": {"query": "query: ", "passage": "passage: ", "topic": "What it is about: "},
        "default_prompt_name": None})
    texts = SENTENCES[:4] + SENTENCES[6:] + ["", MIDDLE, LONG]
    model = SentenceTransformer(str(folder), device="cpu", model_kwargs={"dtype": torch.float32})
    ids = {name: [model.tokenizer(prompt + text, truncation=True, max_length=96)["input_ids"] for text in texts]
           for name, prompt in [("none", ""), *model.prompts.items()]}
    golden = {"versions": VERSIONS, "texts": texts, "max_seq_length": 96, "runs": [
        {"name": "encode", "ids": ids["none"], "dense": vectors(model, texts)},
        {"name": "encode_query", "ids": ids["query"],
         "dense": [[float(x) for x in row] for row in model.encode_query(texts, batch_size=1)]},
        {"name": "encode_document", "ids": ids["passage"],
         # By name, because sentence-transformers 6.0.1 adds an empty prompt "document" before the file's "passage".
         "dense": [[float(x) for x in row]
                   for row in model.encode_document(texts, batch_size=1, prompt_name="passage")]},
        {"name": "topic", "ids": ids["topic"], "dense": vectors(model, texts, prompt_name="topic")}]}
    with tempfile.TemporaryDirectory() as temporary:
        copy = Path(temporary) / "tiny-m3"
        shutil.copytree(TINY_M3, copy)
        sentence_transformers_files(copy, 128, 512, {"prompts": {}, "default_prompt_name": None})
        golden["tiny_m3_mean"] = vectors(SentenceTransformer(str(copy), device="cpu"), texts[:6])
    write("tiny-e5-goldens.json", golden)


def dump(path, value):
    path.write_text(json.dumps(value, indent=2) + "\n")


def write(name, golden):
    (FIXTURES / name).write_text(json.dumps(golden, ensure_ascii=False, indent=None) + "\n")


if __name__ == "__main__":
    torch.set_num_threads(1)
    reranker()
    e5()
