"""The extended range against rational numbers, which neither overflow nor underflow nor round."""

from __future__ import annotations

import operator
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui_telescope.engine.arithmetic.extended_range import (
    ExtendedRange,
    exponential,
    outer,
)

UNITS, SAMPLES = 3, 2
mantissas = st.just(0.0) | st.floats(0.5, 1.0) | st.floats(-1.0, -0.5)
exponents = st.integers(-5000, 5000)


@st.composite
def extended_ranges(draw):
    """Arrays in either mode, zeros among them."""
    rows = draw(st.sampled_from([1, UNITS]))
    mantissa = draw(st.lists(mantissas, min_size=UNITS * SAMPLES, max_size=UNITS * SAMPLES))
    exponent = draw(st.lists(exponents, min_size=rows * SAMPLES, max_size=rows * SAMPLES))
    return ExtendedRange(
        np.array(mantissa).reshape(UNITS, SAMPLES), np.array(exponent, dtype=float).reshape(rows, SAMPLES)
    ).normalized()


def fractions(x: ExtendedRange) -> np.ndarray:
    exponent = np.broadcast_to(x.exponent, x.mantissa.shape)
    return np.array(
        [
            [Fraction(float(m)) * Fraction(2) ** int(e) if m else Fraction(0) for m, e in zip(*row, strict=True)]
            for row in zip(x.mantissa, exponent, strict=True)
        ]
    )


def assert_close(seen: ExtendedRange, exact: np.ndarray, sizes: np.ndarray, *, per_unit: bool) -> None:
    """To float64's precision beside what is summed, or the largest of all units where they shared an exponent."""
    if not per_unit:
        sizes = np.broadcast_to(sizes.max(axis=0, keepdims=True), exact.shape)
    for one, other, size in zip(fractions(seen).flat, exact.flat, sizes.flat, strict=True):
        assert abs(one - other) <= Fraction(2) ** -50 * size


@settings(max_examples=100)
@given(extended_ranges(), extended_ranges(), st.sampled_from([operator.add, operator.sub, operator.mul]))
def test_the_operators_are_those_of_rational_numbers(x, y, operate):
    a, b = fractions(x), fractions(y)
    sizes = abs(a * b) if operate is operator.mul else abs(a) + abs(b)
    assert_close(operate(x, y), operate(a, b), sizes, per_unit=x.is_per_unit and y.is_per_unit)


@settings(max_examples=50)
@given(extended_ranges(), st.sampled_from([0, 1]))
def test_sums_and_the_change_of_mode_keep_what_the_largest_shows(x, axis):
    exact = fractions(x)
    sums, sizes = (each.sum(axis=axis, keepdims=True) for each in (exact, abs(exact)))
    assert_close(x.sum(axis), sums, sizes, per_unit=x.is_per_unit)
    assert_close(x.per_unit(), exact, abs(exact), per_unit=True)
    assert_close(x.per_sample(), exact, abs(exact), per_unit=False)


@pytest.mark.parametrize("per_unit", [False, True], ids=["one exponent a sample", "one a unit"])
def test_zeros_decide_no_exponent_and_stay_zero(per_unit):
    zero = ExtendedRange.of(np.zeros((2, 1)), per_unit=per_unit)
    tiny = ExtendedRange(np.full((2, 1), 0.75), np.full((1, 1), -1e300))
    with np.errstate(all="raise", under="ignore"):
        assert (zero + tiny).log2_norm() == pytest.approx(-1e300)
        total = zero + zero - zero * zero * tiny
        assert np.isneginf(total.log2_norm()).all()
        assert np.isneginf(total.reciprocal().log2_norm()).all()
        assert not total.values().any()


def test_an_exponential_below_float64_keeps_the_digits_of_the_largest_unit():
    """exp(-5000) beside a zero, whose tail of 0 must not stand in its way."""
    log2_e = float(np.log2(np.e))
    for per_unit in (False, True):
        seen = exponential(np.array([[0.0], [2.0]]), np.array([[0.0], [-5000.0]]), per_unit=per_unit)
        assert seen.log2_norm()[0] == pytest.approx(1 - 5000 * log2_e, rel=1e-14)


def test_outer_products_add_samples_far_apart():
    x, y = (
        ExtendedRange(np.array(values), np.array([[4000.0, 3990.0]]))
        for values in ([[0.5, 0.75], [1.0, -0.5]], [[0.5, 0.5], [-0.75, 1.0]])
    )
    exact = fractions(x).dot(fractions(y).T) / Fraction(2) ** 8000
    norm = np.log2(np.linalg.norm(exact.astype(float))) + 8000
    assert x.log2_outer_norm(y) == pytest.approx(norm, rel=1e-15)
    assert outer(x, y).log2_norm() == pytest.approx(
        np.log2(np.linalg.norm(exact.astype(float), axis=0)) + 8000, rel=1e-15
    )
