"""Whether a framework's version lacks what a route asks for: then the route is skipped, by name, and nothing failed.

A failure is never taken for an absence. What was raised must say so itself (a public name that a module, a class or a
tensor of the framework does not have; a keyword that a function does not take), the name must stand in the route, or be
an option of the sample that the route takes from a module by ``getattr``, and it must have been raised where the route
asked: in the route's own frame, or below it only in wrappers that pass the route's keywords on. An error that comes
from inside a framework is a failure, whatever it says; but for Keras' word that a layer needs TensorFlow, where that is
not there.
"""

import importlib.util
import inspect
import re
import sys
from pathlib import Path
from types import CodeType, FrameType, ModuleType, TracebackType
from typing import Any

ROOTS = ("torch", "tensorflow", "keras", "jax", "optax")
_OWN = str(Path(__file__).parents[1])
_PUBLIC = (
    (re.compile(r"^tensorflow\.(?:_api\.v2\.)?"), "tf."),
    (re.compile(r"^tf\.keras\._tf_keras\.keras|^keras\._tf_keras\.keras|^keras(?:\.api|\.src)?(?=\.|$)"), "tf.keras"),
)
_KEYWORD = re.compile(r"got an unexpected keyword argument '(\w+)'")
_OF_MODULE = re.compile(r"^(?:module ')?((?:jax|optax)[\w.]*?)(?:' has no attribute '|\.)(\w+)(?:'| was deprecated)")
"""What a module's own __getattr__ says of what is not there, and of what was withdrawn."""
_WITHOUT = re.compile(r"^(?:This requires the tensorflow module|Layer \w+ requires TensorFlow)\b")
"""What Keras says on other backends of its layers that compute with TensorFlow on all of them."""
_UNRECOGNIZED = (
    re.compile(r"^Unrecognized keyword arguments passed to (?P<owner>\w+): \{(?P<given>.*)\}"),  # Keras' layers
    re.compile(r"^Argument\(s\) not recognized: \{(?P<given>.*)\}"),  # its optimizers
)


def absent(error: Exception) -> str | None:
    """The name of what is not there, e.g. ``tf.keras.ops.view_as_real`` or ``the argument layout of Dense``."""
    frames = _frames(error.__traceback__)
    asked = next((i for i in reversed(range(len(frames))) if _is_route(frames[i].f_code)), None)
    if asked is None:
        return None
    route, inside = frames[asked], frames[asked + 1 :]
    if isinstance(error, AttributeError):
        looked_up = all(f.f_code.co_name in ("__getattr__", "getattr") for f in inside)  # of lazily loaded modules
        return _attribute(error, route) if looked_up else None
    if isinstance(error, ImportError):
        if _WITHOUT.match(str(error)) and importlib.util.find_spec("tensorflow") is None:
            return "tensorflow"
        return None if inside else _imported(error)
    if isinstance(error, TypeError | ValueError):
        return _keyword(error, route, inside)
    return None


def _attribute(error: AttributeError, route: FrameType) -> str | None:
    owner, name = error.obj, error.name
    if name is None and (said := _OF_MODULE.match(str(error))):
        owner, name = sys.modules.get(said[1]), said[2]
    if not name or name.startswith("_") or _has(owner, name):
        return None
    if name not in route.f_code.co_names and not (isinstance(owner, ModuleType) and _looks_up(route, name)):
        return None
    if isinstance(owner, ModuleType):
        place = owner.__name__
    elif _is_of_framework(owner if inspect.isclass(owner) else type(owner)):
        kind = owner if inspect.isclass(owner) else type(owner)
        if not inspect.isclass(owner) and not any(c.__name__ == "Tensor" for c in kind.__mro__):
            return None  # an attribute that another object lost may well be a fault
        place = f"{kind.__module__}.{kind.__name__}" if inspect.isclass(owner) else f"{_root(kind.__module__)}.Tensor"
    else:
        return None
    return public(f"{place}.{name}") if _root(place) in ROOTS else None


def _looks_up(route: FrameType, name: str) -> bool:
    """Whether a route takes by ``getattr`` what it was given the name of."""
    given = (value for value in route.f_locals.values() if isinstance(value, str))
    return "getattr" in route.f_code.co_names and name in given


def _imported(error: ImportError) -> str | None:
    if _root(error.name or "") not in ROOTS:
        return None
    missing = re.search(r"cannot import name '(\w+)'", str(error))
    return public(f"{error.name}.{missing[1]}" if missing else str(error.name))


def _keyword(error: Exception, route: FrameType, inside: list[FrameType]) -> str | None:
    text = str(error)
    if found := _KEYWORD.search(text):
        keywords, function = [found[1]], text.partition("(")[0].rpartition(".")[2]
        if "__init__" in text.partition("(")[0]:
            function = text.partition(".__init__(")[0].rpartition(".")[2]
    elif found := next(filter(None, (pattern.match(text) for pattern in _UNRECOGNIZED)), None):
        keywords = re.findall(r"'(\w+)':", found["given"])
        function = found.groupdict().get("owner") or (inside[0].f_code.co_qualname.partition(".")[0] if inside else "")
    else:
        return None
    for keyword in keywords:
        if _gives(route, keyword) and all(keyword in _passed_on(f) for f in inside):
            return f"the argument {keyword} of {function}"
    return None


def _gives(frame: FrameType, keyword: str) -> bool:
    """Whether a route names a keyword, or passes it on from a sample's options."""
    written: set[Any] = set()
    for constant in frame.f_code.co_consts:
        written |= set(constant) if isinstance(constant, tuple) else {constant} if isinstance(constant, str) else set()
    return keyword in written or keyword in _passed_on(frame)


def _passed_on(frame: FrameType) -> dict[str, Any]:
    """The keywords that a function takes without knowing them."""
    code = frame.f_code
    if not code.co_flags & inspect.CO_VARKEYWORDS:
        return {}
    n = code.co_argcount + code.co_kwonlyargcount + bool(code.co_flags & inspect.CO_VARARGS)
    found = frame.f_locals.get(code.co_varnames[n], {})
    return found if isinstance(found, dict) else {}


def public(name: str) -> str:
    """A name as users write it."""
    for pattern, written in _PUBLIC:
        name = pattern.sub(written, name)
    return name


def _frames(tb: TracebackType | None) -> list[FrameType]:
    found = []
    while tb is not None:
        found.append(tb.tb_frame)
        tb = tb.tb_next
    return found


def _is_route(code: CodeType) -> bool:
    """Whether code is this project's: a route, or what it is called by."""
    return code.co_filename.startswith(_OWN)


def _has(owner: Any, name: str) -> bool:
    try:
        return hasattr(owner, name)
    except Exception:  # it is there, and broken
        return True


def _is_of_framework(kind: type) -> bool:
    return _root(kind.__module__) in ROOTS


def _root(name: str) -> str:
    return name.partition(".")[0]
