"""BGE-M3 in torch as FlagEmbedding's BGEM3FlagModel runs it: transformers' XLMRobertaModel in fp16 on a GPU, texts
sorted by length and padded to the longest of their batch, the first token's vector normalised and moved to the CPU.

Two parts of FlagEmbedding are omitted, both to torch's advantage: the trial batch in each call, which repeats the
longest text batch_size times, and the tokenizer's slow padding.
"""

import pathlib
import statistics

import numpy as np
import torch
import torch.nn.functional as F
import transformers
from transformers import XLMRobertaModel

from workload import PAD

# FlagEmbedding's default on every device, and the usual choice of those who set one.
BATCH_SIZES = (256, 32)


class TorchPeer:
    def __init__(self, folder, device, dtype):
        transformers.logging.set_verbosity_error()
        transformers.logging.disable_progress_bar()
        self.device = device
        self.model = XLMRobertaModel.from_pretrained(
            folder, dtype=dtype, attn_implementation="sdpa", add_pooling_layer=False).to(device).eval()

    @torch.inference_mode()
    def encode(self, texts, batch_size):
        """Returns the dense vectors [S, C] of S texts, given as token ids."""
        longest_first = sorted(range(len(texts)), key=lambda i: -len(texts[i]))
        dense = np.empty((len(texts), self.model.config.hidden_size), np.float32)
        for start in range(0, len(texts), batch_size):
            batch = longest_first[start:start + batch_size]
            ids = np.full((len(batch), len(texts[batch[0]])), PAD)
            for row, i in enumerate(batch):
                ids[row, :len(texts[i])] = texts[i]
            ids = torch.from_numpy(ids)
            hidden = self._hidden(ids.to(self.device), (ids != PAD).long().to(self.device))
            dense[batch] = F.normalize(hidden[:, 0], dim=-1).cpu().numpy()
        return dense

    def _hidden(self, ids, mask):
        return self.model(input_ids=ids, attention_mask=mask).last_hidden_state

    @torch.inference_mode()
    def outputs(self, text, heads):
        """Returns a text's dense vector [C], lexical weights of its tokens [T] and ColBERT vectors [T - 1, C]."""
        ids = torch.tensor([list(text)], device=self.device)
        hidden = self._hidden(ids, torch.ones_like(ids))[0]
        lexical = F.relu(F.linear(hidden, *heads["sparse"]))[:, 0]
        colbert = F.normalize(F.linear(hidden[1:], *heads["colbert"]), dim=-1)
        return tuple(x.float().cpu().numpy() for x in (F.normalize(hidden[0], dim=-1), lexical, colbert))


def read_heads(folder, device, dtype):
    """Reads the weight and bias of each head, from the encoder's file or from separate files."""
    folder = pathlib.Path(folder)
    heads = {}
    for name in ("sparse", "colbert"):
        own = folder / f"{name}_linear.pt"
        if own.exists():
            tensors = torch.load(own, map_location="cpu", weights_only=True)
            pair = tensors["weight"], tensors["bias"]
        else:
            from safetensors import safe_open
            with safe_open(folder / "model.safetensors", "pt") as file:
                pair = tuple(file.get_tensor(f"{name}_linear.{part}") for part in ("weight", "bias"))
        heads[name] = tuple(tensor.to(device, dtype) for tensor in pair)
    return heads


def product_rate(size=8192, rounds=7, products=10):
    """Returns the TFLOP/s of a large fp16 product by cuBLAS, the best that this GPU reaches. The data is random because
    products of zeros are faster."""
    a, b = (torch.randn(size, size, device="cuda", dtype=torch.float16) for _ in range(2))
    millis = []
    for _ in range(2 + rounds):
        start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        start.record()
        for _ in range(products):
            F.linear(a, b)
        end.record()
        end.synchronize()
        millis.append(start.elapsed_time(end) / products)
    return 2 * size**3 / statistics.median(millis[2:]) / 1e9


def versions():
    return {"torch": torch.__version__, "transformers": transformers.__version__,
            "torch's CUDA": torch.version.cuda or "none"}
