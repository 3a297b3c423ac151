"""What a framework takes where nothing is said: dtypes of Python's numbers and of layers, tolerances, precisions; and
powers that integers do not have."""

import numpy as np

from conformance.case import Case
from conformance.catalogue.dtypes_promotion import codes, row, row_in_tf, scalars_of
from conformance.reference import dtypes_defaults as ref
from fixtures.samples import given

EAGER = ("eager",)
TORCH = "https://docs.pytorch.org/docs/stable/"
TF = "https://www.tensorflow.org/api_docs/python/tf/"
WIDE = ("float64", "float32")

PYTHON = {"int": "int64", "float": "float32", "bool": "bool", "complex": "complex64"}


def dtype_of_number(torch, number, make):
    (n,) = scalars_of([number])
    return torch.tensor(codes([str(make(n).dtype).removeprefix("torch.")]))


def dtype_of_number_in_tf(tf, number, make):
    (n,) = scalars_of([number])
    return tf.constant(codes([tf.as_dtype(make(n).dtype).name]), tf.int64)


def linear(torch, x, layer, cast):
    """The numbers themselves, through a layer whose weights are the unit matrix."""
    made = torch.nn.Linear(3, 3, bias=False, dtype=getattr(torch, layer))
    made.weight = torch.nn.Parameter(torch.eye(3, dtype=made.weight.dtype))
    return made(x.to(made.weight.dtype) if cast else x).detach().to(x.dtype)


def dense(tf, x, layer, cast, **how):
    made = tf.keras.layers.Dense(3, use_bias=False, kernel_initializer="identity", dtype=layer, **how)
    return tf.cast(made(tf.cast(x, layer) if cast else x), x.dtype)


def dtype_of_layer(tf, dtype, layer, **how):
    made = tf.keras.layers.Dense(3, dtype=layer, **how)
    return tf.constant(codes([tf.as_dtype(made(tf.ones((2, 3), dtype)).dtype).name]), tf.int64)


def each_asserts(near, x, y, errors, **how):
    """Whether an assertion holds, element by element."""

    def holds(a, b):
        try:
            near(a, b, **how)
        except errors:
            return False
        return True

    return [holds(a, b) for a, b in zip(x, y, strict=True)]


def precisions(torch):
    """Whether float32 products may be computed in less."""
    backends = torch.backends
    return {
        "matmul": backends.cuda.matmul.allow_tf32,
        "matmul-precision": torch.get_float32_matmul_precision() != "highest",
        "convolution": backends.cudnn.allow_tf32,
    }


def precision_by_default(torch, x, of):
    return torch.tensor([int(precisions(torch)[of])])


def precision_switched_off(torch, x, of):
    with torch.backends.cudnn.flags(allow_tf32=False):
        return torch.tensor([int(precisions(torch)[of])])


def precision_by_default_in_tf(tf, x, of):
    return tf.constant([int(tf.config.experimental.tensor_float_32_execution_enabled())], tf.int64)


def precision_switched_off_in_tf(tf, x, of):
    experimental = tf.config.experimental
    before = experimental.tensor_float_32_execution_enabled()
    experimental.enable_tensor_float_32_execution(False)
    try:
        return precision_by_default_in_tf(tf, x, of)
    finally:
        experimental.enable_tensor_float_32_execution(before)


def power_by_tensor(torch, x, exponent, real):
    x = x.double() if real else x
    return torch.pow(x, torch.full_like(x, exponent))


def jax_number_in_64_bits(jax, x, number):
    """With jax_enable_x64, as the suite runs"""
    (n,) = scalars_of([number])
    with jax.enable_x64(True):
        return jax.numpy.array(codes([jax.numpy.asarray(n).dtype.name]))


def jax_number_by_default(jax, x, number):
    """Without"""
    (n,) = scalars_of([number])
    with jax.enable_x64(False):
        name = jax.numpy.asarray(n).dtype.name
    return jax.numpy.array(codes([name]))


DEFAULTS = (
    Case(
        "dtype_of_python_number",
        "selection",
        ref.dtype_of_python_number,
        torch=[
            lambda torch, x, number: dtype_of_number(torch, number, lambda n: torch.tensor(n)),
            lambda torch, x, number: dtype_of_number(torch, number, lambda n: torch.as_tensor(n)),
        ],
        tensorflow=[
            lambda tf, x, number: dtype_of_number_in_tf(tf, number, lambda n: tf.constant(n)),
            lambda tf, x, number: dtype_of_number_in_tf(tf, number, lambda n: tf.convert_to_tensor(n)),
            lambda tf, x, number: dtype_of_number_in_tf(tf, number, lambda n: tf.keras.ops.convert_to_tensor(n)),
            lambda tf, x, number: dtype_of_number_in_tf(
                tf, number, lambda n: tf.cast(n, {"int": "int64", "complex": "complex64"}.get(number, type(n)))
            ),
        ],
        jax=[jax_number_in_64_bits, jax_number_by_default],
        samples=[given([0], name=number, number=number, edge=number == "bool") for number in PYTHON],
        dtypes=("int32",),
        modes=EAGER,
        sources=(f"{TORCH}tensor_attributes.html", f"{TF}constant"),
    ),
    Case(
        "result_dtype_with_float64_scalar",  # a tensor without axes
        "selection",
        lambda x, *, left: ref.coded(left),
        torch=[
            lambda torch, x, left: row(torch, left, ["float64"], lambda a, b: torch.add(a, b), True),
            lambda torch, x, left: row(torch, left, ["float64"], lambda a, b: torch.mul(a, b), True),
        ],
        tensorflow=[
            lambda tf, x, left: row_in_tf(tf, left, ["float64"], lambda a, b: tf.add(a, b), True),
            lambda tf, x, left: row_in_tf(tf, left, ["float64"], lambda a, b: tf.keras.ops.add(a, b), True),
            lambda tf, x, left: row_in_tf(tf, left, ["float64"], lambda a, b: a + tf.cast(b, a.dtype), True),
        ],
        samples=[
            given([0], name=left, left=left, edge=left != "float32") for left in ("float32", "float16", "bfloat16")
        ],
        dtypes=("int32",),
        modes=EAGER,
        sources=(f"{TORCH}tensor_attributes.html", "https://docs.jax.dev/en/latest/jep/9407-type-promotion.html"),
    ),
    Case(
        "layer_given_float64",
        "selection",
        ref.layer_given_float64,
        torch=[linear],
        tensorflow=[dense],
        samples=[
            given([[1.0, 2.0, -3.0]], name="float64-layer", edge=False, layer="float64", cast=False),
            given([[1.0, 2.0, -3.0]], name="cast", layer="float32", cast=True),
            given([[1.0, 2.0, -3.0]], name="float32-layer", layer="float32", cast=False, raises=True),
        ],
        dtypes=("float64",),
        modes=EAGER,
        sources=(f"{TORCH}generated/torch.nn.Linear.html", "https://keras.io/api/layers/base_layer/"),
    ),
    Case(
        "result_dtype_of_layer",  # Keras' rule: that of the layer
        "selection",
        lambda x, *, dtype, layer: ref.coded(layer),
        tensorflow=[
            lambda tf, x, dtype, layer: dtype_of_layer(tf, dtype, layer),
        ],
        samples=[
            given([0], name=f"{dtype}-to-{layer}", edge=True, dtype=dtype, layer=layer)
            for dtype, layer in (("float64", "float32"), ("float32", "float64"), ("float64", "bfloat16"))
        ],
        dtypes=("int32",),
        modes=EAGER,
        sources=("https://keras.io/api/layers/base_layer/", "https://keras.io/api/mixed_precision/"),
    ),
    Case(
        "isclose_by_default",  # NumPy's tolerances
        "selection",
        ref.isclose,
        torch=[
            lambda torch, x, y, **how: torch.isclose(x, y, **how),
            lambda torch, x, y, **how: torch.tensor([torch.allclose(a, b, **how) for a, b in zip(x, y, strict=True)]),
            lambda torch, x, y, **how: torch.tensor(
                each_asserts(torch.testing.assert_close, x, y, AssertionError, **how)
            ),
        ],
        tensorflow=[
            lambda tf, x, y, **how: tf.keras.ops.isclose(x, y, **how),
            lambda tf, x, y, **how: tf.constant(
                each_asserts(tf.debugging.assert_near, x, y, tf.errors.InvalidArgumentError, **how)
            ),
        ],
        jax=[lambda jax, x, y, **how: jax.numpy.isclose(x, y, **how)],
        samples=[
            given([1.0, 1.0, 1.0], [1 + 4e-6, 1 + 2e-5, 1.0], name="near-one"),
            given([1e-7, 3e-9], [2e-7, 4e-9], name="near-zero"),
            given([1.0, 1.0, 0.0], [1.001, 1.1, 0.1], name="tolerances", edge=False, rtol=0.01, atol=0.125 / 8),
        ],
        dtypes=WIDE,
        modes=EAGER,
        sources=("https://numpy.org/doc/stable/reference/generated/numpy.isclose.html", f"{TORCH}testing.html"),
    ),
    Case(
        "precision_by_default",  # 0: float32 is float32
        "selection",
        lambda x, *, of: np.zeros(1, np.int64),
        torch=[precision_by_default, precision_switched_off],
        tensorflow=[precision_by_default_in_tf, precision_switched_off_in_tf],
        samples=[given([0], name=of, of=of, edge=True) for of in ("convolution", "matmul", "matmul-precision")],
        dtypes=("int32",),
        modes=EAGER,
        sources=(f"{TORCH}backends.html", f"{TF}config/experimental/enable_tensor_float_32_execution"),
    ),
    Case(
        "power_of_integers",  # to a negative one: none, unless they are made real
        "selection",
        ref.power_of_integers,
        torch=[
            lambda torch, x, exponent, real: (x.double() if real else x) ** exponent,
            lambda torch, x, exponent, real: torch.pow(x.double() if real else x, exponent),
            power_by_tensor,
        ],
        tensorflow=[
            lambda tf, x, exponent, real: tf.pow(tf.cast(x, tf.float64) if real else x, exponent),
            lambda tf, x, exponent, real: tf.keras.ops.power(tf.cast(x, tf.float64) if real else x, exponent),
        ],
        jax=[lambda jax, x, exponent, real: jax.numpy.power(x.astype("float64") if real else x, exponent)],
        samples=[
            given([1, 2, -4], name="positive", edge=False, exponent=3, real=False),
            given([1, 2, -4], name="real", exponent=-1, real=True),
            given([1, 2, -4], name="negative", exponent=-1, real=False, raises=True),
        ],
        dtypes=("int64", "int32"),
        sources=("https://numpy.org/doc/stable/reference/generated/numpy.power.html", f"{TF}math/pow"),
    ),
)
