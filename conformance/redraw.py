"""Other inputs like those of a sample: other sizes, drawn by the sample's own maker, with everything kept that the
sample's arrays have in common.

Nothing here knows what a case computes. Which dimensions belong together is asked of the reference: a dimension that
it lets grow and shrink by itself is free, and those that it lets only together are one. What a maker takes care of,
such as rows that sum to one, sorted or distinct numbers, definite matrices, is seen in its arrays: what is true of
several draws (`FACTS`) must be true of the redrawn arrays, or they are not taken.
"""

import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from conformance.case import Array, Case, Sample
from conformance.formats import rounded, widened
from conformance.score import as_outputs

Arrays = tuple[Array, ...]
Slot = tuple[int, int]
"""An input and one of its axes."""
Fact = tuple[str, tuple[int, ...]]

REFUSALS = Exception
"""Whatever a reference raises for inputs that it was not written for: NumPy raises some ten kinds of error."""
SEEN = 8
"""So many draws of a sample must have a fact in common."""
PIECES = 256
"""An array that takes more draws than this to fill is not worth it."""
TOGETHER, TRIED = 4, 40
"""Of the axes of one size, so many at most are tried together before all are, in so many choices."""


def _matrices(a: Array) -> Array | None:
    """Square matrices in double precision, which LAPACK takes; None where there are none."""
    if a.ndim < 2 or a.shape[-1] != a.shape[-2] or not a.size or a.shape[-1] < 2 or a.dtype.kind not in "fc":
        return None
    return a.astype(np.complex128 if a.dtype.kind == "c" else np.float64) if np.all(np.isfinite(a)) else None


def _matrix(holds: Callable[[Array], Any]) -> Callable[[Array], bool | None]:
    def predicate(a: Array) -> bool | None:
        m = _matrices(a)
        return None if m is None else bool(np.all(holds(m)))

    return predicate


def _numbers(holds: Callable[[Array], Any]) -> Callable[[Array], bool | None]:
    return lambda a: bool(np.all(holds(a))) if a.size and a.dtype.kind == "f" else None


def _symmetric(m: Array) -> bool:
    return np.array_equal(m, np.conj(np.swapaxes(m, -1, -2)))


def _distinct(a: Array) -> bool | None:
    return len(np.unique(a)) == a.size if a.size > 1 and a.dtype.kind != "b" else None


def _chosen(a: Array, axis: int) -> Any:
    """Of indices along an axis, no two alike; what is negative stands for none."""
    ranked = np.sort(a, axis=axis) if a.dtype.kind in "iu" else np.zeros(a.shape)
    return (np.diff(ranked, axis=axis) != 0) | (np.take(ranked, range(1, a.shape[axis]), axis) < 0)


def _along(holds: Callable[[Array, int], Any]) -> Callable[..., bool | None]:
    return lambda a, axis: bool(np.all(holds(a, axis))) if a.ndim > axis and a.shape[axis] > 1 and a.size else None


def _ordered(a: Array, i: int, j: int) -> bool | None:
    """Of a few columns one is always above another: corners of boxes."""
    if a.ndim < 2 or not max(i, j) < a.shape[-1] <= 4 or not a.size or a.dtype.kind == "c":
        return None
    return bool(np.all(a[..., i] < a[..., j]))


FACTS: dict[str, Callable[..., bool | None]] = {
    "finite": lambda a: bool(np.all(np.isfinite(a))) if a.size and a.dtype.kind in "fc" else None,
    "not negative": _numbers(lambda a: a >= 0),
    "not zero": _numbers(lambda a: a != 0),
    "at most 1": _numbers(lambda a: np.abs(a) <= 1),
    "at least 1": _numbers(lambda a: np.abs(a) >= 1),
    "whole": _numbers(lambda a: a == np.rint(a)),
    "distinct": _distinct,
    "symmetric": _matrix(_symmetric),
    "definite": _matrix(lambda m: _symmetric(m) and np.linalg.eigvalsh(m) > 0),
    "lower": _matrix(lambda m: np.triu(m, 1) == 0),
    "upper": _matrix(lambda m: np.tril(m, -1) == 0),
    "well conditioned": _matrix(lambda m: np.linalg.cond(m) < 100),
    "regular": _matrix(lambda m: np.linalg.cond(m) < 1e4),
    "orthogonal": _matrix(lambda m: np.abs(m @ np.conj(np.swapaxes(m, -1, -2)) - np.eye(m.shape[-1])) < 1e-6),
    "ascending": _along(lambda a, axis: a.dtype.kind != "c" and np.diff(a.astype(float), axis=axis) >= 0),
    "descending": _along(lambda a, axis: a.dtype.kind != "c" and np.diff(a.astype(float), axis=axis) <= 0),
    "sum to one": _along(lambda a, axis: np.abs(np.sum(a, axis=axis, dtype=complex) - 1) < 1e-6),
    "of length one": _along(lambda a, axis: np.abs(np.sum(np.abs(a.astype(complex)) ** 2, axis=axis) - 1) < 1e-6),
    "none empty": _along(lambda a, axis: a.dtype.kind in "biu" and np.any(a, axis=axis)),
    "chosen": _along(_chosen),
    "ordered": _ordered,
}  # fmt: skip
"""What may be true of an array; None where it says nothing, as that one number is sorted."""


def _asked(a: Array) -> Iterator[Fact]:
    for name in FACTS:
        if name in ("ascending", "descending", "sum to one", "of length one", "none empty", "chosen"):
            yield from ((name, (axis,)) for axis in range(a.ndim))
        elif name == "ordered":
            yield from ((name, pair) for pair in itertools.permutations(range(min(a.shape[-1] if a.ndim else 0, 4)), 2))
        else:
            yield name, ()


def facts(arrays: Iterable[Array]) -> frozenset[Fact]:
    """What is true of several draws of one array, and says something of each."""
    drawn = list(arrays)
    with np.errstate(all="ignore"):
        return frozenset((n, p) for n, p in _asked(drawn[0]) if all(FACTS[n](a, *p) is True for a in drawn))


def keeps(known: Iterable[Fact], a: Array) -> bool:
    """Whether no fact is contradicted."""
    with np.errstate(all="ignore"):
        return all(FACTS[name](a, *parameters) is not False for name, parameters in known)


@dataclass(frozen=True)
class Dimension:
    """Axes of inputs that change together: each has the size times its factor."""

    size: int
    slots: tuple[tuple[Slot, int], ...]


class Family:
    """A sample, and inputs like its own."""

    def __init__(self, case: Case, sample: Sample) -> None:
        self.case, self.sample = case, sample
        self._drawn: dict[int, Arrays] = {}

    def made(self, seed: int) -> Arrays:
        """The sample's own arrays."""
        if seed not in self._drawn:
            if len(self._drawn) > PIECES:
                self._drawn.clear()
            self._drawn[seed] = tuple(np.asarray(a) for a in self.sample.make(np.random.default_rng(seed)))
        return self._drawn[seed]

    @cached_property
    def facts(self) -> tuple[frozenset[Fact], ...]:
        """What is true of each input, whatever the seed."""
        return tuple(facts(draws) for draws in zip(*(self.made(seed) for seed in range(SEEN)), strict=True))

    @cached_property
    def square(self) -> frozenset[int]:
        """Inputs that are square matrices in every sample of the case, one of more than one element."""
        shapes = [[np.shape(a) for a in s.make(np.random.default_rng(0))] for s in self.case.samples if not s.raises]
        columns = {i: {own[i][-2:] for own in shapes if len(own) > i} for i in range(len(self.made(0)))}
        return frozenset(
            i for i, ends in columns.items() if all(len(e) == 2 and e[0] == e[1] for e in ends) and ends != {(1, 1)}
        )

    @cached_property
    def fixed(self) -> bool:
        """Whether the maker takes nothing from its generator: numbers that were written down."""
        return all(
            np.array_equal(a, b, equal_nan=a.dtype.kind in "fc")
            for a, b in zip(self.made(0), self.made(1), strict=True)
        )

    def resized(self, sizes: Mapping[Slot, int], seed: int) -> Arrays | None:
        """The sample's arrays, cut off where they are too long and continued by further draws where they are too short;
        None where they lose what they had in common, or cannot be continued."""
        found = []
        for i, a in enumerate(self.made(seed)):
            if i in self.square and sizes.get((i, a.ndim - 1), a.shape[-1]) != sizes.get((i, a.ndim - 2), a.shape[-2]):
                return None
            shape = tuple(sizes.get((i, axis), n) for axis, n in enumerate(a.shape))
            blocks = [-(-m // n) if n else 0 for m, n in zip(shape, a.shape, strict=True)]
            if any(m and not n for m, n in zip(shape, a.shape, strict=True)) or math.prod(blocks) > PIECES:
                return None
            new = np.empty(shape, a.dtype)
            for k, block in enumerate(np.ndindex(*blocks)):
                piece = self.made(seed if not k else 1000 + seed * PIECES + k)[i]
                if piece.shape != a.shape:
                    return None
                where = tuple(slice(b * n, (b + 1) * n) for b, n in zip(block, a.shape, strict=True))
                new[where] = piece[tuple(slice(0, n) for n in new[where].shape)]
            below = self._in_range(new, sizes, seed) if a.dtype.kind in "iu" else new
            if below is not new and a.ndim > 1 and not np.array_equal(below, new):
                return None  # rows of indices, of which two might have become the same
            found.append(below)
        return tuple(found) if all(map(keeps, self.facts, found)) else None

    def _in_range(self, indices: Array, sizes: Mapping[Slot, int], seed: int) -> Array:
        """Integers that were below a size that shrank stay below it: they may be indices, labels or lengths."""
        top = max((int(a.max()) for a in self.made(seed) if a.dtype.kind in "iu" and a.size), default=0)
        for (i, axis), m in sizes.items():
            n = self.made(seed)[i].shape[axis]
            if top <= n and m < n:
                indices = np.minimum(indices, max(m - 1 if top < n else m, 0)).astype(indices.dtype)
        return indices

    def takes(self, arrays: Arrays | None, options: Mapping[str, Any] | None = None) -> bool:
        """Whether the reference has an answer, of as many results of as many axes as the sample's own, and none of them
        NaN where the sample has none."""
        if arrays is None:
            return False
        form = self._form(arrays, self.sample.options if options is None else options)
        own = self._own
        if form is None or own is None:
            return False
        return [n for n, _ in form] == [n for n, _ in own] and (
            any(nan for _, nan in own) or not any(nan for _, nan in form)
        )

    @cached_property
    def _own(self) -> list[tuple[str, bool]] | None:
        return self._form(self.made(0), self.sample.options)

    def _form(self, arrays: Arrays, options: Mapping[str, Any]) -> list[tuple[str, bool]] | None:
        """Names of the results, and whether they hold NaN. None where the reference refuses."""
        case = self.case
        exactly = {"nudge": lambda a: a} if case.computation.nudge_steps else {}
        inputs = widened(rounded(arrays, case.dtypes[0]), np.float64)
        try:
            if case.defined is not None and not case.defined(*inputs, **options):
                return None
            with np.errstate(all="ignore"):
                results = as_outputs(case.reference(*inputs, **exactly, **options))
        except REFUSALS:
            return None
        return [(name, bool(v.dtype.kind in "fc" and np.any(np.isnan(v)))) for name, v in results.items()]

    @cached_property
    def dimensions(self) -> tuple[Dimension, ...]:
        """The sizes that may change, each with what must change with it."""
        arrays = self.made(0)
        slots = [((i, axis), n) for i, a in enumerate(arrays) for axis, n in enumerate(a.shape) if n]
        found = []
        for slot, n in slots:
            if self._moves(alone := Dimension(n, ((slot, 1),))):
                found.append(alone)
        free = {slot for d in found for slot, _ in d.slots}
        rest = [(slot, n) for slot, n in slots if slot not in free]
        for n in sorted({n for _, n in rest}):
            same = [slot for slot, m in rest if m == n]
            choices = itertools.chain.from_iterable(itertools.combinations(same, k) for k in range(2, TOGETHER + 1))
            for chosen in itertools.islice(choices, TRIED):
                tied = Dimension(n, tuple((slot, 1) for slot in chosen))
                if all(slot in same for slot in chosen) and self._moves(tied):
                    found.append(tied)
                    same = [slot for slot in same if slot not in chosen]
            multiples = tuple((slot, m // n) for slot, m in rest if m % n == 0 and (m != n or slot in same))
            for slots_ in (tuple((slot, 1) for slot in same), multiples):
                if len(slots_) > 1 and self._moves(whole := Dimension(n, slots_)):
                    found.append(whole)
                    break
            taken = {slot for d in found for slot, _ in d.slots}
            rest = [(slot, m) for slot, m in rest if slot not in taken]
        return tuple(sorted(found, key=lambda d: d.slots))

    def _moves(self, d: Dimension) -> bool:
        """Whether the reference lets it become larger and smaller; or smaller alone where there is no more of it, as of
        what is sorted. One that becomes 1 may be broadcast, which proves nothing."""

        def resized(n: int) -> Arrays | None:
            return self.resized(sizes_of({d: n}), 0)

        more, n = resized(d.size + 1), d.size
        tried = (n - 1, 2) if more is None and n > 3 else (n + 1, n - 1 if n > 1 else n + 2)
        return all(self.takes(resized(m)) for m in tried)


def sizes_of(chosen: Mapping[Dimension, int]) -> dict[Slot, int]:
    """The size of each axis."""
    return {slot: n * factor for d, n in chosen.items() for slot, factor in d.slots}
