"""Stand-alone programs that reproduce a failure: the framework and NumPy, nothing of this project.

A program holds the inputs (spelled out, or packed when there are many), the route as the catalogue has it, and the
expected number of the worst element. It prints expected, actual and error, and exits with 1 while the fault is there.
"""

import base64
import inspect
import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from textwrap import indent

import numpy as np

from conformance import noise
from conformance.case import COMPLEX, DERIVATIVES, GLUE, TF32, Array, KerasLayer, Route, Sample, call_layer, helpers_of
from conformance.formats import PARTS, WHOLES, is_floating
from conformance.frameworks import BACKEND, BACKENDS, leading_mode
from conformance.plan import ACROSS, AGAIN, RUNS, SIGNED_ZEROS, Test, first_seed
from conformance.reference.statistics import equivalence
from conformance.score import Score

SPELLED = 256
"""Up to so many elements are written as numbers."""
LARGEST = 200_000
"""Packed inputs beyond so many characters are not worth printing."""

_PACKED = {
    "f": ("float16", "float32", "float64"),
    "i": ("int8", "int16", "int32", "int64"),
    "u": ("uint8", "uint64"),
    "c": ("complex64", "complex128"),
    "b": ("bool",),
}
"""Formats in which an array is packed: the first that holds it exactly."""

_HEAD = {
    "torch": "import torch\n",
    "tensorflow": 'import os\nos.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"\nimport tensorflow as tf\n',
    "jax": "import jax\nimport jax.image, jax.scipy.linalg, jax.scipy.ndimage  # noqa\n"
    "import jax.scipy.signal, jax.scipy.special  # noqa\n\n"
    'jax.config.update("jax_enable_x64", True)\n',
}
_PRECISE = {
    "torch": """\
torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = {tf32}
torch.backends.cuda.matmul.allow_fp16_reduced_precision_reduction = False
torch.backends.cuda.matmul.allow_bf16_reduced_precision_reduction = False
""",
    "tensorflow": "tf.config.experimental.enable_tensor_float_32_execution({tf32})\n",
    "jax": 'jax.config.update("jax_default_matmul_precision", "tensorfloat32" if {tf32} else "highest")\n',
}
"""The settings with which the adapters compute on a GPU."""
_PLACE = {
    "torch": {"gpu": 'torch.device("cuda")', "cpu": 'torch.device("cpu")'},
    "tensorflow": {"gpu": 'tf.device("/GPU:0")', "cpu": 'tf.device("/CPU:0")'},
    "jax": {"gpu": 'jax.default_device(jax.devices("gpu")[0])', "cpu": 'jax.default_device(jax.devices("cpu")[0])'},
}
_MODULE = {"torch": "torch", "tensorflow": "tf", "jax": "jax"}
_SEEDED = {
    "torch": "torch.manual_seed({s})\n",
    "tensorflow": "tf.keras.utils.set_random_seed({s})\n",
    "jax": "",
}
_CALL = {
    ("torch", "eager"): "call = lambda *a: route(torch, *a, **options)",
    ("torch", "compile"): 'call = torch.compile(lambda *a: route(torch, *a, **options), backend="aot_eager")',
    ("torch", "inductor"): "call = torch.compile(lambda *a: route(torch, *a, **options))",
    ("tensorflow", "eager"): "call = lambda *a: route(tf, *a, **options)",
    ("tensorflow", "function"): "call = tf.function(lambda *a: route(tf, *a, **options))",
    ("tensorflow", "xla"): "call = tf.function(lambda *a: route(tf, *a, **options), jit_compile=True)",
    ("tensorflow", "shapeless"): (
        "call = tf.function(lambda *a: route(tf, *a, **options), "
        "input_signature=[tf.TensorSpec([None] * t.ndim, t.dtype) for t in inputs])"
    ),
    ("jax", "eager"): "call = lambda *a: route(jax, *a, **options)",
    ("jax", "jit"): "call = jax.jit(lambda *a: route(jax, *a, **options))",
    ("torch", "dynamic"): (
        'call = torch.compile(lambda *a: route(torch, *a, **options), backend="aot_eager", dynamic=True)'
    ),
}
_FORMS = {
    "transposed": "{x}.permute(*reversed(range({x}.ndim))).contiguous().permute(*reversed(range({x}.ndim)))",
    "strided": "{x}.repeat_interleave(2, -1)[..., ::2]",
    "unaligned": "torch.cat([{x}.flatten()[:1], {x}.flatten()])[1:].view({x}.shape)",
    "expanded": "{x}[..., :1].expand({x}.shape)",
}
"""How torch gets the inputs of an invariance check that are the same numbers, stored in another way."""
_MOVING = {
    "torch": """\
def at(*moved):
    arguments = list(inputs)
    for i, t in zip(wanted, moved):
        arguments[i] = t
    results = call(*arguments)
    results = results if isinstance(results, (tuple, list)) else (results,)
    return tuple(r for r in results if r.is_floating_point() or r.is_complex())
moving = tuple(inputs[i] for i in wanted)
""",
    "tensorflow": """\
def at(arguments):
    results = call(*arguments)
    results = results if isinstance(results, (tuple, list)) else (results,)
    return [r for r in results if r.dtype.is_floating or r.dtype.is_complex]
moving = [inputs[i] for i in wanted]
""",
    "jax": """\
def at(*moved):
    arguments = list(inputs)
    for i, t in zip(wanted, moved):
        arguments[i] = t
    results = call(*arguments)
    results = results if isinstance(results, (tuple, list)) else (results,)
    return tuple(r for r in results if jax.numpy.issubdtype(r.dtype, jax.numpy.inexact))
def gradient(*moved):  # JAX conjugates neither the cotangent nor the derivative
    conjugated = tuple(map(jax.numpy.conj, cotangents))
    return tuple(map(jax.numpy.conj, jax.vjp(at, *moved)[1](conjugated)))
moving = tuple(inputs[i] for i in wanted)
""",
}
_PUSHED = {
    "torch": "pushed = torch.func.jvp(at, moving, tuple(tangents))[1]\n",
    "tensorflow": """\
with tf.autodiff.ForwardAccumulator(moving, tangents) as forward:
    results = at(inputs)
pushed = [forward.jvp(r, tf.UnconnectedGradients.ZERO) for r in results]
""",
    "jax": "pushed = jax.jvp(at, moving, tuple(tangents))[1]\n",
}
_SECOND = {
    ("torch", "reverse over reverse"): """\
moving = tuple(t.clone().requires_grad_() for t in moving)
first = torch.autograd.grad(at(*moving), moving, cotangents, create_graph=True, materialize_grads=True)
pairs = [(g, t) for g, t in zip(first, tangents) if g.requires_grad]
actual = torch.autograd.grad([g for g, _ in pairs], moving, [t for _, t in pairs], allow_unused=True)[{which}]
""",
    ("torch", "forward over reverse"): """\
gradient = lambda *xs: torch.func.vjp(at, *xs)[1](tuple(cotangents))
actual = torch.func.jvp(gradient, moving, tuple(tangents))[1][{which}]
""",
    ("tensorflow", "reverse over reverse"): """\
with tf.GradientTape() as outer:
    outer.watch(moving)
    with tf.GradientTape() as tape:
        tape.watch(moving)
        results = at(inputs)
    first = tape.gradient(results, moving, output_gradients=cotangents)
pairs = [(g, t) for g, t in zip(first, tangents) if g is not None]
actual = outer.gradient([g for g, _ in pairs], moving, [t for _, t in pairs])[{which}]
""",
    ("tensorflow", "forward over reverse"): """\
with tf.autodiff.ForwardAccumulator(moving, tangents) as forward:
    with tf.GradientTape() as tape:
        tape.watch(moving)
        results = at(inputs)
    first = tape.gradient(results, moving, output_gradients=cotangents)[{which}]
actual = None if first is None else forward.jvp(first)
""",
    ("jax", "reverse over reverse"): """\
conjugated = tuple(map(jax.numpy.conj, tangents))
actual = jax.numpy.conj(jax.vjp(gradient, *moving)[1](conjugated)[{which}])
""",
    ("jax", "forward over reverse"): "actual = jax.jvp(gradient, moving, tuple(tangents))[1][{which}]\n",
}
_AGAIN = """
again = {back}
print("the first and the second run differ in", int((again != {name}).sum()), "of", again.size, "elements")
raise SystemExit(again.tobytes() != {name}.tobytes())
"""
_GRADIENT = {
    "torch": """\
inputs = [t.clone().requires_grad_() if i in wanted else t for i, t in enumerate(inputs)]
results = call(*inputs)
results = [r for r in (results if isinstance(results, tuple) else (results,)) if r.requires_grad]
actual = torch.autograd.grad(results, [inputs[i] for i in wanted], cotangents, allow_unused=True)[{which}]
""",
    "tensorflow": """\
with tf.GradientTape() as tape:
    tape.watch([inputs[i] for i in wanted])
    results = call(*inputs)
results = results if isinstance(results, tuple) else (results,)
results = [r for r in results if r.dtype.is_floating or r.dtype.is_complex]
actual = tape.gradient(results, [inputs[i] for i in wanted], output_gradients=cotangents)[{which}]
actual = actual if actual is None else tf.convert_to_tensor(actual)
""",
    "jax": _MOVING["jax"] + "actual = gradient(*moving)[{which}]\n",
}
_SESSION = """\
v1 = tf.compat.v1
with tf.Graph().as_default(), v1.Session() as session:
    inputs = {inputs}
    result = route(tf, *inputs, **options)
    {ask}
    session.run(v1.global_variables_initializer())
    actual = session.run(actual)
"""


_REFUSED = """\
except Exception as error:
    print("refused, as it must be:", error)
    raise SystemExit(0)
print("expected an error, got", {result})
raise SystemExit(1)
"""
_OF_ANOTHER_FORM = """
import re
problem = {problem!r}
found = f"shape {{tuple(actual.shape)}}", "returned " + re.findall(r"\\w+", str(actual.dtype))[-1]
print("was", problem)
print("now", *found)
raise SystemExit(any(f"{{f}} " in problem for f in found))
"""
_DRAWS = """
draws, gradients = [], []
for s in ({seed}, {seed}, {seed} + 1):
{drawn}
for name, value in (p := {statistics}({draws}, **options)).items():
    print(f"p = {{value:<10.3g}} {{name}}")
raise SystemExit(min(p.values()) < 1e-{limit:g})
"""
_DRAW = {
    "torch": """\
torch.manual_seed(s % 2**31)
{call}
x = inputs[0].clone().requires_grad_()
y = call(x)
(g,) = torch.autograd.grad(y, [x], torch.ones_like(y))
draws.append(y.detach().cpu().double().numpy().astype({dtype!r}))
gradients.append(g.cpu().double().numpy())
""",
    "tensorflow": """\
tf.keras.utils.set_random_seed(s % 2**31)
{call}
with tf.GradientTape() as tape:
    tape.watch(inputs)
    y = call(*inputs)
draws.append(y.numpy())
gradients.append(tape.gradient(y, inputs[0]).numpy())
""",
    "jax": """\
{call}
y, pull = jax.vjp(call, *inputs)
draws.append(np.asarray(y))
gradients.append(np.asarray(pull(jax.numpy.ones_like(y))[0]))
""",
}
_DRAW_ALONE = {
    "torch": """\
torch.manual_seed(s % 2**31)
{call}
y = call(*inputs).detach().cpu()
draws.append(y.double().numpy().astype({dtype!r}) if y.is_floating_point() else y.numpy())
""",
    "tensorflow": """\
tf.keras.utils.set_random_seed(s % 2**31)
{call}
draws.append(call(*inputs).numpy())
""",
    "jax": """\
{call}
draws.append(np.asarray(call(*inputs)))
""",
}

_ON_BACKEND = """\
import os
os.environ["KERAS_BACKEND"] = {backend!r}
import types
import keras

tf = types.SimpleNamespace(keras=keras, {glue})
"""
if BACKEND in BACKENDS:  # Keras: with the tensors, derivatives and devices of its backend
    _MODULE["keras"] = "tf"
    _HEAD["keras"] = _HEAD[BACKEND] + _ON_BACKEND.format(
        backend=BACKEND, glue=", ".join(f"{name}={expression}" for name, expression in GLUE.items())
    )
    _SEEDED["keras"] = "keras.utils.set_random_seed({s})\n"
    for _table in (_PRECISE, _PLACE, _MOVING, _PUSHED, _GRADIENT):
        _table["keras"] = _table[BACKEND]  # type: ignore[assignment]
    for _draw in (_DRAW, _DRAW_ALONE):
        _draw["keras"] = f"{_SEEDED['keras'].format(s='s % 2**31')}{_draw[BACKEND]}"
    for _modes in (_CALL, _SECOND):
        for (_of, _how), _code in list(_modes.items()):
            if _of == BACKEND:
                _modes["keras", _how] = _code.replace(f"route({BACKEND},", "route(tf,")

_CONVERGED = """
import scipy


{equivalence}

margins = {margins!r}
ended = {{{names}}}
for seed in range({seed}, {seed} + {runs}):
{runs_of}
p = {{}}
for name, margin in margins.items():
    a, b = ([run[name] for run in runs] for runs in ended.values())
    p[name] = equivalence(a, b, margin)
    means = f"{{np.mean(a):.5g}} in {first}, {{np.mean(b):.5g}} in {second}"
    print(f"{{name}}: {{means}}; within {{margin:g}}: p = {{p[name]:.3g}}")
raise SystemExit(not max(p.values()) <= {limit})
"""
_SIGNS = "same = same and np.signbit(actual) == np.signbit(expected)  # of zeros\n"
_COMPARED = """
index = {index}
expected = {number}({expected})
actual = {number}({actual})
floor = {floor!r}  # how far a correct {dtype} computation may move this number
limit = {limit!r}  # noise floors

error = abs(actual - expected)
print("expected", expected)
print("actual  ", actual)
print(f"error    {{error:.4g}} = {{error / floor:.4g}} noise floors, of which {{limit:g}} are allowed")
same = actual == expected or (actual != actual and expected != expected)
{signs}raise SystemExit(not (same or 0 < error <= limit * floor))
"""


@dataclass(frozen=True)
class Given:
    """What a check gave to a framework."""

    inputs: tuple[Array, ...]
    cotangents: tuple[Array, ...] = ()
    tangents: tuple[Array, ...] = ()
    how: str = ""


def script(
    test: Test,
    routes: Sequence[Route],
    sample: Sample,
    dtype: str,
    given: Given,
    score: Score,
    seed: int,
) -> str:
    """The program that reproduces one failing check; a comment in its place where the inputs are too large to print."""
    inputs = given.inputs
    arrays = [_literal(a) for a in inputs]
    if sum(map(len, arrays)) > LARGEST:
        return (
            f"# The inputs are too large to print ({sum(a.nbytes for a in inputs)} bytes). Run: {_rerun(test, seed)}\n"
        )
    title = f"{test.case.name} ({test.check}, {dtype}, {test.mode}, sample {sample.name!r}) through {test.framework}"
    parts = [f'"""{title}\n\n{_sentence(test, score)}\nRerun in the suite: {_rerun(test, seed)}\n"""\n']
    parts += [
        "import base64, zlib  # noqa\nimport numpy as np\n"
        if any("zlib" in a for a in arrays)
        else "import numpy as np\n"
    ]
    parts += [_HEAD[f] for f in test.frameworks]
    if test.device == "gpu":
        parts += [_PRECISE[f].format(tf32=test.mode == TF32) for f in test.frameworks]
    parts += [f"\noptions = {dict(sample.options)!r}\n"]
    parts += [f"{name} = {text}\n" for name, text in zip(test.case.arguments, arrays, strict=True)]
    if test.check == "statistics":
        return "".join([*parts, _placed(test, _drawn(test, routes[0], sample, dtype, inputs, seed), test.frameworks)])
    if test.check == "convergence":
        return "".join([*parts, _placed(test, _converged(test, routes, dtype, inputs, seed), test.frameworks)])
    computed = "".join(
        _placed(test, _computed(test, route, dtype, given, score), [route.framework]) for route in reversed(routes)
    )
    names = [f"{r.framework}_result" for r in routes]
    if test.check == ACROSS:
        own = _computed(test, routes[0], dtype, given, score)
        computed = f"{_placed(replace(test, device='cpu'), own, [])}cpu_result = {names[0]}\n{computed}"
        names.append("cpu_result")
    if sample.raises:
        parts += ["try:\n", indent(computed, "    "), _REFUSED.format(result=names[0])]
        return "".join(parts)
    parts.append(computed)
    if score.problem.startswith("raised"):
        parts += [f'print("raised no error, got", {names[0]})\n']
    elif score.problem:
        parts += [_OF_ANOTHER_FORM.format(problem=score.problem)]
    else:
        one = f"np.atleast_1d({names[0]})[index]"
        other = f"np.atleast_1d({names[1]})[index]" if len(names) > 1 else f'"{score.expected!r}"'
        parts.append(
            _COMPARED.format(
                index=score.index,
                expected=other,
                actual=one,
                floor=score.floor,
                dtype=dtype,
                limit=test.limit,
                signs=_SIGNS if SIGNED_ZEROS in (given.how, sample.name.replace("-", " ")) else "",
                number="complex" if dtype in COMPLEX else "float",
            )
        )
    return "".join(parts)


def _placed(test: Test, code: str, frameworks: Sequence[str]) -> str:
    """Code whose tensors lie on the device of the test."""
    if test.device == "cpu" and test.check != ACROSS:
        return code
    places = ", ".join(_PLACE[f][test.device] for f in frameworks or test.frameworks)
    return f"with {places}:\n{indent(code, '    ')}"


def _computed(test: Test, route: Route, dtype: str, given: Given, score: Score) -> str:
    """Code that leaves ``<framework>_result``, a NumPy array in double precision."""
    f = route.framework
    of_torch = _tensors_of(f) == "torch"
    names, inputs = test.case.arguments, given.inputs
    cotangents = f"[{', '.join(_tensor(f, _literal(c), c, dtype) for c in given.cotangents)}]"
    wanted = [names.index(n) for n in noise.differentiable(test.case, inputs)]
    of_input = score.output in names and test.check in ("gradient", "hvp")
    which = wanted.index(names.index(score.output)) if of_input else 0
    tensors = f"[{', '.join(_form(_tensor(f, n, a, dtype), a, given, f) for n, a in zip(names, inputs, strict=True))}]"
    code = [f"\n{named(route)}\n"]
    if test.mode == "graph":
        ask = "actual = result"
        if given.cotangents:
            ask = f"actual = tf.gradients(result, [inputs[i] for i in {wanted}], grad_ys={cotangents})[{which}]"
            ask += "\n    actual = tf.convert_to_tensor(actual)"
        code.append(_SESSION.format(inputs=tensors, ask=ask))
    else:
        code += [f"inputs = {tensors}\n", "s = 0\n" if route.draws else "", _call(route, _mode(test)) + "\n"]
        if test.check in DERIVATIVES:
            code.append(f"cotangents = {cotangents}\nwanted = {wanted}\n")
        if test.check == "gradient":
            code.append(_GRADIENT[f].format(which=which))
        elif given.tangents:
            code.append(f"tangents = [{', '.join(_tensor(f, _literal(t), t, dtype) for t in given.tangents)}]\n")
            code.append(_MOVING[f])
            code.append(_PUSHED[f] if test.check == "jvp" else _SECOND[f, given.how].format(which=which))
        else:
            code.append("actual = call(*inputs)\n")
    if test.check == "jvp":
        code.append("actual = pushed[0]\n")
    elif not of_input and score.output not in ("", "value", "projection"):
        code.append(f"actual = actual[{int(score.output) if score.output.isdigit() else score.output!r}]\n")
    double, wide = ("complex128", "clongdouble") if dtype in COMPLEX else ("float64", "longdouble")
    back = (
        f"actual.detach().cpu().to(torch.{double}).numpy()" if of_torch else f"np.asarray(actual).astype(np.{double})"
    )
    if of_input:
        back = f"np.zeros({inputs[names.index(score.output)].shape}) if actual is None else {back}"
    elif of_torch:
        back = f"{back} if isinstance(actual, torch.Tensor) else np.asarray(actual, np.{double})"
    if score.output == "projection":
        code.append(f"as_array = lambda actual: ({back}).astype(np.{wide})\n")
        back = "sum(np.sum(np.real(np.conj(as_array(c)) * as_array(p))) for c, p in zip(cotangents, pushed))"
    code.append(f"{f}_result = {back}\n")
    if given.how == AGAIN:
        code.append("actual = call(*inputs)\n" + _AGAIN.format(back=back, name=f"{f}_result"))
    return "".join(code)


def _form(tensor: str, a: Array, given: Given, framework: str) -> str:
    """The input, stored as an invariance check stores it."""
    if _tensors_of(framework) != "torch" or given.how not in _FORMS or not is_floating(a):
        return tensor
    return f"(lambda x: {_FORMS[given.how].format(x='x')})({tensor})"


def _drawn(test: Test, route: Route, sample: Sample, dtype: str, inputs: tuple[Array, ...], seed: int) -> str:
    """Code that draws as the check does, and judges the draws by the same hypothesis tests."""
    f, case = route.framework, test.case
    tensors = [_tensor(f, name, a, dtype) for name, a in zip(case.arguments, inputs, strict=True)]
    differentiated = bool(noise.differentiable(case, inputs))
    judge = inspect.getmodule(case.statistics)
    assert case.statistics is not None
    assert judge is not None
    draw = (_DRAW if differentiated else _DRAW_ALONE)[f].format(call=_call(route, test.mode), dtype=dtype)
    loop = _DRAWS.format(
        seed=first_seed(test, sample, dtype, seed),
        drawn=indent(draw.rstrip(), "    "),
        statistics=case.statistics.__name__,
        draws="draws, gradients" if differentiated else "draws",
        limit=test.limit,
    )
    needed = "import ml_dtypes  # noqa\n" if dtype == "bfloat16" else ""
    return f"{needed}\n{inspect.getsource(judge)}\n\n{named(route)}\ninputs = [{', '.join(tensors)}]\n{loop}"


def _converged(test: Test, routes: Sequence[Route], dtype: str, inputs: tuple[Array, ...], seed: int) -> str:
    """Code that runs both frameworks with many seeds, and judges what they end with by the same test."""
    assert test.case.margins is not None
    parts = ["Array = np.ndarray\n"]
    runs_of = ""
    for route in routes:
        module = _MODULE[route.framework]
        named_inputs = zip(test.case.arguments, inputs, strict=True)
        tensors = ", ".join(_tensor(route.framework, name, a, dtype) for name, a in named_inputs)
        parts.append(f"\n{named(route)}\n{module}_route, {module}_inputs = route, [{tensors}]\n")
        keyed = ", key=jax.random.key(seed)" if route.draws else ""
        runs_of += f"    {_SEEDED[route.framework].format(s='seed')}".rstrip(" ")
        runs_of += f"    run = {module}_route({module}, *{module}_inputs{keyed}, **options)\n"
        runs_of += f'    ended["{route.framework}"].append({{name: float(v) for name, v in run.items()}})\n'
    first, second = test.frameworks
    ended = _CONVERGED.format(
        equivalence=inspect.getsource(equivalence), margins=dict(test.case.margins), seed=seed, runs=RUNS,
        limit=test.limit, first=first, second=second, runs_of=runs_of.rstrip(),
        names=", ".join(f'"{f}": []' for f in test.frameworks),
    )  # fmt: skip
    return "".join([*parts, ended])


_ANNOTATIONS = {
    "Any": "from typing import Any",
    "Array": "Array = np.ndarray",
    **{word: f"from collections.abc import {word}" for word in ("Callable", "Mapping", "Sequence")},
}
"""What the catalogue's helpers may name beside the framework and NumPy."""


def _call(route: Route, mode: str) -> str:
    if not isinstance(route.call, KerasLayer):
        call = _CALL[route.framework, mode]
        return f"key = jax.random.key(s)\n{call.replace('**options', 'key=key, **options')}" if route.draws else call
    arguments = {name: value for name, value in vars(route.call).items() if name != "make"}
    taken = route.call.inputs + len(route.call.named)
    called = f"lambda *arrays: call_layer(layer, arrays, **{arguments!r})"
    wrapped = {
        "eager": "call = {}",
        "function": "call = tf.function({})",
        "shapeless": "call = tf.function({}, input_signature=signature)",
        "xla": "call = tf.function({}, jit_compile=True)",
        "jit": "call = jax.jit({})",
    }
    signature = (
        f"shapes = [[None] * t.ndim if i < {taken} else t.shape for i, t in enumerate(inputs)]\n"
        "signature = [tf.TensorSpec(shape, t.dtype) for shape, t in zip(shapes, inputs)]\n"
        if mode == "shapeless"
        else ""
    )
    header = "from collections.abc import Mapping, Sequence\nfrom typing import Any\n\n\n" + inspect.getsource(
        call_layer
    )
    build = (
        f"call_layer(layer, inputs[:{taken}], **{arguments!r})\n"
        if taken > 1
        else "if len(inputs) > 1:\n    layer.build(inputs[0].shape)\n"
    )
    return f"{header}\n\nlayer = route(tf, *inputs, **options)\n{build}{signature}" + wrapped[mode].format(called)


def named(route: Route) -> str:
    """Code that calls a route ``route``, with every function of the project that it needs."""
    own = "" if route.source.startswith("lambda") else f"{route.source}\n\n\n"
    name = route.source if not own else route.function.__name__
    code = "".join(f"{helper}\n\n\n" for helper in helpers_of(route.function)) + f"{own}route = {name}"
    needed = [line for word, line in _ANNOTATIONS.items() if re.search(rf"\b{word}\b", code)]
    return "".join(f"{line}\n" for line in needed) + ("\n\n" if needed else "") + code


def _tensor(framework: str, name: str, a: Array, dtype: str) -> str:
    """Inputs are spelled in double precision, which holds every number of the smaller formats exactly."""
    dtype = {"f": PARTS.get(dtype, dtype), "c": WHOLES.get(dtype, dtype)}.get(a.dtype.kind, dtype)
    framework = _tensors_of(framework)
    if framework == "torch":
        return f"torch.tensor({name}).to(torch.{dtype})" if is_floating(a) else f"torch.tensor({name})"
    if framework == "jax":
        return f'jax.numpy.asarray({name}, "{dtype}")' if is_floating(a) else f"jax.numpy.asarray({name})"
    return f"tf.cast({name}, tf.{dtype})" if is_floating(a) else f"tf.constant({name})"


def _tensors_of(framework: str) -> str:
    """Whose tensors a framework computes with."""
    return BACKEND if framework == "keras" else framework


def _literal(a: Array) -> str:
    if is_floating(a):
        a = a.astype(np.complex128 if a.dtype.kind == "c" else np.float64)
    if a.size <= SPELLED:
        with np.printoptions(threshold=SPELLED + 1, floatmode="unique", linewidth=116):
            text = np.array2string(a, separator=", ")
        text = text.replace("nan", "np.nan").replace("inf", "np.inf")
        shaped = f".reshape({a.shape})" if a.size == 0 else ""
        return f"np.array({indent(text, '    ').strip()}, dtype=np.{a.dtype.name}){shaped}"
    small = next(
        t
        for t in _PACKED[a.dtype.kind]
        if np.array_equal(a.astype(t).astype(a.dtype), a, equal_nan=a.dtype.kind in "fc")
    )
    packed = base64.b85encode(zlib.compress(np.ascontiguousarray(a, small).tobytes(), 9)).decode()
    return (
        f"np.frombuffer(zlib.decompress(base64.b85decode({packed!r})), np.{small}).reshape({a.shape})"
        f".astype(np.{a.dtype.name})"
    )


def _sentence(test: Test, score: Score) -> str:
    if score.problem:
        return f"The framework {score.problem}."
    return f"The worst element is {score.score:.4g} {test.case.computation.unit} off; the limit is {test.limit:g}."


def _rerun(test: Test, seed: int) -> str:
    return f'pytest conformance/test_{test.area}.py --seed {seed} --modes {_mode(test)} -k "{test.id}"'


def _mode(test: Test) -> str:
    """How the framework is called; TF32 is a setting."""
    return leading_mode(test.framework, test.case) if test.mode == TF32 else test.mode
