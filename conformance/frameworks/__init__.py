"""The frameworks under test, one adapter each: arrays in and out, gradients, graph modes, devices, seeds.

Nothing is imported until a check needs it, and then always in the order of `FRAMEWORKS`: two frameworks in one process
share OpenMP and BLAS libraries, and a fixed order is a fixed one to reproduce.
"""

import importlib
import importlib.metadata
import importlib.util
import os
import re
import traceback
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, Protocol

import numpy as np

from conformance.case import COLUMNS, FRAMEWORKS, Case, Route

Array = np.ndarray
Function = Callable[..., Any]
"""A route, bound to its module and options: framework tensors in, tensor (or tuple or dict of them) out."""

Call = tuple[Function, Sequence[Array], Sequence[Array]]
"""A function, its inputs, and the cotangents of its floating results."""

Answer = tuple[Any, tuple[Array | None, ...]]
"""A result, and a gradient for each floating input that is not held; None where there is no dependence."""

MODES = {
    "eager": "operation by operation, every framework",
    "function": "tf.function",
    "shapeless": "tf.function, traced for shapes that it does not know",
    "xla": "tf.function(jit_compile=True)",
    "graph": "a TF1 graph in a tf.compat.v1 Session",
    "compile": "torch.compile with the aot_eager backend",
    "dynamic": "torch.compile with the aot_eager backend, for any shape",
    "inductor": "torch.compile with the inductor backend (seconds for each function)",
    "jit": "jax.jit",
}
BACKENDS = ("torch", "jax")
"""Backends of Keras, of which a process has one, beside TensorFlow, which has its own column."""
BACKEND = os.environ.get("KERAS_BACKEND", "")
"""The one that this process was told to use."""
MODES_OF = {
    "torch": ("eager", "compile", "dynamic", "inductor"),
    "tensorflow": ("eager", "function", "shapeless", "xla", "graph"),
    "jax": ("jit", "eager"),
    "keras": ("jit", "eager") if BACKEND == "jax" else ("eager",),
}
"""Of each framework, that which takes most checks first: in JAX jit, since JAX compiles in eager mode too, and there
each operation, shape and dtype by itself, which takes tens of milliseconds."""
DEFAULT_MODES = ("eager", "function", "jit")
DEVICES = ("cpu", "gpu")

KERNELS = {
    "torch": ("cpu_capability", "onednn", "capability"),
    "tensorflow": ("onednn", "instructions", "capability"),
    "jax": ("capability",),
    "keras": ("capability",),
}
"""Facts that `Framework.kernels` gives: `cpu_capability` as torch names it (DEFAULT, AVX2, AVX512, ...), `onednn` off,
or on in TensorFlow, and in torch the instructions that it uses (AVX2, AVX512); `instructions` for which XLA compiles:
AVX512, or less; `capability` of the first GPU, 8.0 for example, or none."""
CPU_KERNELS = ("cpu_capability", "onednn", "instructions")
"""Those that say nothing of a GPU."""

DISTRIBUTIONS = {
    "torch": ("torch",),
    "tensorflow": ("tensorflow", "tensorflow-cpu", "tensorflow-intel", "tensorflow-macos", "tf-nightly"),
    "jax": ("jax",),
    "keras": ("keras",),
}
_OLDEST = {"torch": (2, 4), "tensorflow": (2, 16), "jax": (0, 7), "keras": (3, 12)}


class Unusable(Exception):
    """A framework is installed but cannot be tested; the message is one sentence."""


class Framework(Protocol):
    """What the checks ask of a framework. Arrays are NumPy arrays (bfloat16 by ml_dtypes); integer arrays pass too."""

    name: str
    module: Any
    """What routes receive as their first argument."""

    def bind(
        self, route: Route, options: Mapping[str, Any], inputs: Sequence[Array], *, device: str = "cpu"
    ) -> Function:
        """The route as a function of tensors alone; ``inputs`` give the shapes and dtypes that a layer is built for, on
        the device that it will be called on."""

    def devices(self) -> tuple[str, ...]:
        """``("cpu",)`` or ``("cpu", "gpu")``."""

    def value(self, f: Function, inputs: Sequence[Array], *, mode: str = "eager", device: str = "cpu") -> Any:
        """``f(*inputs)``, in inference: nothing is recorded for differentiation. Arrays in the structure of ``f``."""

    def vjp(
        self,
        f: Function,
        inputs: Sequence[Array],
        cotangents: Sequence[Array],
        *,
        mode: str = "eager",
        device: str = "cpu",
        held: Sequence[int] = (),
    ) -> tuple[Any, tuple[Array | None, ...]]:
        """``f(*inputs)`` and the gradient of ``sum(cotangent * f(inputs))``, over all floating results, for each
        floating input but those at the positions ``held`` (None where the framework says that there is no
        dependence)."""

    def vjps(
        self, calls: Sequence[Call], *, mode: str = "eager", device: str = "cpu", held: Sequence[int] = ()
    ) -> list[Answer | Exception]:
        """`vjp` of each call, or what it raised; no gradients for a call without cotangents. A mode whose cost is
        tracing traces them as one graph. Raises what cannot be told to be of one call."""

    def jvp(
        self,
        f: Function,
        inputs: Sequence[Array],
        tangents: Sequence[Array],
        *,
        device: str = "cpu",
        held: Sequence[int] = (),
    ) -> tuple[Array, ...]:
        """The derivative of each floating result of ``f`` along ``tangents`` (one for each floating input that is not
        held), by forward mode."""

    def hvp(
        self,
        f: Function,
        inputs: Sequence[Array],
        cotangents: Sequence[Array],
        tangents: Sequence[Array],
        *,
        forward: bool,
        device: str = "cpu",
        held: Sequence[int] = (),
    ) -> tuple[Array | None, ...]:
        """The Hessian of ``sum(cotangent * f(inputs))`` times ``tangents``: the gradient of the gradient, or the
        derivative of the gradient by forward mode."""

    def array(self, result: Any) -> Any:
        """NumPy arrays in the structure of a result of the framework."""

    def timer(
        self,
        f: Function,
        inputs: Sequence[Array],
        cotangents: Sequence[Array] | None,
        *,
        mode: str = "eager",
        device: str = "cpu",
        held: Sequence[int] = (),
    ) -> Callable[[], tuple[Any, Sequence[Any]]]:
        """A function that evaluates ``f`` once, with its gradients if cotangents are given, and returns both as they
        are; inputs are converted beforehand. It need not wait for the device: `clock` does."""

    def program(
        self,
        build: Callable[..., Any],
        arrays: Sequence[Array],
        options: Mapping[str, Any],
        *,
        mode: str = "eager",
        device: str = "cpu",
    ) -> tuple[Callable[[], Any], Callable[[], Any]]:
        """``build(module, compiled, mode, *tensors, **options)``, where ``compiled(f)`` is ``f`` in the mode, and eager
        modes of a framework's own (foreach, fused) are left to ``build``. It returns a function that takes one step and
        returns the loss or nothing, and one that returns what is to be seen then, by name."""

    def clock(self, device: str) -> Callable[[], float]:
        """A function that returns seconds from some point on, once all that was asked of the device is done."""

    def seed(self, seed: int) -> None:
        """Seed every generator of the framework."""

    def deterministic(self) -> None:
        """Ask for deterministic kernels from now on."""

    def version(self) -> str: ...

    def build(self) -> dict[str, Any]:
        """Build and runtime settings that can change results, as plain JSON values."""

    def kernels(self, dtype: str) -> Mapping[str, str]:
        """What decides by which kernels this machine computes a dtype: the facts of `KERNELS`."""

    def capability(self) -> tuple[int, int]:
        """The compute capability of the first GPU; (0, 0) where there is none."""

    def memory(self) -> int:
        """Bytes of the first GPU that are in use, not counting what the framework keeps in store."""


@cache
def installed(framework: str) -> str | None:
    """The version of an installed framework, without importing it; None if it is not installed."""
    if importlib.util.find_spec(framework) is None:
        return None
    return next(filter(None, map(packaged, DISTRIBUTIONS[framework])), "unknown")


def packaged(distribution: str) -> str | None:
    """The version of an installed package; None if it is not installed."""
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None


def chosen() -> tuple[str, ...]:
    """The frameworks that a run covers unless it says which: torch and TensorFlow, one of which may be absent and is
    then skipped by name, and JAX where it is installed. Keras on another backend only if it is asked for."""
    return tuple(f for f in COLUMNS if f in ("torch", "tensorflow") or installed(f))


def unfit(frameworks: Sequence[str]) -> str | None:
    """A sentence if Keras was asked for, and cannot be had beside the others or on this backend, else None."""
    if "keras" not in frameworks:
        return None
    if "tensorflow" in frameworks:
        return "a process has one backend of Keras: tensorflow and keras are two runs"
    if BACKEND not in BACKENDS:
        return f"KERAS_BACKEND must name a backend, {' or '.join(BACKENDS)}, and is {BACKEND or 'not set'}"
    return None


def kernel_facts(framework: str, facts: Mapping[str, str], capability: tuple[int, int]) -> dict[str, str]:
    """The facts of `KERNELS` of one framework."""
    named = {**facts, "capability": "{}.{}".format(*capability) if any(capability) else "none"}
    return {fact: named[fact] for fact in KERNELS[framework]}


def leading_mode(framework: str, case: Case) -> str:
    """The mode in which most checks of a case are made."""
    first = MODES_OF[framework.partition("+")[0]][0]
    return first if case.allows(first) else "eager"


def unsupported(framework: str) -> str | None:
    """A sentence if the installed version is too old to test, else None."""
    version = installed(framework)
    numbers = tuple(int(n) for n in re.findall(r"\d+", version or "")[:2])
    oldest = _OLDEST[framework]
    if version and len(numbers) == 2 and numbers < oldest:
        return f"{framework} {version} is not supported: {oldest[0]}.{oldest[1]} is the oldest that is."
    return None


@cache
def load(framework: str) -> Framework:
    """Import a framework and return its adapter; every framework before it in the fixed order is imported first.

    Raises `Unusable` if it is not installed, too old, or fails to import or to add two numbers.
    """
    for other in FRAMEWORKS[: FRAMEWORKS.index(framework)]:
        if other in _wanted and installed(other) and not unsupported(other):
            load(other)
    sentence = unsupported(framework)
    if sentence:
        raise Unusable(sentence)
    if installed(framework) is None:
        raise Unusable(f"{framework} is not installed.")
    try:
        adapter = importlib.import_module(f"conformance.frameworks.{framework}_adapter")
        loaded: Framework = adapter.ADAPTER
        two = loaded.value(lambda x: x + x, [np.ones(1, np.float32)])
        if float(two[0]) != 2:
            raise ArithmeticError(f"1 + 1 gave {two[0]}")
    except Exception as error:  # anything at all may go wrong inside a broken installation
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        raise Unusable(f"{framework} {installed(framework)} is installed but cannot be used ({reason}).") from error
    return loaded


_wanted: set[str] = set(FRAMEWORKS)


def restrict(frameworks: Sequence[str]) -> None:
    """Import no framework but these."""
    _wanted.clear()
    _wanted.update(frameworks)


def refusal(error: Exception) -> str:
    """How a framework refused: the exception and when it came, in words."""
    frames = [frame.f_code.co_name for frame, _ in traceback.walk_tb(error.__traceback__)]
    when = "when it is made" if {"__init__", "build"} & set(frames) else "when it is called"
    return f"{type(error).__name__} {when}"
