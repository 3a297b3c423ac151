"""Programs as the frameworks trace and compile them: what runs again, what is still refused, which format comes out.

A route makes its own graph, whatever the mode; "compiled" is XLA.
"""

from typing import Any

import numpy as np

from conformance.case import Array, Case
from conformance.reference import programs as ref
from fixtures.samples import given, normal, sample

EAGER = ("eager",)
FUNCTION = "https://www.tensorflow.org/guide/function"
XLA = "https://www.tensorflow.org/xla"

# What runs again


def torch_executions(torch, calls):
    seen = []

    def program(n):
        seen.append(n)
        return n

    for n in calls.tolist():
        program(n)
    return torch.tensor(len(seen))


def executions(tf, calls, wrapped):
    seen = []

    def program(n):
        seen.append(n)
        return n

    program = wrapped(program)
    for n in calls.numpy().tolist():
        program(n)
    return tf.constant(len(seen), tf.int64)


def tf_executions(tf, calls):
    return executions(tf, calls, lambda program: program)


def tf_function_executions(tf, calls):
    return executions(tf, calls, tf.function)


def tf_traces(tf, calls, arguments):
    """How often tf.function traces, for arguments of a kind."""
    signature = {"input_signature": [tf.TensorSpec([None])]} if arguments == "vectors of any length" else {}
    program = tf.function(lambda v: 2 * v, **signature)
    for n in calls.numpy().tolist():
        program({"numbers": n, "tensors": tf.constant(n)}.get(arguments, tf.zeros([n])))
    return tf.constant(program.experimental_get_tracing_count(), tf.int64)


# What is refused


def torch_asserts(torch, x):
    assert (x > 0).all()
    return 2 * x


def asserting(tf, x):
    tf.debugging.assert_positive(x)
    return 2 * x


def tf_asserts(tf, x):
    return asserting(tf, x)


def tf_function_asserts(tf, x):
    return tf.function(lambda x: asserting(tf, x))(x)


def tf_compiled_asserts(tf, x):
    return tf.function(lambda x: asserting(tf, x), jit_compile=True)(x)


def tf_losses(tf, logits, labels, compiled):
    @tf.function(jit_compile=compiled)
    def program(logits, labels):
        return tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)

    return program(logits, labels)


def tf_function_losses(tf, logits, labels):
    return tf_losses(tf, logits, labels, False)


def tf_compiled_losses(tf, logits, labels):
    return tf_losses(tf, logits, labels, True)


def keras_predict(tf, layer, inputs, weights, compiled):
    """An array of NumPy's."""
    model = tf.keras.Sequential([tf.keras.Input(inputs.shape[1:], dtype=inputs.dtype), layer])
    model.set_weights([tf.keras.ops.convert_to_numpy(w) for w in weights])
    model.compile(jit_compile=compiled)
    return model.predict_on_batch(tf.keras.ops.convert_to_numpy(inputs))


def keras_rows(tf, ids, table, compiled):
    layer = tf.keras.layers.Embedding(*table.shape, dtype=table.dtype)
    return keras_predict(tf, layer, ids, [table], compiled)


def keras_predicted_rows(tf, ids, table):
    return tf.keras.ops.convert_to_tensor(keras_rows(tf, ids, table, False))


def keras_predicted_rows_compiled(tf, ids, table):
    """TensorFlow's alone: on torch jit_compile is inductor, which asks for a compiler of C++."""
    return tf.constant(keras_rows(tf, ids, table, True))


def keras_maximum(tf, x, compiled):
    return keras_predict(tf, tf.keras.layers.GlobalMaxPooling1D(dtype=x.dtype), x, [], compiled)


def keras_predicted_maximum(tf, x):
    return tf.keras.ops.convert_to_tensor(keras_maximum(tf, x, False))


def keras_predicted_maximum_compiled(tf, x):
    return tf.constant(keras_maximum(tf, x, True))


# What Python may do


def torch_branch(torch, x):
    return x if x.sum() > 0 else -2 * x


def tf_branch(tf, x):
    return x if tf.reduce_sum(x) > 0 else -2 * x


def tf_function_cond(tf, x):
    return tf.function(lambda x: tf.cond(tf.reduce_sum(x) > 0, lambda: x, lambda: -2 * x), autograph=False)(x)


def tf_function_branch(tf, x):
    return tf.function(lambda x: x if tf.reduce_sum(x) > 0 else -2 * x, autograph=False)(x)


def torch_variable(torch, x):
    def program(x):
        return torch.nn.Parameter(x) * 2

    program(x)
    return program(x).detach()


def tf_variable(tf, x, wrapped):
    def program(x):
        return tf.Variable(x) * 2

    program = wrapped(program)
    program(x)
    return program(x)


def tf_variable_each_call(tf, x):
    return tf_variable(tf, x, lambda program: program)


def tf_function_variable_each_call(tf, x):
    return tf_variable(tf, x, tf.function)


def tf_function_variable_outside(tf, x):
    v = tf.Variable(tf.zeros_like(x))
    program = tf.function(lambda x: v.assign(x) * 2)
    program(x)
    return program(x)


# Formats


def torch_format(torch, x, what):
    """Bits of the result under torch.autocast."""
    nn, x = torch.nn, x.float()
    with torch.autocast("cpu", torch.bfloat16):
        y = nn.Linear(4, 4)(x)
        result = {
            "dense": lambda: y,
            "softmax": lambda: y.softmax(-1),
            "layer normalization": lambda: nn.LayerNorm(4)(y),
            "loss object": lambda: nn.MSELoss()(y, x),
            "loss function": lambda: nn.functional.mse_loss(y, x),
        }.get(what, lambda: None)()
    if what == "last layer in float32":  # outside of the context
        result = nn.Linear(4, 4)(y.float())
    return torch.tensor(torch.finfo(result.dtype).bits)


def keras_format(tf, x, what):
    """Bits of the result under the policy mixed_bfloat16."""
    layers, losses, x = tf.keras.layers, tf.keras.losses, tf.cast(x, "float32")
    usual = tf.keras.config.dtype_policy()
    tf.keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        y = layers.Dense(4)(x)
        result = {
            "dense": lambda: y,
            "softmax": lambda: layers.Softmax()(y),
            "layer normalization": lambda: layers.LayerNormalization()(y),
            "loss object": lambda: losses.MeanSquaredError()(x, y),
            "loss function": lambda: losses.get("mean_squared_error")(x, y),
            "last layer in float32": lambda: layers.Dense(4, dtype="float32")(y),
        }[what]()
    finally:
        tf.keras.config.set_dtype_policy(usual)
    bits = {"float32": 32, "bfloat16": 16}[tf.keras.utils.standardize_dtype(result.dtype)]
    return tf.keras.ops.convert_to_tensor(bits, "int64")


# Determinism


def torch_determinism(torch, x, what):
    if what == "by default":
        return torch.tensor(torch.are_deterministic_algorithms_enabled())
    torch.set_deterministic_debug_mode("error")  # use_deterministic_algorithms, less seconds of imports
    if what == "asked for":
        found = torch.are_deterministic_algorithms_enabled()
    elif what == "an operation that it refuses":
        try:
            torch.zeros(2).put_(torch.tensor([0, 0]), torch.ones(2))
            found = False
        except RuntimeError:
            found = True
    torch.set_deterministic_debug_mode("default")
    return torch.tensor(torch.are_deterministic_algorithms_enabled() if what == "switched off" else found)


def tf_determinism(tf, x, what):
    from tensorflow.python.framework import config  # switching off has no public name

    if what == "by default":
        return tf.constant(config.is_op_determinism_enabled())
    tf.config.experimental.enable_op_determinism()
    if what == "asked for":
        found = config.is_op_determinism_enabled()
    elif what == "an operation that it refuses":
        tf.random.set_seed(None)
        try:
            tf.random.uniform([2])
            found = False
        except RuntimeError:
            found = True
    config.disable_op_determinism()
    return tf.constant(config.is_op_determinism_enabled() if what == "switched off" else found)


def labelled(rows: int, classes: int):
    return lambda rng: (rng.standard_normal((rows, classes)), rng.integers(0, classes, rows))


def lookup(*ids: int):
    """From a table of three rows."""
    return lambda rng: (np.array([ids]), rng.standard_normal((3, 2)))


def quarters(*shape: int):
    """Numbers that float32 holds: predict casts its inputs to floatx."""
    return lambda rng: (rng.integers(-20, 20, shape) / 4,)


def positive(*shape: int):
    def make(rng: np.random.Generator) -> tuple[Array, ...]:
        return (rng.uniform(0.5, 2, shape),)

    return make


def asked(what: str) -> Any:
    edge = what in ("loss function", "last layer in float32", "an operation that it refuses", "switched off")
    return sample(what.replace(" ", "-"), lambda _: (np.ones((2, 4)),), what=what, edge=edge)


CASES = (
    Case(
        "executions_of_python",
        "selection",
        ref.executions,
        torch=[torch_executions],
        tensorflow=[tf_executions, tf_function_executions],
        samples=[
            given([1, 2, 3], name="different", edge=False),
            given([1, 2, 3, 1, 2, 3], name="different-twice", edge=False),
            given([2, 2, 2], name="the-same"),
            given([2], name="once"),
        ],
        dtypes=("float64",),
        modes=EAGER,
        sources=(FUNCTION,),
    ),
    Case(
        "traces",
        "selection",
        ref.traces,
        tensorflow=[tf_traces],
        samples=[
            given([1, 2, 3, 1], arguments="numbers", name="numbers", edge=False),
            given([1, 2, 3, 1], arguments="tensors", name="tensors", edge=False),
            given([1, 2, 3, 1], arguments="vectors", name="vectors"),
            given([1, 2, 3, 1], arguments="vectors of any length", name="vectors-of-any-length"),
        ],
        dtypes=("float64",),
        modes=EAGER,
        sources=(FUNCTION,),
    ),
    Case(
        "assertion_in_a_program",
        "selection",
        ref.asserted,
        torch=[torch_asserts],
        tensorflow=[tf_asserts, tf_function_asserts, tf_compiled_asserts],
        samples=[
            sample("holds", positive(3)),
            sample("of-a-matrix", positive(2, 3)),
            sample("of-one-number", positive(1), edge=True),
            given([1.0, -1.0], name="fails", raises=True),
        ],
        dtypes=("float64",),
        modes=EAGER,
        sources=(FUNCTION, XLA),
    ),
    Case(
        "labels_in_a_program",
        "reduction",
        ref.cross_entropy_of_rows,
        intermediates=lambda logits, labels: np.ones(()),  # the logarithm of a sum that is at least 1
        torch=[lambda torch, logits, labels: torch.nn.functional.cross_entropy(logits, labels, reduction="none")],
        tensorflow=[tf_function_losses, tf_compiled_losses],
        samples=[
            sample("ordinary", labelled(4, 3)),
            sample("two-classes", labelled(3, 2)),
            sample("one-row", labelled(1, 5), edge=True),
            given([[0.0, 1.0]], [7], name="bad-index", raises=True),
        ],
        dtypes=("float64",),
        modes=EAGER,
        sources=("https://www.tensorflow.org/api_docs/python/tf/nn/sparse_softmax_cross_entropy_with_logits",),
    ),
    Case(
        "ids_in_predict",
        "selection",
        ref.rows_of_table,
        torch=[lambda torch, ids, table: torch.nn.Embedding.from_pretrained(table)(ids)],
        tensorflow=[keras_predicted_rows, keras_predicted_rows_compiled],
        samples=[
            sample("all", lookup(0, 1, 2)),
            sample("repeated", lookup(1, 1)),
            sample("one", lookup(2), edge=True),
            sample("beyond-the-table", lookup(7), raises=True, edge=True),
        ],
        dtypes=("float64",),
        modes=EAGER,
        sources=("https://keras.io/api/models/model_training_apis/#compile-method", XLA),
    ),
    Case(
        "maximum_in_predict",
        "selection",
        ref.maximum_of_steps,
        torch=[lambda torch, x: x.amax(dim=1)],
        tensorflow=[keras_predicted_maximum, keras_predicted_maximum_compiled],
        samples=[
            sample("quarters", quarters(2, 3, 2)),
            sample("one-feature", quarters(1, 4, 1)),
            sample("one-step", quarters(1, 1, 3), edge=True),
            given([[[1.0], [np.nan], [2.0]]], name="nan"),
        ],
        dtypes=("float64",),
        modes=EAGER,
        sources=("https://keras.io/api/models/model_training_apis/#compile-method", XLA),
    ),
    Case(
        "branch_on_a_value",
        "selection",
        ref.branch,
        torch=[torch_branch],
        tensorflow=[tf_branch, tf_function_cond, tf_function_branch],
        samples=[
            given([1.0, 2.0], name="positive", edge=False),
            given([1.0, -2.0], name="negative", edge=False),
            given([0.0], name="zero"),
            given([np.nan], name="nan"),
        ],
        dtypes=("float64",),
        modes=EAGER,
        sources=(FUNCTION,),
    ),
    Case(
        "variable_in_a_function",
        "selection",
        ref.twice,
        torch=[torch_variable],
        tensorflow=[tf_variable_each_call, tf_function_variable_outside, tf_function_variable_each_call],
        samples=[
            normal((3,)),
            normal((2, 2), name="matrix"),
            normal((1,), name="one-element", edge=True),
            normal((), name="0-d", edge=True),
        ],
        dtypes=("float64",),
        modes=EAGER,
        sources=(f"{FUNCTION}#creating_tfvariables",),
    ),
    Case(
        "format_under_mixed_precision",
        "selection",
        ref.mixed_format,
        torch=[torch_format],
        tensorflow=[keras_format],
        samples=[asked(what) for what in ref.MIXED],
        dtypes=("float64",),
        modes=EAGER,
        sources=(
            "https://docs.pytorch.org/docs/stable/amp.html#autocast-op-reference",
            "https://keras.io/api/mixed_precision/",
        ),
    ),
    Case(
        "determinism",
        "selection",
        ref.determinism,
        torch=[torch_determinism],
        tensorflow=[tf_determinism],
        samples=[asked(what) for what in ref.DETERMINISM],
        dtypes=("float64",),
        modes=EAGER,
        sources=(
            "https://docs.pytorch.org/docs/stable/generated/torch.use_deterministic_algorithms.html",
            "https://www.tensorflow.org/api_docs/python/tf/config/experimental/enable_op_determinism",
        ),
    ),
)
