"""PyTorch."""

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cache
from typing import Any

import ml_dtypes
import numpy as np
import torch

from conformance.case import TF32, Route
from conformance.frameworks import Answer, Array, Call, Function, kernel_facts

_BFLOAT16 = np.dtype(ml_dtypes.bfloat16)
_DEVICES = {"cpu": "cpu", "gpu": "cuda"}
_BACKENDS = {"compile": "aot_eager", "dynamic": "aot_eager", "inductor": "inductor"}


class Torch:
    name = "torch"
    module: Any = torch

    def bind(
        self, route: Route, options: Mapping[str, Any], inputs: Sequence[Array], *, device: str = "cpu"
    ) -> Function:
        return lambda *tensors: route.function(torch, *tensors, **options)

    def devices(self) -> tuple[str, ...]:
        return ("cpu", "gpu") if torch.cuda.is_available() else ("cpu",)

    def tensor(self, a: Array, device: str = "cpu") -> torch.Tensor:
        """A tensor with the numbers of ``a``; the memory is shared where torch can share it (CPU, contiguous)."""
        a = np.asarray(a)
        if not a.flags.writeable or any(s < 0 for s in a.strides):
            a = a.copy()
        t = torch.from_numpy(a.view(np.int16)).view(torch.bfloat16) if a.dtype == _BFLOAT16 else torch.from_numpy(a)
        return t if device == "cpu" else t.to(_DEVICES[device])

    def array(self, result: Any) -> Any:
        """NumPy arrays in the structure of ``result``."""
        if isinstance(result, dict):
            return {k: self.array(v) for k, v in result.items()}
        if isinstance(result, tuple | list):
            return tuple(self.array(v) for v in result)
        if not isinstance(result, torch.Tensor):
            return np.asarray(result)
        result = result.detach().cpu()
        if result.dtype == torch.bfloat16:
            return self.array(result.float()).astype(_BFLOAT16)  # exact
        return result.numpy(force=True)  # also of lazy conjugates, and of zeros that have no memory

    def value(self, f: Function, inputs: Sequence[Array], *, mode: str = "eager", device: str = "cpu") -> Any:
        with _on(device, mode):
            tensors = [self.tensor(a, device) for a in inputs]
            if mode in _BACKENDS:
                with torch.no_grad():
                    return self.array(_compiled(f, mode)(*tensors))
            # Not no_grad: routes that train need gradients of their own.
            return self.array(f(*tensors))

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
        with _on(device, mode):
            tensors = [self.tensor(a, device) for a in inputs]
            tensors = [
                t.clone().requires_grad_() if _floating(t) and i not in held else t for i, t in enumerate(tensors)
            ]
            wanted = [t for t in tensors if t.requires_grad]
            result = (_compiled(f, mode) if mode in _BACKENDS else f)(*tensors)
            gradients = _gradients(result, wanted, [self.tensor(c, device) for c in cotangents])
            return self.array(result), tuple(None if g is None else self.array(g) for g in gradients)

    def vjps(
        self, calls: Sequence[Call], *, mode: str = "eager", device: str = "cpu", held: Sequence[int] = ()
    ) -> list[Answer | Exception]:
        with _on(device, mode):
            return self._vjps(calls, mode, device, held)

    def _vjps(self, calls: Sequence[Call], mode: str, device: str, held: Sequence[int]) -> list[Answer | Exception]:
        functions = [f for f, _, _ in calls]
        groups = [
            [
                t.clone().requires_grad_() if cotangents and _floating(t) and i not in held else t
                for i, t in enumerate(self.tensor(a, device) for a in inputs)
            ]
            for _, inputs, cotangents in calls
        ]

        def all_of(groups: list[list[torch.Tensor]]) -> list[Any]:
            return [f(*group) for f, group in zip(functions, groups, strict=True)]

        results = (_compiled(all_of, mode) if mode in _BACKENDS else all_of)(groups)
        seeds = [self.tensor(c, device) for _, _, cotangents in calls for c in cotangents]
        wanted = [t for group in groups for t in group if t.requires_grad]
        differentiated = [r for (_, _, cotangents), result in zip(calls, results, strict=True) if cotangents
                          for r in _results(result)]  # fmt: skip
        gradients = iter(_gradients(differentiated, wanted, seeds))
        answers: list[Answer | Exception] = []
        for group, result in zip(groups, results, strict=True):
            own = [next(gradients) for t in group if t.requires_grad]
            answers.append((self.array(result), tuple(None if g is None else self.array(g) for g in own)))
        return answers

    def jvp(
        self,
        f: Function,
        inputs: Sequence[Array],
        tangents: Sequence[Array],
        *,
        device: str = "cpu",
        held: Sequence[int] = (),
    ) -> tuple[Array, ...]:
        with _on(device):
            g, moving = self._of_moving(f, inputs, device, held)
            pushed = torch.func.jvp(g, moving, tuple(self.tensor(t, device) for t in tangents))[1]
            return tuple(self.array(t) for t in pushed)

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
        with _on(device):
            return self._hvp(f, inputs, cotangents, tangents, forward, device, held)

    def _hvp(
        self,
        f: Function,
        inputs: Sequence[Array],
        cotangents: Sequence[Array],
        tangents: Sequence[Array],
        forward: bool,
        device: str,
        held: Sequence[int],
    ) -> tuple[Array | None, ...]:
        g, moving = self._of_moving(f, inputs, device, held)
        cs, ts = (tuple(self.tensor(a, device) for a in arrays) for arrays in (cotangents, tangents))
        if forward:
            second: Sequence[torch.Tensor | None]
            second = torch.func.jvp(lambda *xs: torch.func.vjp(g, *xs)[1](cs), moving, ts)[1]
        else:
            moving = tuple(t.clone().requires_grad_() for t in moving)
            pairs = [(r, c) for r, c in zip(g(*moving), cs, strict=True) if r.requires_grad]
            if not pairs:  # constant
                return (None,) * len(moving)
            results, seeds = zip(*pairs, strict=True)
            first = torch.autograd.grad(results, moving, seeds, create_graph=True, materialize_grads=True)
            pairs = [(r, t) for r, t in zip(first, ts, strict=True) if r.requires_grad]
            if not pairs:  # linear
                return (None,) * len(moving)
            second = torch.autograd.grad([r for r, _ in pairs], moving, [t for _, t in pairs], allow_unused=True)
        return tuple(None if s is None else self.array(s) for s in second)

    def _of_moving(
        self, f: Function, inputs: Sequence[Array], device: str, held: Sequence[int]
    ) -> tuple[Callable[..., tuple[torch.Tensor, ...]], tuple[torch.Tensor, ...]]:
        """``f`` as a function of what is differentiated alone, to its floating results; and those inputs."""
        primals = [self.tensor(a, device) for a in inputs]
        moving = [i for i, t in enumerate(primals) if _floating(t) and i not in held]

        def g(*moved: torch.Tensor) -> tuple[torch.Tensor, ...]:
            arguments = list(primals)
            for i, t in zip(moving, moved, strict=True):
                arguments[i] = t
            return tuple(_results(f(*arguments)))

        return g, tuple(primals[i] for i in moving)

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
        tensors = [self.tensor(a, device) for a in inputs]
        g = _compiled(f, mode) if mode in _BACKENDS else f
        if cotangents is None:
            return lambda: (g(*tensors), ())
        cs = [self.tensor(c, device) for c in cotangents]
        leaves = [t.requires_grad_() for i, t in enumerate(tensors) if _floating(t) and i not in held]

        def both() -> tuple[Any, Sequence[Any]]:
            result = g(*tensors)
            return result, _gradients(result, leaves, cs)

        return both

    def program(
        self,
        build: Callable[..., Any],
        arrays: Sequence[Array],
        options: Mapping[str, Any],
        *,
        mode: str = "eager",
        device: str = "cpu",
    ) -> tuple[Callable[[], Any], Callable[[], Any]]:
        tensors = [self.tensor(a, device) for a in arrays]
        step, seen = build(torch, lambda f: _compiled(f, mode) if mode in _BACKENDS else f, mode, *tensors, **options)
        return step, seen

    def clock(self, device: str) -> Callable[[], float]:
        """On a GPU the time between events, which it takes itself."""
        return _event_clock() if device == "gpu" else time.perf_counter

    def seed(self, seed: int) -> None:
        torch.manual_seed(seed)

    def deterministic(self) -> None:
        torch.use_deterministic_algorithms(True)
        torch.backends.cudnn.benchmark = False

    def version(self) -> str:
        return str(torch.__version__)

    def build(self) -> dict[str, Any]:
        facts: dict[str, Any] = {
            "git": torch.version.git_version,
            "cpu_capability": torch.backends.cpu.get_cpu_capability(),
            "onednn": torch.backends.mkldnn.is_available(),
            "mkl": torch.backends.mkl.is_available(),
            "threads": torch.get_num_threads(),
            "float32_matmul_precision": torch.get_float32_matmul_precision(),
            "cuda": torch.version.cuda or "none",
        }
        if torch.cuda.is_available():
            gpu = torch.cuda.get_device_properties(0)
            facts |= {"gpu": gpu.name, "gpu_capability": f"{gpu.major}.{gpu.minor}", "gpus": torch.cuda.device_count()}
            facts |= {"cudnn": torch.backends.cudnn.version(), "cudnn_tf32": torch.backends.cudnn.allow_tf32}
            facts |= {"on_gpu": ", ".join(f"{name} off" for _, name in _REDUCED)}
        return facts

    def kernels(self, dtype: str) -> Mapping[str, str]:
        facts = {"cpu_capability": torch.backends.cpu.get_cpu_capability(), "onednn": _onednn(dtype)}
        return kernel_facts(self.name, facts, self.capability())

    def capability(self) -> tuple[int, int]:
        return torch.cuda.get_device_capability() if torch.cuda.is_available() else (0, 0)

    def memory(self) -> int:
        return int(torch.cuda.memory_allocated())


_REDUCED = (
    (torch.backends.cudnn, "allow_tf32"),
    (torch.backends.cuda.matmul, "allow_tf32"),
    (torch.backends.cuda.matmul, "allow_fp16_reduced_precision_reduction"),
    (torch.backends.cuda.matmul, "allow_bf16_reduced_precision_reduction"),
)
"""What makes results on a GPU less precise than their dtype. All but the second are on by default."""


def _on(device: str, mode: str = "eager") -> AbstractContextManager[None]:
    """What a route makes itself lies on the device, as its inputs do; on a GPU nothing is computed in less than its
    dtype, but for products in mode tf32."""
    return nullcontext() if device == "cpu" else _on_gpu(_DEVICES[device], mode)


@contextmanager
def _on_gpu(device: str, mode: str) -> Iterator[None]:
    before = [getattr(backend, name) for backend, name in _REDUCED]
    try:
        for backend, name in _REDUCED:
            setattr(backend, name, mode == TF32 and name == "allow_tf32")
        with torch.device(device):
            yield
    finally:
        for (backend, name), value in zip(_REDUCED, before, strict=True):
            setattr(backend, name, value)


def _onednn(dtype: str) -> str:
    """The instructions by which oneDNN computes a dtype: AVX512, or AVX2 for all below; off where torch does not ask
    it. It looks at the processor itself, whatever torch's own kernels are told to use."""
    asked = {
        "float32": lambda: True,
        "bfloat16": torch.ops.mkldnn._is_mkldnn_bf16_supported,
        "float16": torch.ops.mkldnn._is_mkldnn_fp16_supported,
    }
    library = torch.backends.mkldnn
    if not (library.is_available() and library.enabled and dtype in asked and asked[dtype]()):
        return "off"
    most = os.environ.get("ONEDNN_MAX_CPU_ISA", "").upper()
    allowed = not most or most.startswith(("AVX512", "AVX10", "DEFAULT", "ALL"))
    return "AVX512" if allowed and torch.cpu._is_avx512_supported() else "AVX2"


def _floating(t: torch.Tensor) -> bool:
    return t.is_floating_point() or t.is_complex()


def _results(result: Any) -> list[torch.Tensor]:
    """Those of one or several results that have a gradient."""
    return [r for r in (result if isinstance(result, tuple | list) else (result,)) if _floating(r)]


def _gradients(
    result: Any, wanted: Sequence[torch.Tensor], cotangents: Sequence[torch.Tensor]
) -> Sequence[torch.Tensor | None]:
    """Of the sum of all results times their cotangents; None where no result depends on what is wanted."""
    pairs = [(r, c) for r, c in zip(_results(result), cotangents, strict=True) if r.requires_grad]
    if not pairs:
        return [None] * len(wanted)
    return torch.autograd.grad([r for r, _ in pairs], wanted, [c for _, c in pairs], allow_unused=True)


@cache
def _event_clock() -> Callable[[], float]:
    """CUDA tells the milliseconds from one event to another in float32: they are added up from each to the next."""
    last, seconds = torch.cuda.Event(enable_timing=True), 0.0
    last.record()

    def clock() -> float:
        nonlocal last, seconds
        now = torch.cuda.Event(enable_timing=True)
        now.record()
        now.synchronize()
        seconds += last.elapsed_time(now) / 1e3
        last = now
        return seconds

    return clock


def _compiled(f: Function, mode: str) -> Function:
    torch.compiler.reset()  # a new function each time: the cache would only grow
    return torch.compile(f, backend=_BACKENDS[mode], dynamic=mode == "dynamic" or None)


ADAPTER = Torch()
