"""Words of the field by which the palette is asked for what has another name here."""

from __future__ import annotations

from collections.abc import Mapping

SYNONYMS: Mapping[str, tuple[str, ...]] = {
    "amp": ("loss scale", "half precision"),
    "attention": ("transformer",),
    "backpropagation": ("gradient per layer",),
    "batchnorm": ("batch norm",),
    "bert": ("post-norm",),
    "bptt": ("time:",),
    "criticality": ("critical",),
    "degradation": ("56",),
    "eigenvalues": ("singular values",),
    "derivative": ("slope",),
    "dynamical": ("isometry", "singular values"),
    "export": ("save the readings",),
    "fixup": ("rezero",),
    "fp16": ("float16",),
    "fp8": ("float8",),
    "glorot": ("xavier", "setting: init"),
    "heatmap": ("over scale and depth",),
    "highway": ("skip connections", "lstm"),
    "initialization": ("initialisation", "setting: init", "xavier and he", "he and relu"),
    "isometry": ("singular values",),
    "kaiming": ("xavier and he", "he and relu", "setting: init"),
    "layernorm": ("pre-norm", "post-norm", "setting: norm"),
    "mixed": ("loss scale", "master copy", "half precision"),
    "overflow": ("float16", "loss scale"),
    "quantization": ("setting: precision", "float8"),
    "rmsnorm": ("pre-norm", "setting: norm"),
    "saturation": ("saturated",),
    "scaling": ("loss scale", "loss-scale"),
    "sigma_w": ("setting: scale",),
    "softmax": ("transformer",),
    "swish": ("silu",),
    "underflow": ("float16", "loss scale"),
    "vanish": ("fades",),
    "warmup": ("post-norm", "learning rate"),
}
"""For each, words that its entries hold; written without hyphens."""

LEAST_TYPED = 3
"""Characters of such a word that find it."""


def synonyms(word: str) -> list[str]:
    """What else a word may mean, or a word that begins so."""
    typed = word.replace("-", "")
    if len(typed) < LEAST_TYPED:
        return []
    return [meant for name, phrases in SYNONYMS.items() if name.startswith(typed) for meant in phrases]
