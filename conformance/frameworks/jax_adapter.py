"""JAX, with Optax for optimizers and losses where that is installed.

The suite runs JAX in 64 bits (``jax_enable_x64``): by default JAX makes float32 of every float64, which would leave
nothing to judge. The divergence ``jax-numbers-are-32-bits-by-default`` states that default.
"""

import os
import time

os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import jax
import numpy as np

from conformance.case import TF32, Route
from conformance.frameworks import Answer, Array, Call, Function, kernel_facts, packaged

jax.config.update("jax_enable_x64", True)
for _module in (
    "jax.scipy",
    "jax.scipy.fft",
    "jax.scipy.linalg",
    "jax.scipy.ndimage",
    "jax.scipy.signal",
    "jax.scipy.special",
    "jax.image",
):
    import_module(_module)  # routes say jax.scipy.special.erf, which `import jax` alone does not reach


class Jax:
    name = "jax"
    module: Any = jax

    def __init__(self) -> None:
        self._seed = 0

    def bind(
        self, route: Route, options: Mapping[str, Any], inputs: Sequence[Array], *, device: str = "cpu"
    ) -> Function:
        """A route that draws takes ``key``, since JAX has no generator of its own: it is that of the seed."""
        with _on(device):
            key = {"key": jax.random.key(self._seed)} if route.draws else {}
        return lambda *tensors: route.function(jax, *tensors, **key, **options)

    def devices(self) -> tuple[str, ...]:
        return ("cpu", "gpu") if any(d.platform == "gpu" for d in jax.devices()) else ("cpu",)

    def array(self, result: Any) -> Any:
        """NumPy arrays in the structure of ``result``."""
        if isinstance(result, dict):
            return {k: self.array(v) for k, v in result.items()}
        if isinstance(result, tuple | list):
            return tuple(self.array(v) for v in result)
        return np.asarray(result)

    def value(self, f: Function, inputs: Sequence[Array], *, mode: str = "eager", device: str = "cpu") -> Any:
        with _on(device, mode) as place:
            return self.array(_wrapped(f, mode)(*_arrays(inputs, place)))

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
        (answer,) = self.vjps([(f, inputs, cotangents)], mode=mode, device=device, held=held)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def vjps(
        self, calls: Sequence[Call], *, mode: str = "eager", device: str = "cpu", held: Sequence[int] = ()
    ) -> list[Answer | Exception]:
        raised = dict[int, Exception]()

        def all_of(groups: Sequence[tuple[Sequence[Any], Sequence[Any]]]) -> list[tuple[Any, Any]]:
            results: list[tuple[Any, Any]] = []
            for i, ((f, _, _), (cotangents, primals)) in enumerate(zip(calls, groups, strict=True)):
                try:
                    g, moving = _of_moving(f, primals, held)
                    results.append(_pulled(g, moving, cotangents) if cotangents else (f(*primals), ()))
                except Exception as error:  # it is the answer to this call
                    raised[i] = error
                    results.append((0.0, ()))
            return results

        with _on(device, mode) as place:
            groups = [(_arrays(cotangents, place), _arrays(inputs, place)) for _, inputs, cotangents in calls]
            return [
                raised.get(i) or (self.array(result), self.array(gradients))
                for i, (result, gradients) in enumerate(_wrapped(all_of, mode)(groups))
            ]

    def jvp(
        self,
        f: Function,
        inputs: Sequence[Array],
        tangents: Sequence[Array],
        *,
        device: str = "cpu",
        held: Sequence[int] = (),
    ) -> tuple[Array, ...]:
        """Within jit: by itself each of the primitives that a derivative consists of would be compiled on its own."""

        def pushed(primals: Sequence[Any], ts: tuple[Any, ...]) -> Any:
            g, moving = _of_moving(f, primals, held)
            return jax.jvp(g, moving, ts, has_aux=True)[1]

        with _on(device) as place:
            return self.array(jax.jit(pushed)(_arrays(inputs, place), tuple(_arrays(tangents, place))))

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
        """Within jit, as `jvp`."""

        def second(primals: Sequence[Any], cs: Sequence[Any], ts: tuple[Any, ...]) -> Any:
            g, moving = _of_moving(f, primals, held)

            def gradient(*moved: Any) -> Any:
                return _pulled(g, moved, cs)[1]

            if forward:
                return jax.jvp(gradient, moving, ts)[1]
            return _pulled(lambda *moved: (gradient(*moved), ()), moving, ts)[1]

        with _on(device) as place:
            ts = tuple(_arrays(tangents, place))
            return self.array(jax.jit(second)(_arrays(inputs, place), _arrays(cotangents, place), ts))

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
        """It waits for its results: JAX has no other way to wait for a device."""

        def whole(primals: Sequence[Any], cs: Sequence[Any]) -> Any:
            return _pulled(*_of_moving(f, primals, held), cs) if cs else (f(*primals), ())

        with _on(device) as place:
            primals, cs = _arrays(inputs, place), _arrays(cotangents or (), place)
        call = _wrapped(whole, mode)
        return lambda: jax.block_until_ready(call(primals, cs))  # arrays lie on the device, and so does what uses them

    def program(
        self,
        build: Callable[..., Any],
        arrays: Sequence[Array],
        options: Mapping[str, Any],
        *,
        mode: str = "eager",
        device: str = "cpu",
    ) -> tuple[Callable[[], Any], Callable[[], Any]]:
        with _on(device) as place:
            step, seen = build(jax, lambda f: _wrapped(f, mode), mode, *_arrays(arrays, place), **options)
        return step, seen  # as in `timer`

    def clock(self, device: str) -> Callable[[], float]:
        return time.perf_counter

    def seed(self, seed: int) -> None:
        self._seed = seed

    def deterministic(self) -> None:
        """Kernels for CPUs always are; those for GPUs by a flag, which XLA reads before its first computation."""
        os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} --xla_gpu_deterministic_ops=true".strip()

    def version(self) -> str:
        return str(jax.__version__)

    def build(self) -> dict[str, Any]:
        facts: dict[str, Any] = {
            "jaxlib": packaged("jaxlib") or "none",
            "optax": packaged("optax") or "none",
            "x64": bool(jax.config.read("jax_enable_x64")),
            "matmul_precision": jax.config.jax_default_matmul_precision or "default",
            "threads": os.environ.get("NPROC", "all"),
            "xla_flags": os.environ.get("XLA_FLAGS", ""),
        }
        gpus = [d for d in jax.devices() if d.platform == "gpu"]
        if gpus:
            facts |= {"gpu": gpus[0].device_kind, "gpus": len(gpus), "platform": gpus[0].client.platform_version}
            facts |= {"on_gpu": f"matmul_precision {_PRECISION}"}
        return facts

    def kernels(self, dtype: str) -> Mapping[str, str]:
        return kernel_facts(self.name, {}, self.capability())

    def capability(self) -> tuple[int, int]:
        found = [str(getattr(d, "compute_capability", "0.0")) for d in jax.devices() if d.platform == "gpu"]
        major, _, minor = (found or ["0.0"])[0].partition(".")
        return (int(major), int(minor)) if major.isdigit() and minor.isdigit() else (0, 0)

    def memory(self) -> int:
        return int(jax.devices("gpu")[0].memory_stats()["bytes_in_use"])


_DEVICES = {"cpu": "cpu", "gpu": "gpu"}
_PRECISION = "highest"


@contextmanager
def _on(device: str, mode: str = "eager") -> Iterator[Any]:
    """What a route makes itself lies on a device, as its inputs do; gives the device. On a GPU products of float32 are
    computed in float32, but in mode tf32: by default JAX leaves that to the GPU."""
    place = jax.devices(_DEVICES[device])[0]
    if device == "cpu":
        with jax.default_device(place):
            yield place
        return
    with (
        jax.default_device(place),
        jax.default_matmul_precision("tensorfloat32" if mode == TF32 else _PRECISION),
    ):
        yield place


def _arrays(arrays: Sequence[Array], place: Any) -> list[Any]:
    """JAX may share the memory of what it is given, and its arrays are never written to: copies."""
    return [jax.device_put(np.array(a), place) for a in arrays]


def _wrapped(f: Callable[..., Any], mode: str) -> Callable[..., Any]:
    return (
        jax.jit(lambda *a: f(*a)) if mode in ("jit", TF32) else f
    )  # a function of its own: jit remembers what it has traced


def _floating(t: Any) -> bool:
    return bool(jax.numpy.issubdtype(jax.numpy.result_type(t), jax.numpy.inexact))


def _results(result: Any) -> tuple[Any, ...]:
    """Those of one or several results that have a gradient."""
    return tuple(r for r in (result if isinstance(result, tuple | list) else (result,)) if _floating(r))


def _of_moving(
    f: Function, primals: Sequence[Any], held: Sequence[int]
) -> tuple[Callable[..., tuple[Any, Any]], tuple[Any, ...]]:
    """``f`` as a function of what is differentiated alone, to its floating results and to all of them; those inputs."""
    moving = [i for i, t in enumerate(primals) if _floating(t) and i not in held]

    def g(*moved: Any) -> tuple[Any, Any]:
        arguments = list(primals)
        for i, t in zip(moving, moved, strict=True):
            arguments[i] = t
        result = f(*arguments)
        return _results(result), result

    return g, tuple(primals[i] for i in moving)


def _pulled(g: Callable[..., tuple[Any, Any]], moving: Sequence[Any], cotangents: Sequence[Any]) -> tuple[Any, Any]:
    """All results of ``g``, and the gradient. JAX multiplies a cotangent by the derivative without conjugating either,
    where the gradient, dL/dRe + i dL/dIm, needs the conjugate of the derivative."""
    results, pull, everything = jax.vjp(g, *moving, has_aux=True)
    seeds = tuple(_conjugate(c) for c in cotangents)
    if len(seeds) != len(results):
        raise ValueError(f"{len(results)} floating results, where the reference has {len(seeds)}")
    return everything, tuple(map(_conjugate, pull(seeds)))


def _conjugate(t: Any) -> Any:
    return jax.numpy.conj(t) if jax.numpy.iscomplexobj(t) else t


ADAPTER = Jax()
