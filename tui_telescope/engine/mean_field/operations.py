"""What a layer of infinite width is made of: each operation takes a few numbers forward, and a few backward.

Forward, a vector is known by a `Point`. Backward, the gradient by it is written as

    delta = tilt * x + mean + rest,      x the vector's units, standardised; rest of mean 0 and independent of x,

and known by `Moments`. Of products W h the units are normal. Because W^T u, for a gradient u by z = W h + b, is
h (z.u) / ||h||^2 plus what a fresh W would give, Stein's lemma leaves of it a part along h, sigma_w^2 E[x u] / sqrt(q)
times h, and noise of variance sigma_w^2 E[u^2]. The first vanishes where u knows nothing of z, and leaves the textbook
s' = chi_1 s with chi_1 = sigma_w^2 E[phi'^2] (Schoenholz et al. 2017, equation 5 and the recursion of q tilde). But
the squared error's gradient is a_L - t, and a residual connection takes a_L's share of it down; where activations have
a mean, it grows faster than the rest. That part, and what a norm leaves of it, is no paper's: it is derived here.

An operation's forward is told scalars, layer by layer, and remembers scalars; its pull may be given them of many
layers at once, as arrays.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np

from tui_telescope.engine.mean_field.quadrature import Averages, averages, averages_in_batch
from tui_telescope.networks import NormKind


class Point(NamedTuple):
    """The units of a vector in the limit of infinite width: derived from Poole et al. (2016), section 2, and the mean
    besides."""

    log_power: float
    """Natural logarithm of the second moment."""
    mean: float
    """Over the root of the second moment, as the next two over the second moment."""
    spread: float
    """The variance over units."""
    differing: float
    """The variance over samples; less than `spread` where samples have something in common beside the mean."""
    unsteady: float = 2.0
    """B times the relative variance, over units, of the variance over B samples: 2 for normal units."""
    known: float = 0.0
    """How much of it a batch norm further down has made the same for every unit."""
    steep: float = 1.0
    """How much larger the square of phi' is where units lie far out: E[phi'^2 x^2] / E[phi'^2]."""

    @property
    def value(self) -> float:
        """The mean itself."""
        if self.mean == 0:
            return 0.0
        return math.copysign(math.exp(math.log(abs(self.mean)) + self.log_power / 2), self.mean)

    @property
    def log_spread(self) -> float:
        return self.log_power + (math.log(self.spread) if self.spread else -math.inf)


class Moments(NamedTuple):
    """Averages over units of a gradient g: derived in the module's docstring."""

    tilt: Any
    """E[x g]."""
    mean: Any
    power: Any
    """E[g^2]."""
    shared: Any
    """E[g g'] for the g and g' of two samples."""
    stray: Any
    """n times the variance of the mean of x g that chance gives, where g is noise alone."""

    @property
    def rest(self) -> Any:
        """The second moment of what is neither along x nor a mean."""
        return self.power - self.tilt**2 - self.mean**2

    @property
    def shared_rest(self) -> Any:
        """What samples share of that; x is taken to be independent from sample to sample."""
        return self.shared - self.mean**2

    def times(self, factor: Any) -> Moments:
        square = factor * factor
        return Moments(
            factor * self.tilt, factor * self.mean, square * self.power, square * self.shared, square * self.stray
        )


class Operation(Protocol):
    """A piece of a layer: Poole et al. (2016), section 2, forward; derived here backward."""

    def forward(self, point: Point) -> tuple[Point, tuple[float, ...]]:
        """The point after it, and what `pull` will need."""

    def pull(self, gradient: Moments, memory: Any) -> Moments:
        """The gradient by what it was given, from the one by what it gave."""


class LinearMemory(NamedTuple):
    """Derived from Poole et al. (2016), equation 3."""

    gain: float
    """sqrt(q / m): of z's deviation over the root of h's second moment."""
    share: float
    """How much of q comes by the weights."""
    mean: float
    deviation: float
    """h's, over the root of its second moment, as the mean."""


@dataclass(frozen=True)
class Linear:
    """W h + b: Poole et al. (2016), equation 1."""

    variance_w: float
    """sigma_w^2 = fan-in times Var(W)."""
    variance_b: float = 0.0
    mean_b: float = 0.0
    ratio: float = 1.0
    """Fan-out over fan-in."""
    orthogonal: bool = False
    """Whether W / sigma_w preserves lengths."""

    def forward(self, point: Point) -> tuple[Point, LinearMemory]:
        """q = sigma_w^2 m + sigma_b^2: Poole et al. (2016), equation 3, where m is the integral."""
        by_weights = math.log(self.variance_w) + point.log_power
        log_q = _log_sum(by_weights, math.log(self.variance_b) if self.variance_b else -math.inf)
        share = math.exp(by_weights - log_q)
        memory = LinearMemory(
            math.exp(min((log_q - point.log_power) / 2, _FAR)),
            share,
            point.mean,
            math.sqrt(point.spread),
        )
        if self.mean_b == 0:
            return Point(log_q, 0.0, 1.0, share * point.differing), memory
        log_mean = 2 * math.log(abs(self.mean_b))
        log_power = _log_sum(log_q, log_mean)
        mean, spread = math.exp((log_mean - log_power) / 2), max(math.exp(log_q - log_power), _LEAST)
        return Point(log_power, math.copysign(mean, self.mean_b), spread, spread * share * point.differing), memory

    def pull(self, gradient: Moments, memory: LinearMemory) -> Moments:
        """Derived in the module's docstring; orthogonal weights turn the part along h, and no more of it."""
        noisy = self.variance_w * self.ratio
        along = noisy * gradient.tilt / memory.gain
        twice = memory.share * gradient.tilt**2 if self.orthogonal else 0.0
        noise = noisy * (gradient.power - twice)
        chance = memory.share * gradient.stray + (1 - memory.share) * gradient.power
        shared = (along * memory.mean) ** 2 + noisy * gradient.shared
        return Moments(along * memory.deviation, along * memory.mean, along**2 + noise, shared, noisy * chance)


@dataclass(frozen=True)
class Respond:
    """phi of normal units: Poole et al. (2016), equation 3."""

    activation: str
    batch: int = 0
    """How many samples a batch norm has just taken; 0 where there was none."""

    def forward(self, point: Point) -> tuple[Point, Averages]:
        """The second moment of phi(z): Poole et al. (2016), equation 3.

        What two samples have in common follows, derived here, from the correlation r of their z: by phi's Hermite
        series, of which the first term is kept, E[phi']^2 r, and the others go as r^2.
        """
        mean = point.value
        log_q = point.log_spread
        here = averages(self.activation, log_q, mean)
        if self.batch:
            here = averages_in_batch(self.activation, log_q, self.batch)
        power, spread = here.power, here.spread
        if power < _LEAST:
            return Point(log_q + math.log(_LEAST), 0.0, 1.0, 1.0), here
        correlation = 1 - point.differing / point.spread if point.spread else 0.0
        linear = min(here.g**2, spread)
        common = correlation * linear + correlation**2 * (spread - linear)
        about_mean = here.ggff - 2 * here.f * here.ggf + here.f**2 * here.gg
        unsteady, steep = 2.0, 1.0
        if spread > 0 and here.gg > 0:
            unsteady, steep = here.fourth / spread**2 - 1, about_mean / (spread * here.gg)
        value = max(min(here.value / math.sqrt(power), 1.0), -1.0)
        differing = (spread - common) / power
        return Point(log_q + math.log(power), value, spread / power, differing, unsteady, 0.0, steep), here

    def pull(self, gradient: Moments, memory: Averages) -> Moments:
        """u = phi'(z) g, where g is along f, or a mean, or noise that knows nothing of z: derived term by term."""
        here = memory
        spread = np.maximum(here.ff - here.f**2, 0.0)
        along = np.divide(gradient.tilt, np.sqrt(spread), out=np.zeros(np.shape(spread)), where=spread > 0)
        level = gradient.mean - along * here.f
        independent = gradient.rest + level**2
        power = here.gg * independent + 2 * level * along * here.ggf + along**2 * here.ggff
        mean = level * here.g + along * here.gf
        shared = mean**2 + here.g**2 * gradient.shared_rest
        return Moments(level * here.xg + along * here.xgf, mean, power, shared, gradient.power * here.xxgg)


class NormMemory(NamedTuple):
    """Derived from Ba, Kiros and Hinton (2016), equation 4."""

    shrink: float
    """1 / sqrt(variance + eps)."""
    kept: float
    """How much of a gradient along the normed vector gets through: eps / (variance + eps)."""
    mean: float
    deviation: float
    """The vector's, over the root of its second moment, as the mean."""
    inverse: float
    along: float
    """What a batch of few samples does to the square of a gradient beside one of many, see `Normalise`."""


@dataclass(frozen=True)
class Normalise:
    """A norm over infinitely many units, or over a batch: Ioffe and Szegedy (2015); Ba, Kiros and Hinton (2016)."""

    kind: NormKind
    eps: float
    samples: int

    @property
    def batch(self) -> int:
        """How many samples a batch norm takes; 0 for other norms. No theory in it."""
        return self.samples if self.kind.takes_shares_out else 0

    def forward(self, point: Point) -> tuple[Point, NormMemory]:
        """Derived from the norms' definitions.

        Of B samples a batch norm leaves B numbers without a common part: they differ by a variance of B / (B - 1).
        """
        taken = self._share_of_variance(point)
        log_variance = point.log_power + (math.log(taken) if taken else -math.inf)
        log_whole = _log_sum(log_variance, math.log(self.eps))
        kept = math.exp(math.log(self.eps) - log_whole)
        shrink, deviation = math.exp(-log_whole / 2), math.sqrt(point.spread)
        memory = NormMemory(shrink, kept, point.mean, deviation, *self._of_batch(point, kept))
        log_power = max(log_variance - log_whole, -_FAR)
        if self.batch:
            return Point(log_power, 0.0, 1.0, self.batch / (self.batch - 1), 0.0, 1.0), memory
        if self.kind.centred:
            differing = point.differing / taken if taken else 0.0
            return point._replace(log_power=log_power, mean=0.0, spread=1.0, differing=differing), memory
        return point._replace(log_power=log_power), memory

    def _share_of_variance(self, point: Point) -> float:
        """Of a vector's second moment, what the norm divides by; B samples differ from their mean by less than from one
        another."""
        if self.batch:
            return point.differing * (self.batch - 1) / self.batch
        return point.spread if self.kind.centred else 1.0

    def _of_batch(self, point: Point, kept: float) -> tuple[float, float]:
        """What few samples make of the mean of 1 / (v + eps), and how much of a gradient lies along x.

        v is the variance of one unit over B samples, of mean V. Derived here: Var(v) is `unsteady` / B of V^2, and
        units whose slope is steep where they lie far out have both a larger v and more of their gradient along x. For
        linear layers and an eps of 0 the mean is (B - 1) / (B - 3) / V and the part along x 1 / (B - 1), which is
        exact. (Yang et al. 2019 solve batch norm before ReLU without this approximation.)
        """
        if not self.batch:
            return 1.0, 0.0
        lost = 1 - kept
        varies = lost * (lost * point.unsteady + 1 - point.steep) / (self.batch - 3)
        along = (1 - kept**2) * (point.steep - point.known) / (self.batch - 1)
        inverse = (self.batch - 1) / self.batch * max(1 + varies, 1 - _MOST_OF_BATCH)
        return inverse, min(along, _MOST_OF_BATCH)

    def pull(self, gradient: Moments, memory: NormMemory) -> Moments:
        """What is along the normed vector is taken out, and what all units have in common: derived from the pullback of
        Ba, Kiros and Hinton (2016), equation 4."""
        lost = 1 - memory.kept
        if self.batch:
            far_out = np.divide(
                gradient.stray, gradient.power, out=np.ones_like(gradient.power), where=gradient.power > 0
            )
            left = memory.inverse * (1 - np.minimum(memory.along * far_out, _MOST_OF_BATCH))
            power = (gradient.rest - gradient.shared_rest) * left + (memory.kept * gradient.tilt) ** 2
            tilt, mean, shared = memory.kept * gradient.tilt, 0.0 * gradient.mean, -power / (self.batch - 1)
        elif self.kind.centred:
            tilt, mean = memory.kept * gradient.tilt, 0.0 * gradient.mean
            power, shared = gradient.rest + tilt**2, gradient.shared_rest
        else:
            along = memory.deviation * gradient.tilt + memory.mean * gradient.mean
            tilt = gradient.tilt - memory.deviation * lost * along
            mean = gradient.mean - memory.mean * lost * along
            power = gradient.power - (1 - memory.kept**2) * along**2
            shared = mean**2 + gradient.shared_rest
        return Moments(tilt, mean, power, shared, memory.kept**2 * gradient.stray).times(memory.shrink)


class JoinMemory(NamedTuple):
    """Derived from Yang and Schoenholz (2017), section 3."""

    skip: float
    factor: float
    """What the branch is multiplied with."""
    below: float
    branch: float
    """How much of the sum's standardised units is that of what the skip connection brings, and of the branch."""
    to_branch: float
    from_branch: float
    """What a batch norm of the sum of few samples does to the branch's share of noise alone, see `Normalise`."""


@dataclass(frozen=True)
class Join:
    """skip * a + factor * F(a), whose terms are independent of one another, unit by unit: Yang and Schoenholz 2017."""

    skip: float
    """0 without a residual connection."""
    batch: int = 0
    """How many samples a batch norm of the sum takes; 0 where there is none."""

    def forward(self, below: Point, branch: Point, factor: float) -> tuple[Point, JoinMemory]:
        """Derived from the independence of the two."""
        parts = (below, branch)
        logs = [
            2 * math.log(times) + part.log_power if times else -math.inf
            for times, part in zip((self.skip, factor), parts, strict=True)
        ]
        unit = max(logs)
        a, y = (math.exp((each - unit) / 2) for each in logs)
        mean = a * below.mean + y * branch.mean
        spread = a * a * below.spread + y * y * branch.spread
        power = mean * mean + spread
        differing = (a * a * below.differing + y * y * branch.differing) / power
        a_part, y_part = (
            part * part * point.differing / (differing * power) if differing else 0.0
            for part, point in ((a, below), (y, branch))
        )
        unsteady = a_part**2 * below.unsteady + y_part**2 * branch.unsteady + 4 * a_part * y_part
        known, steep = a_part * below.known, 1 + y_part * (branch.steep - 1)
        to_branch = from_branch = 1.0
        if self.batch:
            correction = (steep - 1) * (1 / (self.batch - 3) + 1 / (self.batch - 1))
            to_branch = 1 - min(correction, _MOST_OF_BATCH)
            from_branch, steep = 1 - known / (self.batch - 1), 1.0
        shares = [
            part * math.sqrt(point.spread / spread) if spread else 0.0
            for part, point in zip((a, y), parts, strict=True)
        ]
        sizes = unit + math.log(power), mean / math.sqrt(power), spread / power
        point = Point(*sizes, differing, unsteady, known, steep)
        return point, JoinMemory(self.skip, factor, shares[0], shares[1], to_branch, from_branch)

    def to_branch(self, gradient: Moments, memory: JoinMemory) -> Moments:
        """The gradient by F(a): derived from the chain rule."""
        tilt, few = gradient.tilt * memory.branch, memory.to_branch
        return Moments(tilt, gradient.mean, few * gradient.power, few * gradient.shared, few * gradient.stray).times(
            memory.factor
        )

    def pull(self, gradient: Moments, memory: JoinMemory, by_branch: Moments) -> Moments:
        """The gradient by a, from the ones by the sum and by a through the branch: derived from their independence."""
        tilt, mean = memory.skip * memory.below * gradient.tilt, memory.skip * gradient.mean
        both = 2 * (tilt * by_branch.tilt + mean * by_branch.mean)
        few = memory.from_branch
        power = memory.skip**2 * gradient.power + few * by_branch.power + both
        shared = memory.skip**2 * gradient.shared + few * by_branch.shared + 2 * mean * by_branch.mean
        return Moments(tilt + by_branch.tilt, mean + by_branch.mean, power, shared, by_branch.stray)


_LEAST = 1e-200
"""A second moment of phi below this is taken for this: nothing that could be told from zero is left of the signal."""
_MOST_OF_BATCH = 0.9
"""A correction for the few samples of a batch is a small one, and never larger than this."""
_FAR = 600.0
"""Natural logarithms of what is still told from zero."""


def _log_sum(x: float, y: float) -> float:
    """ln(exp(x) + exp(y))."""
    larger, smaller = max(x, y), min(x, y)
    return larger if smaller == -math.inf else larger + math.log1p(math.exp(smaller - larger))
