"""The network with its three heads, its initialisation, its files, and its training objective."""
import json

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from transformers import XLMRobertaConfig, XLMRobertaModel

HEAD_SIZE = 64
PAD_ID, UNK_ID = 1, 3
DENSE_TEMPERATURE, SPARSE_TEMPERATURE, COLBERT_TEMPERATURE, ENSEMBLE_TEMPERATURE = 0.03, 0.02, 0.03, 0.06
STORED_SETTINGS = ("vocab_size hidden_size num_hidden_layers num_attention_heads intermediate_size max_position_embeddings "
                   "type_vocab_size hidden_act layer_norm_eps pad_token_id bos_token_id eos_token_id model_type").split()


class Network(nn.Module):
    def __init__(self, vocab_size, hidden_size, layers, positions):
        super().__init__()
        self.config = XLMRobertaConfig(
            vocab_size=vocab_size, hidden_size=hidden_size, num_hidden_layers=layers,
            num_attention_heads=hidden_size // HEAD_SIZE, intermediate_size=4 * hidden_size,
            max_position_embeddings=positions, type_vocab_size=1, hidden_act="gelu", layer_norm_eps=1e-5,
            pad_token_id=PAD_ID, bos_token_id=0, eos_token_id=2,
            hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)
        self.encoder = XLMRobertaModel(self.config, add_pooling_layer=False)
        self.sparse, self.colbert = nn.Linear(hidden_size, 1), nn.Linear(hidden_size, hidden_size)
        self.mask_id = vocab_size - 1

    @torch.no_grad()
    def start_from(self, token_vectors):
        """Sets the word embeddings to token vectors, and layer 0 to 'add the mean of all tokens to each token'."""
        embeddings, identity = self.encoder.embeddings, torch.eye(self.config.hidden_size)
        words = embeddings.word_embeddings.weight
        words.copy_(token_vectors / token_vectors.norm(dim=1).mean())  # Mean norm 1; a longer vector means a more important word.
        words[:UNK_ID + 1] = 0
        words[self.mask_id] = 0
        words[0].normal_(std=0.02)
        words[2].normal_(std=0.02)
        embeddings.position_embeddings.weight.normal_(std=0.004)
        embeddings.position_embeddings.weight[PAD_ID] = 0
        embeddings.token_type_embeddings.weight.zero_()
        for number, layer in enumerate(self.encoder.encoder.layer):
            attention, output = layer.attention.self, layer.attention.output.dense
            attention.value.weight.normal_(std=0.02)
            output.weight.normal_(std=0.02)
            if number == 0:
                attention.value.weight.add_(identity)
                output.weight.add_(identity)
            attention.query.weight.normal_(std=0.03)
            attention.key.weight.normal_(std=0.03)
        nn.init.normal_(self.sparse.weight, std=0.01)
        self.sparse.bias.fill_(0.12)
        self.colbert.weight.copy_(identity + 0.01 * torch.randn_like(identity))
        self.colbert.bias.zero_()

    def heads(self):
        return (("sparse_linear", self.sparse), ("colbert_linear", self.colbert))

    def load(self, folder):
        stored = load_file(folder + "/model.safetensors")
        self.encoder.load_state_dict({name: tensor.float() for name, tensor in stored.items()}, strict=False)
        for name, head in self.heads():
            stored = torch.load(f"{folder}/{name}.pt")
            head.load_state_dict({key: tensor.float() for key, tensor in stored.items()})

    def save(self, folder):
        """Writes the files in fp16, in the layout of BAAI/bge-m3."""
        def halves(module):
            return {name: tensor.detach().to(torch.float16).clone().contiguous()
                    for name, tensor in module.state_dict().items() if "position_ids" not in name}

        save_file(halves(self.encoder), folder + "/model.safetensors", metadata={"format": "pt"})
        for name, head in self.heads():
            torch.save(halves(head), f"{folder}/{name}.pt")
        settings = self.config.to_dict()
        settings = {name: settings[name] for name in STORED_SETTINGS}
        settings.update(architectures=["XLMRobertaModel"], attention_probs_dropout_prob=0.1, hidden_dropout_prob=0.1,
                        initializer_range=0.02, output_past=True, position_embedding_type="absolute",
                        torch_dtype="float16", use_cache=True)
        with open(folder + "/config.json", "w") as file:
            json.dump(dict(sorted(settings.items())), file, indent=2)

    def forward(self, ids, gap=0):
        """Returns the outputs for padded ids; gap moves the positions of all tokens but the first."""
        mask = (ids != PAD_ID).long()
        positions = torch.cumsum(mask, 1) * mask + PAD_ID
        if gap:
            positions[:, 1:] += gap * mask[:, 1:]
        with torch.autocast("cpu", torch.bfloat16):
            hidden = self.encoder(ids, attention_mask=mask, position_ids=positions).last_hidden_state
            colbert = self.colbert(hidden[:, 1:])
        hidden = hidden.float()
        weighted = ((ids > UNK_ID) & (ids != self.mask_id)).float()
        return Outputs(ids, F.normalize(hidden[:, 0], dim=1), F.relu(self.sparse(hidden).squeeze(-1)) * weighted,
                       F.normalize(colbert.float(), dim=-1) * mask[:, 1:, None], mask[:, 1:].float())


class Outputs:
    """The outputs of a batch: ids and weights [B, L], dense [B, C], colbert [B, L - 1, C] (0 where padded) and its mask."""

    def __init__(self, ids, dense, weights, colbert, mask):
        self.ids, self.dense, self.weights, self.colbert, self.mask = ids, dense, weights, colbert, mask


def lexical(query_weights, query_ids, weights, ids):
    """Returns the lexical matching score of every query and passage, with the largest weight of each token id."""
    tokens, place = torch.unique(torch.cat([query_ids.flatten(), ids.flatten()]), return_inverse=True)
    count = query_ids.numel()

    def by_token(values, places):
        rows = torch.zeros(len(values), len(tokens))
        return rows.scatter_reduce(1, places.view(len(values), -1), values, "amax")

    return by_token(query_weights, place[:count]) @ by_token(weights, place[count:]).T


def maxsim(query, passage):
    """Returns the ColBERT score of every query and passage."""
    (queries, query_length, size), (passages, length, _) = query.colbert.shape, passage.colbert.shape
    products = query.colbert.reshape(-1, size) @ passage.colbert.reshape(-1, size).T
    products = products.view(queries, query_length, passages, length)
    best = products.masked_fill((passage.mask == 0)[None, None], -1.0).amax(3)
    return (best * query.mask[..., None]).sum(1) / query.mask.sum(1)[:, None]


def contrast(scores, counted=None):
    """Returns InfoNCE over the batch in both directions; counted: the rows that count."""
    right = torch.arange(len(scores))
    loss = F.cross_entropy(scores, right, reduction="none") + F.cross_entropy(scores.T, right, reduction="none")
    return loss.mean() / 2 if counted is None else (loss * counted).sum() / (2 * counted.sum().clamp(min=1))


def same_text(queries, passages):
    """Returns which other columns have the same text, and so are no negatives."""
    same = (passages[:, None] == passages[None]) | (queries[:, None] == queries[None])
    np.fill_diagonal(same, False)
    return torch.tensor(same)


def distillation(parts, teacher):
    """Returns the losses of the cosines to the teacher's vectors and of the similarities.

    parts are (dense, rows of the teacher, -1 for none).
    """
    found = [(dense[rows >= 0], teacher[rows[rows >= 0]]) for dense, rows in parts if (rows >= 0).any()]
    student, target = torch.cat([s for s, _ in found]), torch.cat([t for _, t in found])
    return (1 - (student * target).sum(1)).mean(), ((student @ student.T - target @ target.T) ** 2).mean()


def objective(query, passage, same, targets, teacher, penalties, revive):
    """Returns the loss of a batch and its parts to print.

    revive: count every pair that shares a token for the sparse head, even if all its weights have become 0.
    """
    dense = (query.dense @ passage.dense.T).masked_fill(same, -1)
    sparse = lexical(query.weights, query.ids, passage.weights, passage.ids).masked_fill(same, 0)
    colbert = maxsim(query, passage).masked_fill(same, -1)
    to_vectors, to_similarities = distillation(zip((query.dense, passage.dense), targets), teacher)
    if revive:
        present = lexical((query.ids > UNK_ID).float(), query.ids, (passage.ids > UNK_ID).float(), passage.ids)
        shared = (present.diagonal() > 0).float()
    else:
        shared = (sparse.diagonal() > 1e-4).float()
    logits = dense / DENSE_TEMPERATURE, sparse / SPARSE_TEMPERATURE, colbert / COLBERT_TEMPERATURE
    contrasts = contrast(logits[0]), contrast(logits[1], shared), contrast(logits[2])
    with torch.no_grad():  # Self-distillation to the ensemble, as in M3 (Chen et al. 2024, section 3.3).
        ensemble = F.softmax((dense + 0.3 * sparse.clamp(max=2) + colbert) / ENSEMBLE_TEMPERATURE, 1)
    to_dense, to_sparse, to_colbert = (
        F.kl_div(F.log_softmax(scores, 1), ensemble, reduction="none").sum(1) for scores in logits)
    own = to_dense.mean() + to_colbert.mean() + 0.3 * (to_sparse * shared).sum() / shared.sum().clamp(min=1)
    sides = (query, passage)
    tokens = sum((side.ids > UNK_ID).sum() for side in sides)
    l1 = sum((side.weights * penalties[side.ids]).sum() for side in sides) / tokens
    over = sum((side.weights.clamp(min=0.4) - 0.4).pow(2).sum() for side in sides) / tokens
    loss = (4.0 * to_vectors + 8.0 * to_similarities + 0.5 * contrasts[0] + 0.35 * contrasts[1] + 0.5 * contrasts[2]
            + 0.15 * own + 0.6 * l1 + 20.0 * over)
    with torch.no_grad():
        right = torch.arange(len(dense))
        hits = [(scores.argmax(1) == right).float() for scores in (dense, sparse, colbert)]
        shown = dict(loss=loss, cos=1 - to_vectors, dense=contrasts[0], sparse=contrasts[1], colbert=contrasts[2], own=own,
                     l1=l1, most=passage.weights.max(), shared=shared.mean(), hit_dense=hits[0].mean(),
                     hit_colbert=hits[2].mean(), hit_sparse=(hits[1] * shared).sum() / shared.sum().clamp(min=1),
                     mean_dense=dense.mean())
    return loss, {name: value.item() for name, value in shown.items()}
