#!/usr/bin/env python3
"""Computes teacher vectors (CLS, L2-normalised) for every English target text of DATA/train.jsonl.

  python encode_teacher.py --data DATA --onnx TEACHER.onnx --tokenizer TOKENIZER.json [--max-minutes 12]

Writes DATA/teacher_texts.json and DATA/teacher.npy (fp16, in the same order). Texts are encoded in shuffled blocks,
sorted by length within a block; texts that are left when the time is up get no target.
"""
import argparse
import json
import random
import time

import numpy as np
import onnxruntime as ort
from tokenizers import Tokenizer

DIMENSION = 384
MAX_TOKENS = 192
BLOCK_TEXTS = 16384
BATCH_TOKENS = 1500
MIN_BATCH, MAX_BATCH = 4, 96


def encode_block(session, encodings):
    """Returns the vectors of one block's texts, computed in batches of about BATCH_TOKENS tokens of similar lengths."""
    order = sorted(range(len(encodings)), key=lambda i: len(encodings[i]))
    vectors = np.zeros((len(encodings), DIMENSION), np.float16)
    start = 0
    while start < len(order):
        length = len(encodings[order[min(start + MAX_BATCH, len(order)) - 1]])
        batch = order[start:start + max(MIN_BATCH, min(MAX_BATCH, BATCH_TOKENS // length))]
        length = max(len(encodings[i]) for i in batch)
        ids = np.zeros((len(batch), length), np.int64)
        mask = np.zeros_like(ids)
        for row, i in enumerate(batch):
            ids[row, :len(encodings[i])] = encodings[i]
            mask[row, :len(encodings[i])] = 1
        inputs = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        cls = session.run(None, inputs)[0][:, 0]
        vectors[batch] = cls / np.linalg.norm(cls, axis=1, keepdims=True)
        start += len(batch)
    return vectors


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True)
    parser.add_argument("--onnx", required=True)
    parser.add_argument("--tokenizer", required=True)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--max-minutes", type=float, default=12)
    args = parser.parse_args()
    options = ort.SessionOptions()
    options.intra_op_num_threads = args.threads
    session = ort.InferenceSession(args.onnx, options, providers=["CPUExecutionProvider"])
    tokenizer = Tokenizer.from_file(args.tokenizer)
    tokenizer.no_padding()
    tokenizer.enable_truncation(MAX_TOKENS)
    with open(f"{args.data}/train.jsonl", encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    texts = list(dict.fromkeys(text for row in rows for text in (row["tp"], row["tq"]) if text))
    random.Random(1).shuffle(texts)

    vectors, kept, start = [], [], time.time()
    for first in range(0, len(texts), BLOCK_TEXTS):
        if time.time() - start > args.max_minutes * 60:
            break
        block = texts[first:first + BLOCK_TEXTS]
        vectors.append(encode_block(session, [encoding.ids for encoding in tokenizer.encode_batch(block)]))
        kept += block
        print(f"{len(kept)}/{len(texts)} {len(kept) / (time.time() - start):.0f}/s", flush=True)
        np.save(f"{args.data}/teacher.npy", np.concatenate(vectors))
        with open(f"{args.data}/teacher_texts.json", "w", encoding="utf-8") as file:
            json.dump(kept, file, ensure_ascii=False)


if __name__ == "__main__":
    main()
