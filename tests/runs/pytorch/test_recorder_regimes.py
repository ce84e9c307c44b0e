"""What is recorded of a PyTorch model, against a plain loop that reads the same from autograd, in every regime."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import pytest
import torch
from torch import nn
from training import Plain, data, header_of, made, records_of

from tui_telescope import Recorder

FOUR_DIGITS = {"rel": 6e-4, "abs": 1e-12}


class Tools(NamedTuple):
    """What a regime trains with; the reference brings its own forward pass, and reads after each step."""

    model: Any
    optimizer: Any
    forward: Callable[[Any], Any]
    applied: Callable[..., None]
    log: Callable[..., None]


def loss_of(tools: Tools, x: Any, y: Any) -> Any:
    return (tools.forward(x) - y).square().mean()


def plain(tools: Tools) -> None:
    for x, y in data():
        tools.optimizer.zero_grad()
        loss = loss_of(tools, x, y)
        loss.backward()
        tools.log(loss=loss)
        tools.optimizer.step()
        tools.applied()


def logged_after_the_step(tools: Tools) -> None:
    for x, y in data():
        tools.optimizer.zero_grad()
        loss = loss_of(tools, x, y)
        loss.backward()
        tools.optimizer.step()
        tools.log(loss=loss)
        tools.applied()


def validated_between(tools: Tools) -> None:
    for x, y in data():
        tools.optimizer.zero_grad()
        loss_of(tools, x, y).backward()
        with torch.no_grad():
            tools.model(5 * x)
        tools.optimizer.step()
        tools.applied()


def clipped(tools: Tools) -> None:
    for x, y in data():
        tools.optimizer.zero_grad()
        loss_of(tools, x, y).backward()
        nn.utils.clip_grad_norm_(tools.model.parameters(), 0.01)
        tools.optimizer.step()
        tools.applied()


def by_closure(tools: Tools) -> None:
    for x, y in data():

        def closure(x: Any = x, y: Any = y) -> Any:
            tools.optimizer.zero_grad()
            tools.forward.__self__.outputs = []  # type: ignore[attr-defined]
            loss = loss_of(tools, x, y)
            loss.backward()
            return loss

        tools.optimizer.step(closure)
        tools.applied()


def scaled(tools: Tools) -> None:
    scaler = torch.amp.GradScaler("cpu", init_scale=1024.0)
    for x, y in data():
        tools.optimizer.zero_grad()
        loss = loss_of(tools, x, y)
        scaler.scale(loss).backward()
        tools.log(loss=loss, scaler=scaler)
        scaler.step(tools.optimizer)
        scaler.update()
        tools.applied(1024.0)


def recorded(folder: Any, regime: Callable[[Tools], None], model: Any, optimizer: Any, **options: Any) -> list[Any]:
    recorder = Recorder(model, optimizer, folder, every=1, **options)

    class Ordinary:
        outputs: Any = None

        def forward(self, x: Any) -> Any:
            return model(x)

    regime(Tools(model, optimizer, Ordinary().forward, lambda *_: None, recorder.log))
    recorder.close()
    return records_of(folder)


def referred(regime: Callable[[Tools], None], model: Any, optimizer: Any, order: Any = None) -> list[Any]:
    reference = Plain(model, order)
    regime(Tools(model, optimizer, reference.forward, reference.applied, lambda **_: None))
    return reference.records


def assert_same(records: list[Any], reference: list[Any]) -> None:
    assert len(records) == len(reference) > 0
    for seen, wanted in zip(records, reference, strict=True):
        for name, numbers in wanted.items():
            assert [number is None for number in seen[name]] == [number is None for number in numbers], name
            known = [number for number in numbers if number is not None]
            assert [number for number in seen[name] if number is not None] == pytest.approx(known, **FOUR_DIGITS), name


def sgd(model: Any) -> Any:
    return torch.optim.SGD([each for each in model.parameters() if each.requires_grad], lr=0.1)


OPTIMIZERS: dict[str, Callable[[Any], Any]] = {
    "sgd": sgd,
    "fused": lambda model: torch.optim.AdamW(model.parameters(), fused=True),
    "unfused": lambda model: torch.optim.AdamW(model.parameters(), foreach=True),
    "lbfgs": lambda model: torch.optim.LBFGS(model.parameters(), max_iter=3, line_search_fn="strong_wolfe"),
}


@pytest.mark.parametrize(
    ("regime", "optimizer", "arguments"),
    [
        (plain, "sgd", {}),
        (plain, "fused", {}),
        (plain, "sgd", {"inplace": True}),
        (plain, "sgd", {"checkpoints": True}),
        (plain, "sgd", {"checkpoints": False}),
        (logged_after_the_step, "sgd", {}),
        (validated_between, "sgd", {}),
        (clipped, "unfused", {}),
        (by_closure, "lbfgs", {}),
        (by_closure, "sgd", {"checkpoints": True}),
        (scaled, "fused", {}),
        (scaled, "unfused", {}),
    ],
)
def test_a_regime_reads_as_the_plain_loop_does(tmp_path, regime, optimizer, arguments):
    model, other = made(**arguments), made()
    records = recorded(tmp_path, regime, model, OPTIMIZERS[optimizer](model))
    assert_same(records, referred(regime, other, OPTIMIZERS[optimizer](other)))
    assert [record["step"] for record in records] == [1, 2, 3]
    for mine, plain_one in zip(model.parameters(), other.parameters(), strict=True):
        assert torch.equal(mine, plain_one), "the recorder changes nothing"


def _append_loss(losses: list[float], *, loss: Any, scaler: Any = None) -> None:
    losses.append(loss.item())


def _logged(regime: Callable[[Tools], None], log: Callable[..., None], tools: Tools) -> None:
    regime(tools._replace(log=log))


def test_the_loss_and_the_learning_rate_stand_beside_the_readings_of_their_step(tmp_path):
    for regime in (plain, logged_after_the_step, scaled):
        model = made()
        seen = [record["loss"] for record in recorded(tmp_path / regime.__name__, regime, model, sgd(model))]
        other, wanted = made(), []
        log = partial(_append_loss, wanted)
        referred(partial(_logged, regime, log), other, sgd(other))
        assert seen == pytest.approx(wanted, **FOUR_DIGITS)
    assert {record["learning_rate"] for record in records_of(tmp_path / "plain")} == {0.1}


def test_micro_batches_read_as_the_whole_batch(tmp_path):
    model, other = made(), made()

    def accumulated(tools: Tools) -> None:
        for x, y in data():
            tools.optimizer.zero_grad()
            for part in (slice(0, 3), slice(3, 8)):
                ((tools.forward(x[part]) - y[part]).square().sum() / len(x)).backward()
            tools.optimizer.step()

    assert_same(recorded(tmp_path, accumulated, model, sgd(model)), referred(plain, other, sgd(other)))


def test_a_module_that_runs_twice_is_one_layer_with_both_its_calls(tmp_path):
    class Twice(type(made())):
        def forward(self, x: Any) -> Any:
            for index in (0, 1, 1, 2, 3):
                x = self.blocks[index](x)
            return self.head(x)

    model, other = made(), made()
    model.__class__ = Twice
    records = recorded(tmp_path, plain, model, sgd(model))
    assert_same(records, referred(plain, other, sgd(other), lambda m: [m.blocks[i] for i in (0, 1, 1, 2, 3)]))


def test_frozen_parameters_have_no_gradient_and_their_outputs_one(tmp_path):
    model, other = made(), made()
    for each in (model, other):
        each.blocks[1].requires_grad_(False)
    records = recorded(tmp_path, plain, model, sgd(model))
    assert_same(records, referred(plain, other, sgd(other)))
    assert [number is None for number in records[0]["weight_gradient"]] == [False, True, False, False]
    assert None not in records[0]["gradient"]
    assert [record["not_trained"] for record in records] == [[2]] * 3


def test_a_layer_that_is_frozen_on_the_way_has_no_gradient_though_the_zeros_of_one_are_left(tmp_path):
    model = made()
    optimizer = torch.optim.AdamW(model.parameters())
    recorder = Recorder(model, optimizer, tmp_path, every=1)
    for x, y in data():
        optimizer.zero_grad(set_to_none=False)
        (model(x) - y).square().mean().backward()
        optimizer.step()
        model.blocks[1].requires_grad_(False)
    recorder.close()
    records = records_of(tmp_path)
    assert [record["weight_gradient"][1] is None for record in records] == [False, True, True]
    assert [record.get("not_trained") for record in records] == [None, [2], [2]]
    assert records[1]["update"][1] > 0, "its momentum moves it on"


def test_layers_that_no_optimizer_moves_are_said_not_to_be_trained_and_those_without_parameters_are_not(tmp_path):
    model = made()
    optimizer = torch.optim.SGD(model.head.parameters(), lr=0.1)
    records = recorded(tmp_path, plain, model, optimizer, layers=["blocks.0.0", "blocks.0.1", "head", "spare"])
    assert [layer["name"] for layer in header_of(tmp_path)["layers"]] == ["blocks.0.0", "blocks.0.1", "head", "spare"]
    assert records[0]["not_trained"] == [1, 4]


def test_leaves_stand_in_the_order_in_which_they_ran_and_what_never_ran_is_null_at_the_end(tmp_path):
    model = made(blocks=2)
    (first, *_) = recorded(tmp_path, plain, model, sgd(model), layers="leaves")
    header = header_of(tmp_path)
    assert [layer["name"] for layer in header["layers"]] == ["blocks.0.0", "blocks.1.0", "head", "spare"]
    assert [layer["role"] for layer in header["layers"]] == ["blocks.*.0", "blocks.*.0", "head", "spare"]
    assert (header["layers"][0]["parameters"], header["order"]) == (42, "execution")
    assert [number is None for number in first["gradient"]] == [False, False, False, True]
    assert [number is None for number in first["weight_gradient"]] == [False, False, False, True]


def test_named_layers_are_the_ones_recorded_activations_among_them(tmp_path):
    model = made()
    records = recorded(tmp_path, plain, model, sgd(model), layers=["head", "blocks.2.1"])
    assert [layer["name"] for layer in header_of(tmp_path)["layers"]] == ["blocks.2.1", "head"]
    assert "weight_gradient" in records[0]
    assert records[0]["zero"][0] > 0 == records[0]["zero"][1]


def test_a_skipped_step_is_said_to_be_one_and_spoils_no_other(tmp_path):
    def with_overflow(tools: Tools) -> None:
        scaler = torch.amp.GradScaler("cpu", init_scale=1024.0)
        for step, (x, y) in enumerate(data()):
            tools.optimizer.zero_grad()
            loss = loss_of(tools, x, y) * (float("inf") if step == 1 else 1.0)
            scaler.scale(loss).backward()
            tools.log(loss=loss, scaler=scaler)
            scaler.step(tools.optimizer)
            scaler.update()
            tools.applied(1024.0 if step < 2 else 512.0)

    for name in ("unfused", "fused"):
        model, other = made(), made()
        records = recorded(tmp_path / name, with_overflow, model, OPTIMIZERS[name](model))
        reference = referred(with_overflow, other, OPTIMIZERS[name](other))
        assert [record["skipped"] for record in records] == [False, True, False]
        assert [record["scale"] for record in records] == [1024, 1024, 512]
        assert records[1]["nonfinite"]["gradient"]
        assert_same(records[::2], reference[::2])


def test_several_optimizers_make_one_step_together(tmp_path):
    def split(model: Any) -> list[Any]:
        parts = (model.blocks[:2], nn.ModuleList([*model.blocks[2:], model.head]))
        return [torch.optim.SGD(part.parameters(), lr=0.1) for part in parts]

    class Both:
        def __init__(self, optimizers: list[Any]) -> None:
            self.optimizers = optimizers

        def zero_grad(self) -> None:
            for each in self.optimizers:
                each.zero_grad()

        def step(self) -> None:
            for each in self.optimizers:
                each.step()

    model, other = made(), made()
    optimizers = split(model)
    recorder = Recorder(model, optimizers, tmp_path, every=1)
    plain(Tools(model, Both(optimizers), model.__call__, lambda *_: None, recorder.log))
    recorder.close()
    assert_same(records_of(tmp_path), referred(plain, other, Both(split(other))))


def test_optimizers_that_a_scaler_keeps_from_their_step_skip_one_together(tmp_path):
    model = made()
    parts = (model.blocks[:2], nn.ModuleList([*model.blocks[2:], model.head]))
    optimizers = [torch.optim.SGD(part.parameters(), lr=0.1) for part in parts]
    scaler = torch.amp.GradScaler("cpu", init_scale=1024.0)
    recorder = Recorder(model, optimizers, tmp_path, every=1)
    for factor, (x, y) in zip((float("inf"), 1.0), data(), strict=False):
        model.zero_grad()
        loss = (model(x) - y).square().mean() * factor
        scaler.scale(loss).backward()
        recorder.log(loss=loss, scaler=scaler)
        for each in optimizers:
            scaler.step(each)
        scaler.update()
    recorder.close()
    assert [(record["step"], record["skipped"]) for record in records_of(tmp_path)] == [(1, True), (2, False)]


@pytest.mark.parametrize("is_before", [True, False])
def test_of_a_compiled_model_the_weights_are_read_and_what_is_missing_is_said(tmp_path, caplog, is_before):
    model, other = made(), made()
    graphs = []

    def backend(graph: Any, inputs: Any) -> Any:
        graphs.append(graph)
        return graph.forward

    optimizer = sgd(model)
    torch._dynamo.reset()
    compiled = torch.compile(model, backend=backend) if is_before else model
    recorder = Recorder(compiled, optimizer, tmp_path, every=1)
    compiled = compiled if is_before else torch.compile(model, backend=backend)
    plain(Tools(model, optimizer, compiled, lambda *_: None, recorder.log))
    recorder.close()
    records, reference = records_of(tmp_path), referred(plain, other, sgd(other))
    assert "gradient" not in records[0]
    assert_same(records, [{"weight_gradient": each["weight_gradient"]} for each in reference])
    assert [layer["name"] for layer in header_of(tmp_path)["layers"]] == [f"blocks.{i}" for i in range(4)]
    assert header_of(tmp_path)["order"] == "declaration"
    assert len(graphs) == 1, "its graph is in one piece, and compiled once"
    said = [each.getMessage() for each in caplog.records if each.name == "tui_telescope"]
    assert len(said) == 1
    assert "weights alone are recorded" in said[0]
