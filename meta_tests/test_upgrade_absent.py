"""A route whose function the installed version does not have is skipped by name; a failure never is."""

import types
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from conformance.case import Case, Sample
from conformance.check import observe
from conformance.frameworks import absent as module
from conformance.frameworks import load
from conformance.frameworks.absent import absent, public
from conformance.plan import Options, Test
from conformance.workbench import Workbench


@pytest.fixture(autouse=True)
def _routes_of_this_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_OWN", __file__)


def framework(source: str = "", name: str = "torch.fake") -> Any:
    """A module of a framework; ``source`` is its code."""
    made = types.ModuleType(name)
    exec(compile(source, f"<{name}>", "exec"), made.__dict__)
    return made


def raised(call: Callable[[], Any]) -> Exception:
    with pytest.raises(Exception) as caught:  # noqa: PT011
        call()
    return caught.value


WRAPPED = """
def inner(x):
    return x
def f(*args, **kwargs):
    return inner(*args, **kwargs)
class Layer:
    def __init__(self, **kwargs):
        raise ValueError(f"Unrecognized keyword arguments passed to Dense: {kwargs}")
class Optimizer:
    def __init__(self, **kwargs):
        raise ValueError(f"Argument(s) not recognized: {kwargs}")
class Muon(Optimizer):
    def __init__(self, rate=1, **kwargs):
        super().__init__(**kwargs)
"""


def test_a_function_that_is_not_there_is_named() -> None:
    f = framework()
    assert absent(raised(lambda: f.view_as_real(1))) == "torch.fake.view_as_real"


def test_a_function_that_a_sample_names_is_named() -> None:
    f = framework()

    def route(x: int, optimizer: str) -> Any:
        return getattr(f, optimizer)(x)

    assert absent(raised(lambda: route(1, optimizer="Lion"))) == "torch.fake.Lion"


def test_a_lazily_loaded_module_may_say_so_itself() -> None:
    f = framework("def __getattr__(name):\n    raise AttributeError(f'module has no attribute {name!r}')")
    assert absent(raised(lambda: f.gelu(1))) == "torch.fake.gelu"


def test_a_method_that_tensors_do_not_have_is_named() -> None:
    torch = load("torch").module
    assert absent(raised(lambda: torch.ones(1).no_such_method_())) == "torch.Tensor.no_such_method_"


def test_a_name_that_cannot_be_imported_is_named() -> None:
    def route() -> None:
        from torch.optim import NoSuchOptimizer  # noqa: F401

    assert absent(raised(route)) == "torch.optim.NoSuchOptimizer"


def test_a_layer_that_computes_with_tensorflow_is_named_where_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    f = framework("def layer():\n    raise ImportError('Layer IntegerLookup requires TensorFlow. Install it.')")
    for found, name in ((None, "tensorflow"), (object(), None)):
        monkeypatch.setattr("importlib.util.find_spec", lambda _, found=found: found)
        assert absent(raised(lambda: f.layer())) == name


def test_a_keyword_that_a_function_does_not_take_is_named() -> None:
    f = framework(WRAPPED)
    assert absent(raised(lambda: f.inner(1, layout="x"))) == "the argument layout of inner"
    assert absent(raised(lambda: f.f(1, layout="x"))) == "the argument layout of inner"
    assert absent(raised(lambda: f.Layer(layout="x"))) == "the argument layout of Dense"
    assert absent(raised(lambda: f.Muon(layout="x"))) == "the argument layout of Muon"


def test_a_keyword_of_a_sample_is_named() -> None:
    f = framework(WRAPPED)

    def route(x: int, **options: Any) -> Any:
        return f.inner(x, **options)

    assert absent(raised(lambda: route(1, layout="x"))) == "the argument layout of inner"


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("tensorflow._api.v2.math.foo", "tf.math.foo"),
        ("keras._tf_keras.keras.ops.foo", "tf.keras.ops.foo"),
        ("keras.ops.foo", "tf.keras.ops.foo"),
        ("keras.api.activations.foo", "tf.keras.activations.foo"),
        ("torch.nn.functional.foo", "torch.nn.functional.foo"),
    ],
)
def test_names_are_those_that_users_write(name: str, written: str) -> None:
    assert public(name) == written


BROKEN = """
import types
numpy = types.ModuleType("numpy")
def missing_below(x):
    return numpy.gone(x)
def own_missing(x):
    return helper.view_as_real(x)
def own_lookup(name):
    return getattr(helper, name)
helper = types.ModuleType("torch.helper")
def keyword_below(x):
    return inner(x, layout="x")
def named(x, layout):
    return inner(x, layout=layout)
def inner(x):
    return x
def says_so(x):
    raise AttributeError("module 'torch' has no attribute 'says_so'")
def refuses(x, **kwargs):
    raise TypeError("refuses() got an unexpected keyword argument 'other'")
class Refusing:
    def __init__(self, **kwargs):
        refused(**kwargs)
def refused(layout):
    raise ValueError("Argument(s) not recognized: {'layout': 2}")
class Odd:
    pass
Odd.__module__ = "torch.nn"
odd = Odd()
"""


@pytest.mark.parametrize(
    "route",
    [
        lambda f: f.missing_below(1),
        lambda f: f.own_missing(1),
        lambda f: f.own_lookup("view_as_real"),
        lambda f: getattr(f.odd, "wei" + "ght"),
        lambda f: f.Refusing(layout=2),
        lambda f: f.keyword_below(1),
        lambda f: f.named(1, layout=2),
        lambda f: f.says_so(1),
        lambda f: f.refuses(1, layout=2),
        lambda f: f.odd.weight,
        lambda f: None.gelu,  # type: ignore[attr-defined]
        lambda f: np.no_such_function(1),  # type: ignore[attr-defined]
        lambda f: f.inner(1, 2, 3),
        lambda f: 1 / 0,
        lambda f: f._private,
    ],
)
def test_a_failure_is_never_taken_for_an_absence(route: Any) -> None:
    assert absent(raised(lambda: route(framework(BROKEN)))) is None


def test_an_error_of_no_route_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_OWN", "/nowhere")
    assert absent(raised(lambda: framework().gelu(1))) is None


def routed(name: str, *calls: Any) -> Test:
    case = Case(
        name, "elementwise", lambda x: 2 * x, [Sample("plain", lambda rng: (rng.standard_normal(4),))],
        torch=calls,
    )  # fmt: skip
    return Test("elementwise", case, "value", "torch", "eager", "cpu")


def there(torch: Any, x: Any) -> Any:
    return torch.add(x, x)


def gone(torch: Any, x: Any) -> Any:
    return torch.no_such_function(x)


def gone_inside(torch: Any, x: Any) -> Any:
    return torch.nn.Linear(1, 1).no_such_thing(x)


@pytest.mark.parametrize("mode", ["eager", "compile"])
def test_the_observation_is_a_skip_with_the_version(mode: str) -> None:
    test = routed(f"doubled_{mode}", there, gone)
    test = Test(test.area, test.case, "value", "torch", mode, "cpu")
    bench = Workbench(Options(dtypes=("float32",), modes=(mode,)))
    rows = [o for o in observe(bench, test) if hasattr(o, "outcome")]
    by_route = {o.route: o for o in rows}  # type: ignore[union-attr]
    assert by_route["there"].outcome == "passed"
    assert by_route["gone"].outcome == "skipped"
    version = load("torch").version()
    assert by_route["gone"].reason == f"need torch.no_such_function, which torch {version} does not have"
    assert {(o.route, o.dtype, o.sample) for o in rows} == set(test.keys(("float32",)))  # type: ignore[union-attr]


def test_what_an_object_lost_fails() -> None:
    bench = Workbench(Options(dtypes=("float32",)))
    rows = [o for o in observe(bench, routed("doubled_inside", gone_inside)) if hasattr(o, "outcome")]
    assert [o.outcome for o in rows] == ["failed"]  # type: ignore[union-attr]


def test_every_route_names_what_the_installed_version_has() -> None:
    """A name that is misspelt would be skipped, and never noticed. (Of versions as old as they may be, some lack.)"""
    import ast
    from pathlib import Path

    from packaging.version import Version

    from conformance import catalogue
    from conformance.frameworks import installed

    newest = {"torch": "2.13", "tensorflow": "2.21"}
    missing = []
    for name, root in (("torch", "torch"), ("tensorflow", "tf")):
        if Version(installed(name) or "0") < Version(newest[name]):
            continue
        chains = {
            ast.unparse(node)
            for path in Path(catalogue.__file__).parent.glob("*.py")
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.Attribute) and ast.unparse(node).startswith(f"{root}.")
        }
        for chain in sorted(c for c in chains if c.replace(".", "").replace("_", "").isalnum()):
            owner: Any = load(name).module
            for part in chain.split(".")[1:]:
                if not hasattr(owner, part):
                    missing.append(chain)
                    break
                owner = getattr(owner, part)
    assert not missing
