"""Checks that our outputs agree with torch's."""

from dataclasses import dataclass, field

import numpy as np

MIN_COSINE = 0.999
# With random weights, long texts have nearly the same vector, so the cosine alone would accept the vector of another
# text. Therefore the distance of our vector from torch's must also be at most this fraction of the distance from
# torch's vector to that of any other text.
MAX_OF_DISTANCE = 0.5
# If all lexical weights are almost zero, rounding errors determine their direction.
MIN_LEXICAL_NORM = 0.05


@dataclass
class Check:
    """The worst agreement with torch in one precision over all texts; NaN if nothing could be compared."""

    peer: str
    texts: int
    dense: float
    # Our error as a fraction of the distance to the nearest other text's vector.
    of_distance: float
    lexical: float
    lexical_texts: int
    colbert: float
    faults: list = field(default_factory=list)


def cosines(actual, expected):
    actual, expected = actual.astype(np.float64), expected.astype(np.float64)
    return (actual * expected).sum(1) / np.linalg.norm(actual, axis=1) / np.linalg.norm(expected, axis=1)


def compare(ours, texts, config, name, peer, heads):
    """Compares each text on its own, so that padding has no influence."""
    dense = ours.rows("check", "dense", config.hidden)
    colbert_dimension = heads["colbert"][0].shape[0]
    colbert = ours.rows("check", "colbert", colbert_dimension)
    expected_dense, lexical, least_colbert, row = [], [], [], 0
    for text, our_weights in zip(texts, ours.lexical("check"), strict=True):
        vector, token_weights, rows = peer.outputs(text, heads)
        expected_dense.append(vector)
        least_colbert.append(cosines(colbert[row:row + len(rows)], rows).min())
        row += len(rows)
        lexical += _lexical_cosine(our_weights, _weights_by_id(text, token_weights))
    expected_dense = np.stack(expected_dense)
    distances = np.linalg.norm(expected_dense[:, None].astype(np.float64) - expected_dense[None], axis=2)
    np.fill_diagonal(distances, np.inf)
    errors = np.linalg.norm(dense.astype(np.float64) - expected_dense, axis=1)
    check = Check(f"torch {name}", len(texts), float(cosines(dense, expected_dense).min()),
                  float((errors / distances.min(1)).max()), float(np.min(lexical)) if lexical else np.nan, len(lexical),
                  float(np.min(least_colbert)))
    # Written so that NaN counts as a fault.
    for what in ("dense", "colbert", "lexical"):
        if not (getattr(check, what) >= MIN_COSINE or what == "lexical" and not lexical):
            check.faults.append(f"{what}: cosine {getattr(check, what)} (expected: at least {MIN_COSINE})")
    if not check.of_distance <= MAX_OF_DISTANCE:
        check.faults.append(f"dense: off by {check.of_distance:.2f} of the distance to the nearest other text "
                            f"(expected: at most {MAX_OF_DISTANCE})")
    return check


def _weights_by_id(text, token_weights):
    """Returns the largest weight of each ordinary token, if positive."""
    weights = {}
    # The ids up to 3 are <s>, padding, </s> and <unk>.
    for token, weight in zip(text, token_weights, strict=True):
        if token > 3 and weight > 0:
            weights[token] = max(weights.get(token, 0), weight)
    return weights


def _lexical_cosine(actual, expected):
    tokens = sorted(actual.keys() | expected.keys())
    pair = np.array([[weights.get(token, 0) for token in tokens] for weights in (actual, expected)]).reshape(2, -1)
    norms = np.linalg.norm(pair, axis=1)
    return [] if norms.max() < MIN_LEXICAL_NORM else [float(pair[0] @ pair[1] / max(norms[0] * norms[1], 1e-30))]
