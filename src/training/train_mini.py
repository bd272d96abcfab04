#!/usr/bin/env python3
"""Trains bge-m3-mini: an XLM-RoBERTa encoder with dense, sparse and ColBERT heads, in the layout of BAAI/bge-m3.

  python train_mini.py --data DATA --model MODEL --minutes 20
  python train_mini.py --data DATA --model MODEL --minutes 6 --lr 1.8e-4 --stage2

Needs DATA/{train.jsonl,teacher_texts.json,teacher.npy} and MODEL/tokenizer.json; writes config.json, model.safetensors,
sparse_linear.pt and colbert_linear.pt (fp16) into MODEL.

Stage 0 (about a minute): one static vector per token, so that the mean over a text's tokens matches the teacher's vector of
  the text (for a translation: of its English side). It becomes the word embedding, and layer 0 starts as 'add the mean of all
  tokens to each token', so that the CLS vector is a useful text vector before the first step of stage 1.
Stage 1: all weights, on query/passage and translation pairs in length buckets:
  dense    cosine and in-batch similarity to the centred, projected teacher, and InfoNCE
  sparse   InfoNCE over the lexical matching score (pairs that share a token), small L1 on the weights
  colbert  InfoNCE over the mean of the largest products
  all      KL of each head's in-batch scores to the weighted ensemble 1 / 0.3 / 1, as in M3
Stage 2 (--stage2, a second run): continues from the saved files, with more pairs inside one language and an L1 that grows with a
  token's document frequency, so that stop words and punctuation get low weights.

In a third of the batches the positions of the text's body are shifted by a random gap, so that every row of the position
table is trained although most texts are short.
"""
import argparse
import json
import math
import time

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from tokenizers import Tokenizer

from network import PAD_ID, UNK_ID, Network, objective, same_text
from teacher import Pairs, Teacher, stage2_pairs, token_penalties

HIDDEN_SIZE = 256
MAX_TOKENS = 256
STATIC_BATCH = 2048
WARM_UP_SECONDS = 40.0
SAVE_SECONDS = 240


def static_vectors(pairs, teacher, vocab_size, epochs, rng):
    """Runs stage 0; returns the token vectors [V, C]."""
    table = nn.EmbeddingBag(vocab_size, HIDDEN_SIZE, mode="mean")
    nn.init.normal_(table.weight, std=0.05)
    optimizer = torch.optim.Adam(table.parameters(), lr=0.02)
    texts, targets = pairs.targeted_texts()
    per_epoch, start = len(texts) // STATIC_BATCH, time.time()
    for step in range(epochs * per_epoch):
        if step % per_epoch == 0:
            order = rng.permutation(len(texts))
        batch = order[step % per_epoch * STATIC_BATCH:][:STATIC_BATCH]
        bags = [pairs.ids[text][1:-1] or [UNK_ID] for text in texts[batch]]
        offsets = np.cumsum([0] + [len(bag) for bag in bags[:-1]])
        vectors = F.normalize(table(torch.tensor(np.concatenate(bags)), torch.tensor(offsets)), dim=1)
        wanted = teacher.vectors[targets[batch]]
        cosine = (vectors * wanted).sum(1).mean()
        loss = 1 - cosine + 0.2 * F.cross_entropy(vectors @ wanted.T / 0.05, torch.arange(len(batch)))
        for group in optimizer.param_groups:
            group["lr"] = 0.02 * (1 - step / (epochs * per_epoch)) + 1e-4
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 100 == 0:
            print(f"stage 0: {step}/{epochs * per_epoch} loss {loss.item():.3f} cos {cosine.item():.3f} "
                  f"{time.time() - start:.0f}s", flush=True)
    return table.weight.detach()


def make_optimizer(network, rate):
    """Applies weight decay to matrices, but not to the word embeddings."""
    words = network.encoder.embeddings.word_embeddings.weight
    decayed = [p for p in network.parameters() if p.dim() > 1 and p is not words]
    others = [p for p in network.parameters() if p.dim() <= 1 or p is words]
    return torch.optim.AdamW([{"params": decayed, "weight_decay": 0.01}, {"params": others, "weight_decay": 0.0}],
                             lr=rate, betas=(0.9, 0.98), eps=1e-8)


def epoch(pairs, batch_tokens, rng):
    """Returns shuffled batches of mixed kinds and one length class, as large as the limit of padded tokens allows."""
    queries, passages, lengths = pairs.queries, pairs.passages, pairs.lengths
    order = np.argsort(np.maximum(lengths[queries], lengths[passages]) + rng.uniform(0, 6, len(queries)))
    batches, start = [], 0
    while start < len(order):
        count = 16
        while count < 160 and start + count < len(order):
            wider = order[start:start + count + 16]
            if len(wider) * (lengths[queries[wider]].max() + lengths[passages[wider]].max()) > batch_tokens:
                break
            count += 16
        batches.append(order[start:start + count])
        start += count
    rng.shuffle(batches)
    return batches


def padded(pairs, texts):
    """Returns the ids of some texts, [B, L]."""
    ids = np.full((len(texts), max(len(pairs.ids[text]) for text in texts)), PAD_ID, np.int64)
    for row, text in enumerate(texts):
        ids[row, :len(pairs.ids[text])] = pairs.ids[text]
    return torch.tensor(ids)


def learning_rate(peak, elapsed, limit):
    """Returns the learning rate by the clock: linear up, then half a cosine down to 3 %."""
    if elapsed < WARM_UP_SECONDS:
        return peak * elapsed / WARM_UP_SECONDS
    done = (elapsed - WARM_UP_SECONDS) / (limit - WARM_UP_SECONDS)
    return peak * (0.03 + 0.97 * 0.5 * (1 + math.cos(math.pi * done)))


def train(network, pairs, teacher, penalties, args, rng):
    """Runs stage 1 or 2 until the time is up; returns what was done."""
    optimizer = make_optimizer(network, args.lr)
    start = saved = time.time()
    limit = args.minutes * 60
    step, seen, smooth, batches = 0, 0, {}, []
    network.train()
    while (elapsed := time.time() - start) <= limit:
        batches = batches or epoch(pairs, args.tokens, rng)
        batch = batches.pop()
        rate = learning_rate(args.lr, elapsed, limit)
        for group in optimizer.param_groups:
            group["lr"] = rate
        queries, passages = pairs.queries[batch], pairs.passages[batch]
        query_ids, passage_ids = padded(pairs, queries), padded(pairs, passages)
        longest = max(query_ids.shape[1], passage_ids.shape[1])
        gap = int(rng.integers(1, args.positions - 2 - longest)) if rng.random() < 0.33 else 0
        query_gap = gap if rng.random() < 0.5 else 0
        loss, shown = objective(
            network(query_ids, query_gap), network(passage_ids, gap), same_text(queries, passages),
            (pairs.query_targets[batch], pairs.passage_targets[batch]), teacher.vectors, penalties,
            revive=step % 4 == 0 or step < 50)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 2.0)
        optimizer.step()
        seen += len(batch)
        step += 1
        smooth = {name: 0.98 * smooth.get(name, value) + 0.02 * value for name, value in shown.items()}
        if step % 50 == 0 or step in (1, 5, 20):
            print(f"{step} {elapsed:.0f}s pairs {seen} lr {rate:.1e} "
                  + " ".join(f"{name} {value:.3f}" for name, value in smooth.items()), flush=True)
        if time.time() - saved > SAVE_SECONDS:
            network.save(args.model)
            saved = time.time()
    network.save(args.model)
    return dict(steps=step, pairs=seen, minutes=args.minutes,
                final={name: round(value, 4) for name, value in smooth.items()})


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--minutes", type=float, default=25)
    parser.add_argument("--stage0-epochs", type=int, default=6)
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--positions", type=int, default=1026)
    parser.add_argument("--tokens", type=int, default=3600, help="number of tokens of both sides in a batch")
    parser.add_argument("--lr", type=float, default=6e-4)
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--stage2", action="store_true", help="continue from the files in MODEL")
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    torch.set_num_threads(args.threads)
    rng = np.random.default_rng(args.seed)

    tokenizer = Tokenizer.from_file(args.model + "/tokenizer.json")
    tokenizer.no_padding()
    tokenizer.enable_truncation(MAX_TOKENS)
    with open(args.data + "/train.jsonl", encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    teacher = Teacher(args.data, HIDDEN_SIZE, rng)
    if args.stage2:
        rows += stage2_pairs(rows, args.seed)
    pairs = Pairs(rows, tokenizer, teacher)
    vocab_size = tokenizer.get_vocab_size()
    if args.stage2:
        penalties = token_penalties(pairs, tokenizer)
        network = Network(vocab_size, HIDDEN_SIZE, args.layers, args.positions)
        network.load(args.model)
    else:
        penalties = torch.ones(vocab_size)
        words = static_vectors(pairs, teacher, vocab_size, args.stage0_epochs, rng)
        network = Network(vocab_size, HIDDEN_SIZE, args.layers, args.positions)
        network.start_from(words)
    print(sum(p.numel() for p in network.parameters()) / 1e6, "M parameters", flush=True)
    summary = train(network, pairs, teacher, penalties, args, rng)
    with open(args.data + "/train_summary.json", "w") as file:
        json.dump(summary, file)
    print("done:", summary["steps"], "steps", summary["pairs"], "pairs")


if __name__ == "__main__":
    main()
