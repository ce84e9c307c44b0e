"""Rounding to a number format: ml_dtypes and numpy's float16 say what is right."""

from __future__ import annotations

import ml_dtypes
import numpy as np
import pytest
from rounded_reference import TYPES, cast

from tui_telescope.engine.formats.rounding import BLOCK, rounded
from tui_telescope.networks import NUMBER_FORMATS

FORMATS = list(NUMBER_FORMATS.values())
formats = pytest.mark.parametrize("number_format", FORMATS, ids=list(NUMBER_FORMATS))


def assert_as_the_oracle(x, number_format):
    """Of float32 values: the same numbers, zeros of the same sign, the same infinities and NaN."""
    values = np.asarray(x, np.float32)
    expected, got = cast(values, number_format.name).astype(np.float64), rounded(values.astype(float), number_format)
    np.testing.assert_array_equal(got, expected)
    signed = ~np.isnan(expected)
    np.testing.assert_array_equal(np.signbit(got[signed]), np.signbit(expected[signed]))


@formats
def test_two_hundred_thousand_numbers_of_every_size_are_rounded_as_ml_dtypes_rounds_them(number_format):
    rng = np.random.default_rng(0)
    exponents = rng.uniform(-155, 130, 200_000)
    with np.errstate(over="ignore"):
        assert_as_the_oracle((rng.standard_normal(200_000) * 2.0**exponents).astype(np.float32), number_format)


@formats
def test_every_number_of_the_format_stays_and_every_tie_between_two_goes_to_the_even_one(number_format):
    if number_format.name == "float32":
        numbers = np.float64(np.float32(1.1)) + np.arange(1000) * 2.0**-23
    else:
        bits = 8 * np.dtype(TYPES[number_format.name]).itemsize
        with np.errstate(invalid="ignore"):
            every = np.arange(2**bits, dtype=f"u{bits // 8}").view(TYPES[number_format.name]).astype(np.float64)
        numbers = np.unique(every[np.isfinite(every)])
    np.testing.assert_array_equal(rounded(numbers, number_format), numbers)
    ties = (numbers[1:] + numbers[:-1]) / 2
    if number_format.name != "float32":  # float32 itself does not hold its own ties
        assert_as_the_oracle(ties, number_format)
    below, above = np.nextafter(ties, -np.inf), np.nextafter(ties, np.inf)
    np.testing.assert_array_equal(rounded(below, number_format), numbers[:-1])
    np.testing.assert_array_equal(rounded(above, number_format), numbers[1:])


@formats
def test_past_the_largest_number_there_is_infinity_and_in_e4m3_nan(number_format):
    info = ml_dtypes.finfo(TYPES[number_format.name])
    assert number_format.largest == float(info.max)
    assert number_format.smallest == float(info.smallest_subnormal)
    half_a_step = number_format.largest * 2.0 ** -(number_format.mantissa_bits + 2)
    beyond = np.array([1.0, -1.0]) * (number_format.largest + 3 * half_a_step)
    got = rounded(beyond, number_format)
    assert np.isnan(got).all() if number_format.name == "float8_e4m3" else (got == beyond * np.inf).all()
    assert_as_the_oracle(
        [np.inf, -np.inf, np.nan, 0.0, -0.0, number_format.largest, -number_format.largest], number_format
    )


def test_a_float32_is_what_numpy_makes_of_a_float64():
    rng = np.random.default_rng(1)
    values = rng.standard_normal(100_000) * 2.0 ** rng.uniform(-155, 120, 100_000)
    with np.errstate(under="ignore"):
        np.testing.assert_array_equal(rounded(values, NUMBER_FORMATS["float32"]), values.astype(np.float32))


def test_a_large_array_is_rounded_as_its_parts_are():
    values = np.random.default_rng(2).standard_normal((3, BLOCK // 2 + 1))
    got = rounded(values, NUMBER_FORMATS["float16"])
    np.testing.assert_array_equal(got, values.astype(np.float16))
