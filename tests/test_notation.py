"""How numbers known by their log10 are written."""

from __future__ import annotations

import math
import re
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui_telescope.notation import decade, decimal_literal, percent_done, scientific


@settings(deadline=None)
@given(st.floats(-300, 300), st.integers(1, 6))
def test_what_is_written_is_the_nearest_number_of_that_many_digits(log10, digits):
    written = decimal_literal(log10, digits)
    assert re.fullmatch(r"[1-9](\.\d+)?e[+-]\d{2,}", written)
    assert len(written.split("e")[0].replace(".", "")) == digits
    unit_in_the_last_place = Decimal(10) ** (int(written.split("e")[1]) - digits + 1)
    assert abs(Decimal(written) - Decimal(10) ** Decimal(log10)) <= unit_in_the_last_place * Decimal("0.50001")


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("2.512e-18", "2.51e-18"),
        ("83.94", "8.39e+01"),
        ("1", "1.00e+00"),
        ("1.3e-4567", "1.30e-4567"),
        ("1e9999", "1.00e+9999"),
    ],
)
def test_small_and_huge_numbers_keep_their_digits(value, written):
    assert scientific(float(Decimal(value).log10())) == written


@pytest.mark.parametrize(("value", "written"), [(9.996, "1.00e+01"), (0.9999, "1.00e+00"), (9.994, "9.99e+00")])
def test_a_mantissa_that_rounds_up_to_ten_becomes_the_next_decade(value, written):
    assert scientific(math.log10(value)) == written


@pytest.mark.parametrize(
    ("log10", "written"), [(-1.776e299, "10^-1.8e+299"), (2.5e12, "10^2.5e+12"), (-9e11 - 0.5, "3.16e-900000000001")]
)
def test_where_float64_has_lost_the_mantissa_none_is_made_up(log10, written):
    assert scientific(log10) == written


@pytest.mark.parametrize(
    ("share", "written"), [(0.0, "0%"), (0.07, "7%"), (0.29, "29%"), (0.349, "34%"), (0.9951, "99%"), (1.0, "99%")]
)
def test_work_that_goes_on_is_never_done(share, written):
    assert percent_done(share) == f"{written} done"


def test_an_exact_zero_is_written_as_0():
    assert scientific(-math.inf) == "0"


@pytest.mark.parametrize(("log10", "written"), [(-18, "1e-18"), (0, "1e+00"), (5, "1e+05"), (-4567, "1e-4567")])
def test_a_decade_is_named_by_its_exponent(log10, written):
    assert decade(log10) == written
