"""Generates the texts to measure, as token ids that both sides read."""

import json
import math
import pathlib
import random
from dataclasses import dataclass

SEED = 20_240_205
BOS, PAD, EOS = 0, 1, 2
FIRST_ORDINARY_ID = 5
# Like natural passages: many short ones, few long ones.
MIXED_MEAN, MIXED_SIGMA, MIXED_LONGEST = 90, 0.7, 512
# Lengths around the edges of tiles of 16, 32, 64 and 128 tokens; the longest occurs twice, so that it is also computed
# beside a text of the same length.
CHECKED_LENGTHS = [2, 3, 4, 15, 16, 17, 31, 33, 63, 64, 65, 100, 127, 128, 129, 200, 255, 257, 511, 512, 512, 513]
CHECKED_LONG_LENGTHS = [1000, 1024, 1025, 2049, 4100, 8191, 8192, 8192]


@dataclass(frozen=True)
class Config:
    """The sizes of a model that determine its operations and its ids."""

    hidden: int
    layers: int
    intermediate: int
    vocab: int
    max_length: int

    @staticmethod
    def read(folder):
        file = json.loads((pathlib.Path(folder) / "config.json").read_text())
        # Positions start after that of the padding.
        return Config(file["hidden_size"], file["num_hidden_layers"], file["intermediate_size"], file["vocab_size"],
                      file["max_position_embeddings"] - PAD - 1)

    def operations(self, lengths):
        """Returns the encoder's floating-point operations: its products, and the two products of attention."""
        products = 2 * (4 * self.hidden**2 + 2 * self.hidden * self.intermediate)
        return self.layers * sum(length * (products + 4 * length * self.hidden) for length in lengths)


def lengths_by_shape(quick, small, max_length):
    """Returns the lengths of each shape's texts, <s> and </s> included; `check` comes first and is not timed."""
    rng = random.Random(SEED)
    checked = CHECKED_LENGTHS + ([] if small else CHECKED_LONG_LENGTHS)
    mixed_texts = 64 if small else 2048
    mu = math.log(MIXED_MEAN) - MIXED_SIGMA**2 / 2
    mixed = [min(MIXED_LONGEST, max(3, round(rng.lognormvariate(mu, MIXED_SIGMA)))) for _ in range(mixed_texts)]
    shapes = {"check": checked, "1x16": [16]}
    if not quick:
        shapes |= {"1x512": [512], "32x128": [128] * 32}
    shapes["4x512" if small else "64x512"] = [512] * (4 if small else 64)
    if not (quick or small):
        shapes |= {"8x2048": [2048] * 8, "2x8192": [8192] * 2}
    shapes["mixed"] = mixed
    return {name: [length for length in lengths if length <= max_length] for name, lengths in shapes.items()}


def write_ids(folder, shapes, vocab):
    """Writes random ids to NAME.ids, one text per line, and returns them."""
    rng = random.Random(SEED + 1)
    texts = {}
    for name, lengths in shapes.items():
        texts[name] = [[BOS, *(rng.randrange(FIRST_ORDINARY_ID, vocab) for _ in range(length - 2)), EOS]
                       for length in lengths]
        lines = "".join(" ".join(map(str, text)) + "\n" for text in texts[name])
        (folder / f"{name}.ids").write_text(lines)
    return texts
