"""The targets of the training: pairs, teacher vectors in the model's dimension, and each token's penalty."""
import json
import random

import numpy as np
import torch

LANGUAGES = ("en", "zh", "de", "fr", "es", "ru", "ja")
# The fraction of the teacher's mean vector to subtract, so that unrelated texts score about 0.
CENTRED = 0.92
# The sample for the basis has its own fixed seed, so that stage 2 gets the same basis as stage 1.
BASIS_SEED, BASIS_SAMPLE = 11, 30000


def is_han(character):
    return "\u4e00" <= character <= "\u9fff"


class Teacher:
    """The teacher's vectors, centred, projected to their strongest directions and normalised; [texts, dimension]."""

    def __init__(self, data, dimension, rng):
        vectors = np.load(data + "/teacher.npy").astype(np.float32)
        with open(data + "/teacher_texts.json", encoding="utf-8") as file:
            self.index = {text: i for i, text in enumerate(json.load(file))}
        centred = vectors - CENTRED * vectors.mean(0)
        sample = np.random.default_rng(BASIS_SEED).permutation(len(centred))[:BASIS_SAMPLE]
        _, _, basis = np.linalg.svd((centred - centred.mean(0))[sample], full_matrices=False)
        projected = centred @ basis[:dimension].T
        projected /= np.linalg.norm(projected, axis=1, keepdims=True)
        full = centred / np.linalg.norm(centred, axis=1, keepdims=True)
        i, j = rng.integers(0, len(vectors), (2, 4000))
        before, after = (full[i] * full[j]).sum(1), (projected[i] * projected[j]).sum(1)
        print(f"teacher {vectors.shape}, random pair cos {after.mean():.3f}, the projection keeps "
              f"{np.corrcoef(after, before)[0, 1]:.4f} of the similarity (r)", flush=True)
        self.vectors = torch.tensor(projected)

    def indices(self, texts):
        """Returns each text's row, or -1 if it has none."""
        return np.array([self.index.get(text, -1) for text in texts])


class Pairs:
    """The training pairs as indices of texts, and the texts as token ids."""

    def __init__(self, rows, tokenizer, teacher):
        self.rows = rows
        self.texts = list(dict.fromkeys(text for row in rows for text in (row["q"], row["p"])))
        number = {text: i for i, text in enumerate(self.texts)}
        self.ids = [encoding.ids for start in range(0, len(self.texts), 20000)
                    for encoding in tokenizer.encode_batch(self.texts[start:start + 20000])]
        self.queries = np.array([number[row["q"]] for row in rows])
        self.passages = np.array([number[row["p"]] for row in rows])
        self.query_targets = teacher.indices(row["tq"] for row in rows)
        self.passage_targets = teacher.indices(row["tp"] for row in rows)
        self.lengths = np.array([len(ids) for ids in self.ids])
        print(f"{len(rows)} pairs, {len(self.texts)} texts, mean {self.lengths.mean():.1f} tokens, "
              f"targets q {np.mean(self.query_targets >= 0):.2f} p {np.mean(self.passage_targets >= 0):.2f}", flush=True)

    def targeted_texts(self):
        """Returns the distinct texts that have a teacher vector, and its row."""
        has_query, has_passage = self.query_targets >= 0, self.passage_targets >= 0
        texts = np.concatenate([self.queries[has_query], self.passages[has_passage]])
        targets = np.concatenate([self.query_targets[has_query], self.passage_targets[has_passage]])
        first = np.unique(texts, return_index=True)[1]
        return texts[first], targets[first]


def stage2_pairs(rows, seed):
    """Returns pairs within Chinese (a span of a sentence to the sentence) and 'How to ...' questions to instructions."""
    extra, rnd = [], random.Random(seed)
    for row in rows:
        q, p = row["q"], row["p"]
        if row["ql"] == "zh" and sum(map(is_han, q)) >= 10 and rnd.random() < 0.9:
            length = rnd.randint(4, 10)
            start = rnd.randint(0, max(0, len(q) - length))
            span = q[start:start + length].strip("，。、；：“”‘’（） ")
            if sum(map(is_han, span)) >= 3:
                question = rnd.choice(["{}", "{}", "什么是{}？", "如何{}？", "怎么{}", "{}是什么？"]).format(span)
                extra.append(dict(q=question, p=q, tq=None, tp=row["tp"], kind="zh_span", ql="zh", pl="zh"))
        instruction = row["kind"] in ("mo_par", "lo_par") and row["pl"] == "en" and 3 <= p.count(" ") <= 14
        if instruction and rnd.random() < 0.25:
            question = rnd.choice(["How to {}?", "how do I {}", "How can I {}?", "how to {}"])
            question = question.format(p[0].lower() + p[1:].rstrip("."))
            passage, language = (p, "en") if rnd.random() < 0.6 else (q, row["ql"])
            extra.append(dict(q=question, p=passage, tq=None, tp=row["tp"], kind="howto", ql="en", pl=language))
    print("stage 2 adds", len(extra), "pairs", flush=True)
    return extra


def token_penalties(pairs, tokenizer):
    """Returns each token's L1 coefficient: 1, up to 9.5 for tokens in most texts of a language; punctuation 14."""
    size = tokenizer.get_vocab_size()
    language_of = {}
    for row in pairs.rows:
        language_of.setdefault(row["q"], row["ql"])
        language_of.setdefault(row["p"], row["pl"])
    share = np.zeros(size)
    for language in LANGUAGES:
        chosen = [i for i, text in enumerate(pairs.texts) if language_of[text] == language]
        count = np.bincount(np.concatenate([np.unique(pairs.ids[i]) for i in chosen]), minlength=size)
        share = np.maximum(share, count / len(chosen))
    penalties = 1 + 5 * np.clip(np.log10(np.maximum(share, 1e-9) / 4e-3), 0, 1.7)
    for token in range(4, size - 1):
        piece = tokenizer.id_to_token(token)
        if not any(character.isalnum() for character in piece):
            penalties[token] = 14.0
        elif piece[0] != "\u2581" and all(ord(character) < 0x3040 for character in piece):
            penalties[token] = min(penalties[token], 2.0)  # Inside a word, where it may be part of a name.
    print("most penalised:", [tokenizer.id_to_token(int(token)) for token in np.argsort(-penalties)[:400:5]], flush=True)
    return torch.tensor(penalties, dtype=torch.float32)
