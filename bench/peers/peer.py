"""Loads a peer once and answers requests on standard input, by the protocol that PeerBench.java documents.

peer.py ENGINE PRECISION THREADS MODEL PREPARED FOLDER
"""

import json
import os
import pathlib
import sys
from time import perf_counter

import numpy as np

from workload import PAD, read_ids

# The usual size in their libraries.
BATCH_SIZE = 32
# Fusions of ONNX Runtime that make the graph slower on a CPU.
SLOW_FUSIONS = ["SkipLayerNormFusion"]


def load_torch(precision, threads, model):
    import torch
    import transformers
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    torch.set_num_threads(threads)
    encoder = transformers.XLMRobertaModel.from_pretrained(
        model, dtype={"fp32": torch.float32, "bf16": torch.bfloat16}[precision], attn_implementation="sdpa",
        add_pooling_layer=False).eval()

    @torch.inference_mode()
    def first_rows(ids, mask):
        hidden = encoder(input_ids=torch.from_numpy(ids), attention_mask=torch.from_numpy(mask)).last_hidden_state
        return hidden[:, 0].float().numpy()

    return first_rows, torch.__version__


def load_onnxruntime(precision, threads, prepared, disabled):
    import onnxruntime
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    session = onnxruntime.InferenceSession(pathlib.Path(prepared) / f"{precision}.onnx", options,
                                           providers=["CPUExecutionProvider"], disabled_optimizers=disabled)

    def first_rows(ids, mask):
        return session.run(["last_hidden_state"], {"input_ids": ids, "attention_mask": mask})[0][:, 0]

    return first_rows, onnxruntime.__version__


def padded(texts):
    """Yields the ids and mask of each batch in the texts' order; not timed, which is to the peer's advantage."""
    for start in range(0, len(texts), BATCH_SIZE):
        batch = texts[start:start + BATCH_SIZE]
        ids = np.full((len(batch), max(map(len, batch))), PAD)
        for row, text in enumerate(batch):
            ids[row, :len(text)] = text
        yield ids, (ids != PAD).astype(np.int64)


def main():
    engine, precision, threads, model, prepared, folder = sys.argv[1:]
    # Libraries may print to standard output, so the answers have a descriptor of their own.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    def answer(content):
        print(json.dumps(content), file=answers, flush=True)

    if engine == "torch":
        first_rows, version = load_torch(precision, int(threads), model)
    else:
        first_rows, version = load_onnxruntime(precision, int(threads), prepared,
                                               SLOW_FUSIONS if engine.endswith("-tuned") else None)
    answer({"version": version})

    name, batches = None, []
    for line in sys.stdin:
        what, asked, *rest = line.split()
        if asked != name:
            name, batches = asked, list(padded(read_ids(folder, asked)))
        if what == "time":
            least, seconds, millis, start = int(rest[0]), float(rest[1]), [], perf_counter()
            while len(millis) < least or perf_counter() - start < seconds:
                before = perf_counter()
                for batch in batches:
                    first_rows(*batch)
                millis.append((perf_counter() - before) * 1e3)
            answer({"millis": millis})
        else:
            rows = np.concatenate([first_rows(*batch) for batch in batches])
            rows.astype("<f4").tofile(pathlib.Path(folder) / rest[0])
            answer({"rows": len(rows)})


if __name__ == "__main__":
    main()
