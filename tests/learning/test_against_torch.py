"""Gradients and whole runs agree with PyTorch's to nine digits in float64."""

from __future__ import annotations

import numpy as np
import pytest
from test_gradients import BLOCKS, learner_of

torch = pytest.importorskip("torch", reason="PyTorch is an oracle that only the extra `torch` installs")

from torch_network import loss_of, parameters_of  # noqa: E402


@pytest.mark.parametrize("chosen", BLOCKS, ids=str)
def test_gradients_agree_with_automatic_differentiation(chosen):
    learner = learner_of(chosen)
    batch = learner.batch(0)
    parameters = parameters_of(learner)
    loss_of(learner.settings, parameters, *batch).backward()
    for name, gradient in learner.gradients(*batch).items():
        expected = parameters[name].grad.numpy()
        error = np.linalg.norm(gradient - expected)
        # a bias that a norm takes out again has a gradient of nothing but rounding
        assert error <= 1e-9 * np.linalg.norm(expected) + 1e-14, name


OPTIMIZERS = {
    "sgd": lambda parameters, rate: torch.optim.SGD(parameters, rate),
    "momentum": lambda parameters, rate: torch.optim.SGD(parameters, rate, momentum=0.9),
    "adam": lambda parameters, rate: torch.optim.Adam(parameters, rate),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("chosen", [{"activation": "tanh"}, {"cell": "lstm"}, {"activation": "relu", "clip": 0.5}])
def test_fifty_steps_agree(name, chosen):
    learner = learner_of({**chosen, "optimizer": name, "learning_rate": 0.01, "depth": 9})
    parameters = parameters_of(learner)
    optimizer = OPTIMIZERS[name](list(parameters.values()), 0.01)
    for k in range(50):
        optimizer.zero_grad()
        loss_of(learner.settings, parameters, *learner.batch(k)).backward()
        if learner.settings.clip_norm:
            _clip(parameters, learner.settings.clip_norm)
        optimizer.step()
        learner.step()
    start = learner_of({**chosen, "depth": 9}).parameters
    for part, array in learner.parameters.items():
        expected = parameters[part].detach().numpy()
        moved = np.linalg.norm(expected - start[part])
        assert moved > 0
        np.testing.assert_allclose(array, expected, rtol=1e-9, atol=1e-9 * moved)


def _clip(parameters: dict, limit: float) -> None:
    """Not PyTorch's own, which adds 1e-6 to the norm."""
    norm = torch.sqrt(sum((each.grad**2).sum() for each in parameters.values()))
    for each in parameters.values():
        each.grad *= min(1.0, limit / float(norm))
