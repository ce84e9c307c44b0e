"""By default the recorder reads the blocks of a transformer, as they come, and their gradients over all tokens."""

from __future__ import annotations

import json

import pytest
import torch
from torch import nn

from tui_telescope import Recorder


class Decoder(nn.Module):
    """PyTorch's own blocks between an embedding and a head, which is declared first."""

    def __init__(self, *, norm_first: bool) -> None:
        super().__init__()
        self.head = nn.Linear(8, 5)
        self.embedding = nn.Embedding(5, 8)
        block = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, batch_first=True, norm_first=norm_first)
        self.encoder = nn.TransformerEncoder(block, 4, norm=nn.LayerNorm(8), enable_nested_tensor=False)

    def forward(self, tokens):
        mask = nn.Transformer.generate_square_subsequent_mask(tokens.shape[1])
        return self.head(self.encoder(self.embedding(tokens), mask=mask, is_causal=True))


@pytest.mark.parametrize("norm_first", [True, False])
def test_the_layers_are_its_blocks_and_their_gradients_those_of_their_outputs(tmp_path, norm_first):
    torch.manual_seed(0)
    model = Decoder(norm_first=norm_first)
    kept = []

    def keep(module, given, output):
        output.retain_grad()
        kept.append(output)

    for block in model.encoder.layers:
        block.register_forward_hook(keep)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    recorder = Recorder(model, optimizer, tmp_path / "run", every=1)
    tokens = torch.randint(5, (3, 6))
    nn.functional.cross_entropy(model(tokens).flatten(0, 1), tokens.flatten()).backward()
    optimizer.step()
    recorder.close()
    header, record = map(json.loads, (tmp_path / "run/telescope/rank-00000.jsonl").read_text().splitlines()[:2])
    assert [layer["name"] for layer in header["layers"]] == [f"encoder.layers.{number}" for number in range(4)]
    assert record["gradient"] == pytest.approx([output.grad.norm().item() for output in kept], rel=1e-3)
