"""Generates the texts to measure, as token ids that all engines read."""

import json
import math
import pathlib
import random

SEED = 20_240_205
BOS, PAD, EOS = 0, 1, 2
FIRST_ORDINARY_ID = 5
# Positions start after that of the padding.
FIRST_POSITION = PAD + 1
SHAPES = ["8x128", "1x16", "4x512", "1x2048", "mixed", "1x8192"]
QUICK_SHAPES = ["8x128", "1x16"]
# Like natural passages: many short ones, few long ones.
MIXED_TEXTS, MIXED_MEAN, MIXED_SIGMA, MIXED_LONGEST = 256, 90, 0.7, 512
# Texts to compare before anything is timed: some need no padding, some do.
CHECKS = {"check-8x128": [128] * 8, "check-padded": [5, 17, 40, 64]}


def lengths_of(shape):
    """Returns the lengths of a shape's texts, <s> and </s> included, the shortest first."""
    if shape in CHECKS:
        return CHECKS[shape]
    if shape == "mixed":
        rng = random.Random(SEED)
        mu = math.log(MIXED_MEAN) - MIXED_SIGMA**2 / 2
        return sorted(min(MIXED_LONGEST, max(3, round(rng.lognormvariate(mu, MIXED_SIGMA))))
                      for _ in range(MIXED_TEXTS))
    batch, _, tokens = shape.partition("x")
    if not (batch.isdecimal() and tokens.isdecimal() and int(batch) > 0 and int(tokens) > 2):
        raise ValueError(f"shape: {shape} (expected: mixed or BATCHxTOKENS, such as 8x128)")
    return [int(tokens)] * int(batch)


def longest_text(model):
    """Returns the maximum number of tokens of the model."""
    config = json.loads((pathlib.Path(model) / "config.json").read_text())
    return config["max_position_embeddings"] - FIRST_POSITION


def write_ids(folder, shape, model):
    """Writes random ids to SHAPE.ids, one text per line."""
    vocab = json.loads((pathlib.Path(model) / "config.json").read_text())["vocab_size"]
    rng = random.Random(f"{SEED} {shape}")
    lines = "".join(" ".join(map(str, (BOS, *(rng.randrange(FIRST_ORDINARY_ID, vocab - 1) for _ in range(length - 2)),
                                       EOS))) + "\n" for length in lengths_of(shape))
    (pathlib.Path(folder) / f"{shape}.ids").write_text(lines)


def read_ids(folder, shape):
    return [list(map(int, line.split())) for line in (pathlib.Path(folder) / f"{shape}.ids").read_text().splitlines()]
