"""Converts a model folder to the peers' files: fp32.onnx, int8.onnx, and torch's fp32 vectors for the checks.

prepare.py MODEL FOLDER
"""

import pathlib
import sys

import numpy as np
import torch
import transformers
from onnxruntime.quantization import QuantType, quantize_dynamic
from transformers import XLMRobertaModel

from workload import BOS, CHECKS, EOS, FIRST_POSITION, read_ids, write_ids

OPSET = 20


class Encoder(torch.nn.Module):
    """The model as transformers computes it, with explicit positions and mask: of all variants tried, the export of
    this one runs fastest in ONNX Runtime. The mask of transformers would add steps to each layer's attention."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, input_ids, attention_mask):
        positions = torch.cumsum(attention_mask, 1) * attention_mask + (FIRST_POSITION - 1)
        embedded = self.model.embeddings(input_ids=input_ids, position_ids=positions,
                                         token_type_ids=torch.zeros_like(input_ids))
        bias = (1 - attention_mask[:, None, None, :].to(embedded.dtype)) * -10000
        return self.model.encoder(embedded, attention_mask=bias).last_hidden_state


def export(model, file):
    ids = torch.full((2, 24), FIRST_POSITION)
    ids[:, 0], ids[:, -1] = BOS, EOS
    batch, sequence = torch.export.Dim("batch"), torch.export.Dim("sequence")
    with torch.inference_mode():
        torch.onnx.export(Encoder(model), (ids, torch.ones_like(ids)), file,
                          input_names=["input_ids", "attention_mask"], output_names=["last_hidden_state"],
                          dynamic_shapes=({0: batch, 1: sequence},) * 2, opset_version=OPSET, dynamo=True,
                          external_data=True, verbose=False)


@torch.inference_mode()
def write_reference(model, folder):
    """Writes torch's vectors, each text encoded on its own, without padding."""
    for name in CHECKS:
        write_ids(folder, name, model.name_or_path)
        rows = [model(input_ids=torch.tensor([ids])).last_hidden_state[0, 0].numpy() for ids in read_ids(folder, name)]
        np.stack(rows).astype("<f4").tofile(folder / f"{name}.reference")


def main():
    source, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    model = XLMRobertaModel.from_pretrained(source, dtype=torch.float32, attn_implementation="eager",
                                            add_pooling_layer=False).eval()
    write_reference(model, folder)
    export(model, folder / "fp32.onnx")
    del model
    quantize_dynamic(folder / "fp32.onnx", folder / "int8.onnx", weight_type=QuantType.QInt8, per_channel=True,
                     use_external_data_format=True)


if __name__ == "__main__":
    main()
