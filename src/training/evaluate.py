#!/usr/bin/env python3
"""Evaluates the saved files on the held-out pairs.

  python evaluate.py --data DATA --model MODEL [--random] [--out RESULTS.json]

The files are loaded again with transformers and torch.load and computed in fp32. Each query is ranked against all candidates
of its set: recall@1 and recall@10 of dense, sparse, colbert and the hybrid 0.4 / 0.2 / 0.4. --random scores an untrained copy
of the network.
"""
import argparse
import json
import random

import numpy as np
import torch
import torch.nn.functional as F
from transformers import AutoConfig, AutoModel, AutoTokenizer

PAD_ID, UNK_ID = 1, 3
SENTENCES = ("mo_par", "lo_par", "hb_par")
TERMS = ("wn_term", "foldoc_term", "jargon_term", "gcide_term", "pkg")
GLOSSES = ("wn_gloss", "foldoc_gloss", "jargon_gloss", "gcide_gloss")
NAMED = "en question -> passage that names the term"
TUTORIAL_QUERIES = ["What is BGE M3?", "Defination of BM25"]
TUTORIAL_PASSAGES = [
    "BGE M3 is an embedding model supporting dense retrieval, lexical matching and multi-vector interaction.",
    "BM25 is a bag-of-words retrieval function that ranks a set of documents based on the query terms appearing in each "
    "document",
]
SHOWN = TUTORIAL_QUERIES + TUTORIAL_PASSAGES + [
    "什么是向量检索？", "The cat sat on the mat, and it was happy.", "如何在文档中插入图片",
    "How to insert an image into the document",
]


class Model:
    """The network and its heads, in fp32."""

    def __init__(self, folder, untrained):
        self.tokenizer = AutoTokenizer.from_pretrained(folder)
        if untrained:
            torch.manual_seed(0)
            network = AutoModel.from_config(AutoConfig.from_pretrained(folder), add_pooling_layer=False)
            size = network.config.hidden_size
            sparse, colbert = torch.nn.Linear(size, 1).state_dict(), torch.nn.Linear(size, size).state_dict()
        else:
            network = AutoModel.from_pretrained(folder, add_pooling_layer=False, dtype=torch.float32)
            sparse, colbert = torch.load(folder + "/sparse_linear.pt"), torch.load(folder + "/colbert_linear.pt")
        self.network = network.float().eval()
        self.sparse, self.colbert = ({k: v.float() for k, v in head.items()} for head in (sparse, colbert))
        self.mask_id = network.config.vocab_size - 1
        self.max_length = network.config.max_position_embeddings - 2

    def token_count(self, text):
        return len(self.tokenizer(text)["input_ids"]) - 2

    @torch.no_grad()
    def encode(self, texts, max_length=512):
        """Returns each text's dense vector, weights by token id, and ColBERT rows."""
        dense, weights, colbert = [None] * len(texts), [None] * len(texts), [None] * len(texts)
        ids = self.tokenizer(texts, truncation=True, max_length=max_length)["input_ids"]
        order = sorted(range(len(texts)), key=lambda i: len(ids[i]))
        for start in range(0, len(order), 32):
            batch = order[start:start + 32]
            length = max(len(ids[i]) for i in batch)
            padded = torch.tensor([ids[i] + [PAD_ID] * (length - len(ids[i])) for i in batch])
            hidden = self.network(padded, attention_mask=(padded != PAD_ID).long()).last_hidden_state
            d = F.normalize(hidden[:, 0], dim=1)
            w = F.relu(F.linear(hidden, self.sparse["weight"], self.sparse["bias"])).squeeze(-1)
            c = F.normalize(F.linear(hidden[:, 1:], self.colbert["weight"], self.colbert["bias"]), dim=-1)
            for row, i in enumerate(batch):
                length = len(ids[i])
                dense[i], colbert[i], weights[i] = d[row], c[row, :length - 1], {}
                for token, weight in zip(ids[i], w[row, :length].tolist()):
                    if token > UNK_ID and token != self.mask_id and weight > 0:
                        weights[i][token] = max(weights[i].get(token, 0.0), weight)
        return torch.stack(dense), weights, colbert


def scores(queries, passages):
    """Returns the score matrices [queries, passages] of the three kinds and the hybrid."""
    (query_dense, query_weights, query_colbert), (dense, weights, colbert) = queries, passages
    d = (query_dense @ dense.T).numpy()
    postings = {}
    for j, by_token in enumerate(weights):
        for token, weight in by_token.items():
            postings.setdefault(token, []).append((j, weight))
    s = np.zeros_like(d)
    for i, by_token in enumerate(query_weights):
        for token, weight in by_token.items():
            for j, other in postings.get(token, ()):
                s[i, j] += weight * other
    length = max(len(rows) for rows in colbert)
    size = colbert[0].shape[1]
    padded = torch.zeros(len(colbert), length, size)
    present = torch.zeros(len(colbert), length, dtype=torch.bool)
    for j, rows in enumerate(colbert):
        padded[j, :len(rows)] = rows
        present[j, :len(rows)] = True
    c = np.zeros_like(d)
    for i, rows in enumerate(query_colbert):
        products = (rows @ padded.view(-1, size).T).view(len(rows), len(colbert), length)
        c[i] = products.masked_fill(~present[None], -1e4).amax(2).mean(0).numpy()
    return dict(dense=d, sparse=s, colbert=c, hybrid=0.4 * d + 0.2 * s + 0.4 * c)


def recall(matrix):
    """Returns recall@1 and @10 of the diagonal; ties count against the query, so that a sparse score of zero is never a hit."""
    right = np.diag(matrix)[:, None]
    rank = (matrix > right).sum(1) + ((matrix == right).sum(1) - 1)
    return [round(float((rank < k).mean()), 3) for k in (1, 10)]


def pick(rows, most, wanted, flip=False):
    """Returns at most so many (queries, passages) of the requested pairs, with no text twice on either side."""
    queries, passages = {}, {}
    for row in rows:
        if wanted(row) and row["q"] not in queries and row["p"] not in passages and len(queries) < most:
            queries[row["q"]] = passages[row["p"]] = None
    return (list(passages), list(queries)) if flip else (list(queries), list(passages))


def make_sets(rows, most):
    def translations(language):
        return lambda row: row["kind"] in SENTENCES and row["ql"] == language

    sets = {
        NAMED: pick(rows, most, lambda row: row["kind"] in TERMS),
        "en question -> definition without the term": pick(rows, most, lambda row: row["kind"] in GLOSSES),
        "en first sentence -> rest of the entry": pick(rows, most, lambda row: row["kind"].endswith("_rest")),
        "en -> zh sentences": pick(rows, most, translations("zh"), flip=True),
        "zh -> en sentences": pick(rows, most, translations("zh")),
        "zh word or question -> en gloss": pick(rows, most, lambda row: row["kind"] == "cedict"),
    }
    for language in ("de", "fr", "es", "ru", "ja"):
        sets[f"en -> {language} sentences"] = pick(rows, most, translations(language), flip=True)
    return sets


def distractors(rows, train_file, most):
    """Returns held-out, then training texts by language, to fill small sets up to the candidates of the others."""
    by_language = {}
    for row in rows:
        by_language.setdefault(row["ql"], []).append(row["q"])
        by_language.setdefault(row["pl"], []).append(row["p"])
    with open(train_file, encoding="utf-8") as file:
        for row in map(json.loads, file):
            texts = by_language.get(row["ql"])
            if texts is not None and len(texts) < 6 * most and row["kind"] in SENTENCES:
                texts.append(row["q"])
    return by_language


def evaluate_sets(model, sets, by_language, most, results):
    for name, (queries, passages) in sets.items():
        language = name.split("-> ")[1][:2] if "sentences" in name else "en"
        own = set(queries) | set(passages)
        others = [text for text in dict.fromkeys(by_language[language]) if text not in own]
        candidates = passages + others[:max(0, most - len(passages))]
        matrices = scores(model.encode(queries), model.encode(candidates))
        recalls = {kind: recall(matrix) for kind, matrix in matrices.items()}
        results[name] = dict(queries=len(queries), candidates=len(candidates), **recalls)
        print(f"{name:45s} n={len(queries)}/{len(candidates)} "
              + "  ".join(f"{kind} {at1:.3f}/{at10:.3f}" for kind, (at1, at10) in recalls.items()), flush=True)


def evaluate_tutorial(model, results):
    """Scores the usual two questions and two passages, and prints token weights."""
    matrices = scores(model.encode(TUTORIAL_QUERIES), model.encode(TUTORIAL_PASSAGES))
    for kind, m in matrices.items():
        wins = bool(min(m[0, 0], m[1, 1]) > max(m[0, 1], m[1, 0]))
        print(kind, np.round(m, 4).tolist(), "diagonal wins:", wins)
        results["pair_" + kind] = np.round(m, 4).tolist()
    dense, weights, _ = model.encode(SHOWN)
    for text, by_token in zip(SHOWN, weights):
        ranked = sorted(by_token.items(), key=lambda item: -item[1])
        print(text[:60], {model.tokenizer.convert_ids_to_tokens(token): round(w, 3) for token, w in ranked})
    print("dense zh/en same meaning", round(float(dense[6] @ dense[7]), 3),
          "other", round(float(dense[6] @ dense[5]), 3), round(float(dense[4] @ dense[7]), 3))


def evaluate_long(model, sets, rows, results):
    """Ranks 100 long documents for 100 questions, with the passage at a random place among other held-out text."""
    queries, passages = sets[NAMED]
    fill = [row["p"] for row in rows if row["kind"] in ("long", "foldoc_rest")]
    for tokens in (250, 500, model.max_length):
        documents, rnd = [], random.Random(tokens)
        for passage in passages[:100]:
            parts, count = [], model.token_count(passage)
            while count < tokens - 60:
                text = rnd.choice(fill)
                parts.append(text)
                count += model.token_count(text)
            parts.insert(rnd.randrange(len(parts) + 1), passage)
            documents.append(" ".join(parts))
        limit = min(model.max_length, tokens + 60)
        matrices = scores(model.encode(queries[:100]), model.encode(documents, max_length=limit))
        results[f"long_{tokens}"] = {kind: recall(matrix) for kind, matrix in matrices.items()}
        print("100 long documents of about", tokens, "tokens:", results[f"long_{tokens}"], flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--random", action="store_true", help="an untrained copy of the network")
    parser.add_argument("--only", default="", help="only the sets whose name contains this, and no long documents")
    parser.add_argument("--n", type=int, default=1000, help="number of queries and candidates per set")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--out", help="a file for the results as JSON")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    model = Model(args.model, args.random)
    with open(args.data + "/heldout.jsonl", encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    random.Random(5).shuffle(rows)

    results = {}
    sets = make_sets(rows, args.n)
    by_language = distractors(rows, args.data + "/train.jsonl", args.n)
    evaluate_sets(model, {name: texts for name, texts in sets.items() if args.only in name}, by_language, args.n, results)
    evaluate_tutorial(model, results)
    if not args.random and not args.only:
        evaluate_long(model, sets, rows, results)
    if args.out:
        with open(args.out, "w", encoding="utf-8") as file:
            json.dump(results, file, indent=1, ensure_ascii=False)


if __name__ == "__main__":
    main()
