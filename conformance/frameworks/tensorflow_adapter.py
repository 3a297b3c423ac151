"""TensorFlow, with its Keras 3."""

import os
import re

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

import numpy as np

if os.environ["KERAS_BACKEND"] != "tensorflow":
    raise ImportError(f"KERAS_BACKEND is {os.environ['KERAS_BACKEND']!r}, so tf.keras would not run on TensorFlow")

import tensorflow as tf

from conformance.case import FLOATS, TF32, KerasLayer, Route, call_layer
from conformance.deprecations import listen
from conformance.frameworks import Answer, Array, Call, Function, kernel_facts

# A check traces a function once; TensorFlow would warn of it for every case. What it deprecates is recorded.
tf.get_logger().addFilter(listen)
# Whether inputs are refused when a layer is made or when it is called, only its own frames tell.
tf.debugging.disable_traceback_filtering()
tf.keras.config.disable_traceback_filtering()


class TensorFlow:
    name = "tensorflow"
    module: Any = tf

    def bind(
        self, route: Route, options: Mapping[str, Any], inputs: Sequence[Array], *, device: str = "cpu"
    ) -> Function:
        if not isinstance(route.call, KerasLayer):
            return lambda *tensors: route.function(tf, *tensors, **options)
        with _on(device):
            return self._layer(route.call, options, inputs)

    def _layer(self, keras: KerasLayer, options: Mapping[str, Any], inputs: Sequence[Array]) -> Function:
        arguments = dict(vars(keras))
        layer = arguments.pop("make")(tf, *[tf.TensorSpec(a.shape, tf.as_dtype(a.dtype)) for a in inputs], **options)
        taken = keras.inputs + len(keras.named)
        if taken > 1:
            call_layer(layer, _tensors(inputs[:taken]), **arguments)
        elif len(inputs) > 1:
            layer.build(inputs[0].shape)
        shapes = [a.shape for a in inputs[taken:]]  # of weights, which are known also where those of inputs are not

        def call(*tensors: Any) -> Any:
            weights = zip(tensors[taken:], shapes, strict=True)
            known = [w if w.shape == shape else tf.ensure_shape(w, shape) for w, shape in weights]
            return call_layer(layer, (*tensors[:taken], *known), **arguments)

        return call

    def devices(self) -> tuple[str, ...]:
        return ("cpu", "gpu") if tf.config.list_physical_devices("GPU") else ("cpu",)

    def array(self, result: Any) -> Any:
        """NumPy arrays in the structure of ``result``; sparse gradients become dense."""
        if isinstance(result, dict):
            return {k: self.array(v) for k, v in result.items()}
        if isinstance(result, tuple | list):
            return tuple(self.array(v) for v in result)
        if isinstance(result, tf.keras.Variable):
            result = result.value
        if isinstance(result, tf.IndexedSlices | tf.Tensor | tf.Variable):
            return tf.convert_to_tensor(result).numpy()
        return np.asarray(result)

    def value(self, f: Function, inputs: Sequence[Array], *, mode: str = "eager", device: str = "cpu") -> Any:
        if mode == "graph":
            return _only(self._in_session([(f, inputs, ())], device, ()))[0]
        with _on(device, mode):
            return self.array(_wrapped(lambda ts: f(*ts), mode, ts := _tensors(inputs))(ts))

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
        return _only(self.vjps([(f, inputs, cotangents)], mode=mode, device=device, held=held))

    def vjps(
        self, calls: Sequence[Call], *, mode: str = "eager", device: str = "cpu", held: Sequence[int] = ()
    ) -> list[Answer | Exception]:
        if mode == "graph":
            return self._in_session(calls, device, held)
        functions, raised = [f for f, _, _ in calls], dict[int, Exception]()

        def all_of(groups: Sequence[tuple[Sequence[Any], Sequence[Any]]]) -> list[tuple[Any, list[Any]]]:
            results = []
            for i, (f, (cotangents, tensors)) in enumerate(zip(functions, groups, strict=True)):
                try:
                    results.append(_with_gradient(f, held)(cotangents, tensors) if cotangents else (f(*tensors), []))
                except Exception as error:  # it is the answer to this call
                    raised[i] = error
                    results.append((tf.zeros(()), []))
            return results

        with _on(device, mode):
            groups = [(_tensors(cotangents), _tensors(inputs)) for _, inputs, cotangents in calls]
            return [
                raised.get(i) or (self.array(result), tuple(None if g is None else self.array(g) for g in gradients))
                for i, (result, gradients) in enumerate(_wrapped(all_of, mode, groups)(groups))
            ]

    def _in_session(self, calls: Sequence[Call], device: str, held: Sequence[int]) -> list[Answer | Exception]:
        """TensorFlow 1 style: placeholders, symbolic gradients, Session.run."""
        v1 = tf.compat.v1
        feed: dict[Any, Array] = {}
        symbolic: list[tuple[Any, list[Any]] | Exception] = []
        with tf.Graph().as_default(), _on(device):
            for f, inputs, cotangents in calls:
                places = [v1.placeholder(a.dtype, a.shape) for a in inputs]
                wanted = [p for i, p in enumerate(places) if _floating(p) and i not in held]
                try:
                    result = f(*places)
                    seeds = [tf.constant(c) for c in cotangents]
                    gradients = tf.gradients(_results(result), wanted, grad_ys=seeds) if seeds else []
                except Exception as error:  # it is the answer to this call
                    symbolic.append(error)
                    continue
                feed.update(zip(places, inputs, strict=True))
                symbolic.append((result, [g if g is None else tf.convert_to_tensor(g) for g in gradients]))
            with v1.Session() as session:
                session.run(v1.global_variables_initializer())
                asked = [(s[0], [g for g in s[1] if g is not None]) for s in symbolic if not isinstance(s, Exception)]
                computed = iter(session.run(asked, feed))
        answers: list[Answer | Exception] = []
        for s in symbolic:
            if isinstance(s, Exception):
                answers.append(s)
                continue
            value, found = next(computed)
            rest = iter(found)
            answers.append((self.array(value), tuple(None if g is None else self.array(next(rest)) for g in s[1])))
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
            primals = _tensors(inputs)
            moving = [p for i, p in enumerate(primals) if _floating(p) and i not in held]
            with tf.autodiff.ForwardAccumulator(moving, _tensors(tangents)) as forward:
                results = _results(f(*primals))
            return tuple(self.array(forward.jvp(r, tf.UnconnectedGradients.ZERO)) for r in results)

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
            primals, ts = _tensors(inputs), _tensors(tangents)
            moving = [p for i, p in enumerate(primals) if _floating(p) and i not in held]
            gradient, cs = _with_gradient(f, held), _tensors(cotangents)
            if forward:
                with tf.autodiff.ForwardAccumulator(moving, ts) as accumulator:
                    first = [None if g is None else tf.convert_to_tensor(g) for g in gradient(cs, primals)[1]]
                second = [None if g is None else accumulator.jvp(g) for g in first]
            else:
                with tf.GradientTape() as tape:
                    tape.watch(moving)
                    first = gradient(cs, primals)[1]
                    pairs = [(tf.convert_to_tensor(g), t) for g, t in zip(first, ts, strict=True) if g is not None]
                second = tape.gradient([g for g, _ in pairs], moving, [t for _, t in pairs])
            return tuple(None if s is None else self.array(s) for s in second)

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
        with tf.device(_DEVICES[device]):
            tensors, cs = _tensors(inputs), _tensors(cotangents or ())
        if cotangents is None:
            g = _wrapped(f, mode)
            return _placed(lambda: (g(*tensors), ()), device)

        def whole(cotangents: Sequence[Any], tensors: Sequence[Any]) -> tuple[Any, list[Any]]:
            """Rows that an embedding used are put into the gradient of its table, as in torch."""
            result, gradients = _with_gradient(f, held)(cotangents, tensors)
            return result, [g if g is None else tf.convert_to_tensor(g) for g in gradients]

        h = _wrapped(whole, mode)
        return _placed(lambda: h(cs, tensors), device)

    def program(
        self,
        build: Callable[..., Any],
        arrays: Sequence[Array],
        options: Mapping[str, Any],
        *,
        mode: str = "eager",
        device: str = "cpu",
    ) -> tuple[Callable[[], Any], Callable[[], Any]]:
        with tf.device(_DEVICES[device]):
            step, seen = build(tf, lambda f: _wrapped(f, mode), mode, *_tensors(arrays), **options)
        return _placed(step, device), seen

    def clock(self, device: str) -> Callable[[], float]:
        return _waiting_clock if device == "gpu" else time.perf_counter

    def seed(self, seed: int) -> None:
        tf.keras.utils.set_random_seed(seed % 2**32)

    def deterministic(self) -> None:
        tf.config.experimental.enable_op_determinism()

    def version(self) -> str:
        return str(tf.__version__)

    def build(self) -> dict[str, Any]:
        info = tf.sysconfig.get_build_info()
        facts: dict[str, Any] = {
            "keras": tf.keras.__version__,
            "keras_backend": tf.keras.backend.backend(),
            "git": tf.version.GIT_VERSION,
            "compiler": tf.version.COMPILER_VERSION,
            "onednn": ", ".join(d for d in FLOATS if self.kernels(d)["onednn"] == "on") or "off",
            "cuda": str(info.get("cuda_version", "none")),
            "threads": ", ".join(f"{_threads(kind)} {kind}" for kind in ("intra", "inter")),
            "tf32": tf.config.experimental.tensor_float_32_execution_enabled(),
        }
        gpus = tf.config.list_physical_devices("GPU")
        if gpus:
            facts |= {"gpu": str(tf.config.experimental.get_device_details(gpus[0])), "gpus": len(gpus)}
            facts |= {"on_gpu": "tf32 off"}
        return facts

    def kernels(self, dtype: str) -> Mapping[str, str]:
        facts = {"onednn": "on" if dtype in FLOATS and _onednn(dtype) else "off", "instructions": _instructions()}
        return kernel_facts(self.name, facts, self.capability())

    def capability(self) -> tuple[int, int]:
        gpus = tf.config.list_physical_devices("GPU")
        details = tf.config.experimental.get_device_details(gpus[0]) if gpus else {}
        major, minor = details.get("compute_capability", (0, 0))
        return int(major), int(minor)

    def memory(self) -> int:
        return int(tf.config.experimental.get_memory_info("GPU:0")["current"])


def _instructions() -> str:
    """Those of the processor, as NumPy found them, unless XLA is told to use less."""
    found = np.show_config(mode="dicts").get("SIMD Extensions", {}).get("found", [])
    told = re.search(r"--xla_cpu_max_isa=(\w+)", os.environ.get("XLA_FLAGS", ""))
    more = any(name.startswith(("AVX512", "X86_V4")) for name in found)
    return "AVX512" if more and (told is None or told[1].upper().startswith("AVX512")) else "less"


@cache
def _onednn(dtype: str) -> bool:
    """Whether oneDNN computes a dtype, which its switch and the processor decide (bfloat16 needs AVX-512). Told by the
    name of the kernel that refuses a window larger than its image; off where a version does not refuse it."""
    image = tf.ones([1, 1, 1, 1], dtype)
    try:
        with tf.device("/CPU:0"):
            tf.raw_ops.Conv2D(input=image, filter=tf.ones([9, 9, 1, 1], dtype), strides=[1] * 4, padding="VALID")
    except tf.errors.OpError as error:
        return "_MklNative" in str(error)
    return False  # a fact that is not told must not end the run


def _threads(kind: str) -> int | str:
    """Threads within or between operations; where TensorFlow says 0, it is what the environment says."""
    configured = getattr(tf.config.threading, f"get_{kind}_op_parallelism_threads")()
    return configured or os.environ.get(f"TF_NUM_{kind.upper()}OP_THREADS", "all")


_DEVICES = {"cpu": "/CPU:0", "gpu": "/GPU:0"}


def _placed(f: Callable[[], Any], device: str) -> Callable[[], Any]:
    """``f`` on a device; where there is no GPU there is nothing to choose, which would cost microseconds."""
    if not tf.config.list_physical_devices("GPU"):
        return f

    def on_device() -> Any:
        with tf.device(_DEVICES[device]):
            return f()

    return on_device


def _waiting_clock() -> float:
    tf.test.experimental.sync_devices()
    return time.perf_counter()


@contextmanager
def _on(device: str, mode: str = "eager") -> Iterator[None]:
    """Operations run on the device. On a GPU products of float32 are computed in float32, but in mode tf32; those of
    float16 and bfloat16 are summed in float32, unless variables such as TF_FP16_MATMUL_USE_FP32_COMPUTE say otherwise.
    """
    if device == "cpu":
        with tf.device(_DEVICES[device]):
            yield
        return
    experimental = tf.config.experimental
    before = experimental.tensor_float_32_execution_enabled()
    experimental.enable_tensor_float_32_execution(mode == TF32)
    try:
        with tf.device(_DEVICES[device]):
            yield
    finally:
        experimental.enable_tensor_float_32_execution(before)


def _only(answers: list[Answer | Exception]) -> Answer:
    (answer,) = answers
    if isinstance(answer, Exception):
        raise answer
    return answer


def _tensors(arrays: Sequence[Array]) -> list[Any]:
    return [tf.convert_to_tensor(a) for a in arrays]


def _floating(t: Any) -> bool:
    return bool(t.dtype.is_floating or t.dtype.is_complex)


def _results(result: Any) -> list[Any]:
    """Those of one or several results that have a gradient."""
    return [r for r in (result if isinstance(result, tuple | list) else (result,)) if _floating(r)]


def _with_gradient(f: Function, held: Sequence[int]) -> Callable[..., tuple[Any, list[Any]]]:
    def both(cotangents: Sequence[Any], tensors: Sequence[Any]) -> tuple[Any, list[Any]]:
        wanted = [t for i, t in enumerate(tensors) if _floating(t) and i not in held]
        with tf.GradientTape() as tape:
            tape.watch(wanted)
            result = f(*tensors)
        return result, tape.gradient(_results(result), wanted, output_gradients=list(cotangents))

    return both


def _wrapped(f: Callable[..., Any], mode: str, tensors: Any = None) -> Callable[..., Any]:
    """``f`` in a mode; ``tensors`` is its one argument, of nested tensors, whose shapes shall not be known."""
    if mode in ("eager", TF32):
        return f
    if mode == "shapeless":
        signature = [tf.nest.map_structure(lambda t: tf.TensorSpec([None] * t.ndim, t.dtype), tensors)]
        return tf.function(f, input_signature=signature, autograph=False)
    return tf.function(f, jit_compile=mode == "xla", autograph=False)


ADAPTER = TensorFlow()
