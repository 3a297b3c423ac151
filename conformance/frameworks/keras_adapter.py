"""Keras 3 on PyTorch or JAX, whichever KERAS_BACKEND names: tensors, derivatives and devices are the backend's.

Routes are those of TensorFlow's column whose code is Keras' alone (`conformance.case.GLUE` says which). They receive,
in place of ``tf``, a module that has ``keras`` and those few functions, of ``keras.ops``.
"""

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from types import ModuleType
from typing import Any

from conformance.case import GLUE, KerasLayer, Route, call_layer
from conformance.frameworks import BACKEND, Array, Framework, Function, kernel_facts, unfit

if sentence := unfit(["keras"]):
    raise ImportError(sentence)

_BACKEND: Framework = import_module(f"conformance.frameworks.{BACKEND}_adapter").ADAPTER

keras: Any = import_module("keras")  # which reads the variable

if keras.backend.backend() != BACKEND:
    raise ImportError(f"Keras was imported before, on {keras.backend.backend()}")

keras.config.disable_traceback_filtering()  # only its own frames tell when inputs are refused

_TF: Any = ModuleType("tensorflow")  # what it lacks is skipped by the name that users know: need tf.nn, ...
_TF.keras = keras
for _name, _expression in GLUE.items():
    setattr(_TF, _name, eval(_expression, {"keras": keras}))


class Keras:
    """All that is not here is the backend's adapter's."""

    name = "keras"
    module: Any = _TF

    def __getattr__(self, name: str) -> Any:
        return getattr(_BACKEND, name)

    def bind(
        self, route: Route, options: Mapping[str, Any], inputs: Sequence[Array], *, device: str = "cpu"
    ) -> Function:
        """A layer is made and built once, by zeros where it must be called for that."""
        if not isinstance(route.call, KerasLayer):
            return _plain(lambda *tensors: route.function(_TF, *tensors, **options))
        arguments = dict(vars(route.call))
        layer = arguments.pop("make")(_TF, *[keras.KerasTensor(a.shape, a.dtype.name) for a in inputs], **options)
        taken = route.call.inputs + len(route.call.named)
        if taken > 1:
            self.value(lambda *tensors: call_layer(layer, tensors, **arguments), inputs[:taken], device=device)
        elif len(inputs) > 1:
            layer.build(inputs[0].shape)
        return _plain(lambda *tensors: call_layer(layer, tensors, **arguments))

    def seed(self, seed: int) -> None:
        keras.utils.set_random_seed(seed)

    def version(self) -> str:
        """With the backend's, as the local part of a version."""
        return f"{keras.__version__}+{BACKEND}.{_BACKEND.version().partition('+')[0]}"

    def build(self) -> dict[str, Any]:
        return {"backend": BACKEND, BACKEND: _BACKEND.version(), **_BACKEND.build()}

    def kernels(self, dtype: str) -> Mapping[str, str]:
        return kernel_facts(self.name, {}, _BACKEND.capability())


def _plain(f: Callable[..., Any]) -> Function:
    """``f`` with tensors for variables in its results."""

    def call(*tensors: Any) -> Any:
        return keras.tree.map_structure(lambda r: r.value if isinstance(r, keras.Variable) else r, f(*tensors))

    return call


ADAPTER = Keras()
