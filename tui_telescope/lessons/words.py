"""What the words of the tour mean: each is told once, at the step where it is first met."""

from __future__ import annotations

WORDS: dict[str, str] = {
    "1e-18": "1 divided by 10, eighteen times over; 1e+02 is 100.",
    "verdict": "the badge below the chart, and what it says of the typical network.",
    "log axis": "from one grid line to the next it is as many times as much, so that tiny numbers have room.",
    "unit": "the error at the top has the length 1.",
    "probe": "a random error is put in at the top, one number for each unit.",
    "decade": "a factor of ten.",
    "10-90%": "the shaded band: what most samples have, without the highest and the lowest tenth.",
    "saturated": "a unit so far out that its slope is below 1% of the steepest.",
    "float32": "the usual number of a GPU: about 7 digits, so that a change below 1e-07 of it is lost.",
    "frozen": "a layer whose change float32 loses while the loudest layer moves by its own size.",
    "weights": "a layer's own numbers, which learning changes; v shows the gradient with respect to them.",
    "sigma_w": "the standard deviation of the weights times the root of the width.",
    "float16": "numbers of 16 bits: three digits, from 6e-08 to 65504. bfloat16 has two, and float32's range.",
    "skip": "what a residual connection is also called.",
    "accuracy": "the share of samples that the network puts into their class.",
    "pin": "a curve that is kept on the chart to compare others with, as p does.",
}  # fmt: skip
"""By the word as it stands in texts."""
