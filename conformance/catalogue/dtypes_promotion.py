"""The dtype of results: tables of every pair of dtypes and of Python scalars.

A sample is a row: the left dtype in its name, all right ones in its options. The result is the position of each
result's name in a list (`conformance.reference.dtypes.NAMES`), or -1 where the framework refuses. A case asks whether a
framework follows one rule: NumPy's, or the one that it documents.
"""

from conformance.case import Case, Sample
from conformance.reference import dtypes as ref
from fixtures.samples import given

DTYPES = ref.NAMES[:15]
MODES = ("eager",)
"""Types are found before anything is compiled, and a refusal ends a trace."""


def codes(dtypes):
    names = ["bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float16", "bfloat16",
             "float32", "float64", "complex64", "complex128", "complex32"]  # fmt: skip
    return [-1 if d is None else names.index(d) for d in dtypes]


def row(torch, left, rights, add, zero_dimensional=False):
    """The dtype of ``add(a, b)`` for a of one dtype and b of each other."""

    def name(right):
        a = torch.ones(1, dtype=getattr(torch, left))
        b = torch.ones(() if zero_dimensional else 1, dtype=getattr(torch, right))
        try:
            result = add(a, b)
        except (RuntimeError, NotImplementedError):
            return None
        return str(getattr(result, "dtype", result)).removeprefix("torch.")

    return torch.tensor(codes(map(name, rights)))


def row_in_tf(tf, left, rights, add, zero_dimensional=False):
    def name(right):
        a = tf.ones(1, left) if left != "bool" else tf.constant([True])
        b = tf.cast(tf.ones([] if zero_dimensional else 1, tf.int32), right)
        try:
            result = add(a, b)
        except (TypeError, ValueError, tf.errors.OpError):
            return None
        return tf.as_dtype(getattr(result, "dtype", result)).name

    return tf.constant(codes(map(name, rights)), tf.int64)


def scalars_of(names):
    return [{"bool": True, "int": 1, "float": 1.0, "complex": 1j}[n] for n in names]


def with_scalars(torch, left, scalars, add):
    def name(scalar):
        try:
            result = add(torch.ones(1, dtype=getattr(torch, left)), scalar)
        except (RuntimeError, NotImplementedError):
            return None
        return str(getattr(result, "dtype", result)).removeprefix("torch.")

    return torch.tensor(codes(map(name, scalars_of(scalars))))


def with_scalars_in_tf(tf, left, scalars, add):
    def name(scalar):
        try:
            result = add(tf.cast([1], left), scalar)
        except (TypeError, ValueError, OverflowError, tf.errors.OpError):
            return None
        return tf.as_dtype(getattr(result, "dtype", result)).name

    return tf.constant(codes(map(name, scalars_of(scalars))), tf.int64)


def of_one(torch, names, call):
    def name(dtype):
        try:
            return str(call(torch.ones(1, dtype=getattr(torch, dtype))).dtype).removeprefix("torch.")
        except (RuntimeError, NotImplementedError):
            return None

    return torch.tensor(codes(map(name, names)))


def of_one_in_tf(tf, names, call):
    def name(dtype):
        try:
            return call(tf.cast([1], dtype)).dtype.name
        except (TypeError, ValueError, tf.errors.OpError):
            return None

    return tf.constant(codes(map(name, names)), tf.int64)


def rows(rights: tuple[str, ...] = DTYPES, **options: bool) -> list[Sample]:
    return [
        given([0], name=left, left=left, rights=rights, edge=left in ("bool", "bfloat16", "uint64"), **options)
        for left in rights
    ]


def columns(*groups: tuple[str, tuple[str, ...]]) -> list[Sample]:
    return [
        given([0], name=f"{left}-{name}", left=left, scalars=scalars, edge=left == "bool")
        for left in DTYPES
        for name, scalars in groups
    ]


SORTS = {
    "bool": ("bool",), "int": ("int8", "int16", "int32", "int64", "uint8"), "wide-uint": ("uint16", "uint32", "uint64"),
    "float": ("float16", "float32", "float64"), "bfloat16": ("bfloat16",), "complex": ("complex64", "complex128"),
}  # fmt: skip


def sorts(function: str) -> list[Sample]:
    return [given([0], name=sort, function=function, names=n, edge=sort == "bool") for sort, n in SORTS.items()]


FLOATING = tuple(n for n in DTYPES if n not in ("uint64", "complex128"))
TORCH_RULE = "https://docs.pytorch.org/docs/stable/tensor_attributes.html#type-promotion-doc"


def jax_promoted(jax, x, left, rights):
    """jax.numpy.promote_types"""
    return jax.numpy.array(codes([jax.numpy.promote_types(left, right).name for right in rights]))


def jax_added(jax, x, left, rights):
    """jax.numpy.add"""
    ones = jax.numpy.ones
    return jax.numpy.array(codes([jax.numpy.add(ones(1, left), ones(1, right)).dtype.name for right in rights]))


def jax_with_scalars(jax, x, left, scalars):
    """jax.numpy.add of a Python number, whose type is weak"""
    return jax.numpy.array(codes([jax.numpy.add(jax.numpy.ones(1, left), s).dtype.name for s in scalars_of(scalars)]))


PROMOTION = (
    Case(
        "result_dtype",  # NumPy's rule
        "selection",
        ref.result_dtype,
        torch=[
            lambda torch, x, left, rights: row(torch, left, rights, lambda a, b: torch.add(a, b)),
            lambda torch, x, left, rights: row(torch, left, rights, lambda a, b: torch.Tensor.__add__(a, b)),
            lambda torch, x, left, rights: row(torch, left, rights, lambda a, b: torch.result_type(a, b)),
        ],
        tensorflow=[
            lambda tf, x, left, rights: row_in_tf(
                tf, left, rights, lambda a, b: tf.experimental.numpy.result_type(a.dtype, b.dtype)
            ),
            lambda tf, x, left, rights: row_in_tf(tf, left, rights, lambda a, b: tf.experimental.numpy.add(a, b)),
            lambda tf, x, left, rights: row_in_tf(tf, left, rights, lambda a, b: tf.keras.ops.add(a, b)),
        ],
        samples=rows(),
        dtypes=("int32",),
        modes=MODES,
        sources=("https://numpy.org/doc/stable/reference/arrays.promotion.html",),
    ),
    Case(
        "result_dtype_by_category",  # torch's rule
        "selection",
        ref.result_dtype_by_category,
        torch=[
            lambda torch, x, left, rights, zero_dimensional=False: row(
                torch, left, rights, lambda a, b: torch.add(a, b), zero_dimensional
            ),
            lambda torch, x, left, rights, zero_dimensional=False: row(
                torch, left, rights, lambda a, b: torch.result_type(a, b), zero_dimensional
            ),
        ],
        samples=[
            *rows(),
            *(
                given([0], name=f"{s.name}-with-0-d", edge=True, **s.options, zero_dimensional=True)
                for s in rows(tuple(n for n in DTYPES if n not in ("uint16", "uint32", "uint64")))
            ),
        ],
        dtypes=("int32",),
        modes=MODES,
        sources=(TORCH_RULE,),
    ),
    Case(
        "result_dtype_by_lattice",  # JAX's rule, which Keras adopts
        "selection",
        ref.result_dtype_by_lattice,
        tensorflow=[
            lambda tf, x, left, rights: row_in_tf(tf, left, rights, lambda a, b: tf.keras.ops.add(a, b)),
            lambda tf, x, left, rights: row_in_tf(
                tf, left, rights, lambda a, b: tf.keras.backend.result_type(a.dtype.name, b.dtype.name)
            ),
        ], jax=[jax_promoted, jax_added],
        samples=[
            *rows(FLOATING),
            *(given([0], name=left, left=left, rights=DTYPES, edge=True) for left in ("uint64", "complex128")),
        ],
        dtypes=("int32",),
        modes=MODES,
        sources=("https://docs.jax.dev/en/latest/jep/9407-type-promotion.html",),
    ),
    Case(
        "result_dtype_of_equals",  # TensorFlow's rule
        "selection",
        ref.result_dtype_of_equals,
        tensorflow=[
            lambda tf, x, left, rights: row_in_tf(tf, left, rights, lambda a, b: tf.add(a, b)),
            lambda tf, x, left, rights: row_in_tf(tf, left, rights, lambda a, b: tf.Tensor.__add__(a, b)),
        ],
        samples=rows(),
        dtypes=("int32",),
        modes=MODES,
        sources=("https://www.tensorflow.org/guide/tf_numpy_type_promotion",),
    ),
    Case(
        "result_dtype_of_scalar",
        "selection",
        ref.result_dtype_of_scalar,
        torch=[
            lambda torch, x, left, scalars: with_scalars(torch, left, scalars, lambda a, s: torch.add(a, s)),
            lambda torch, x, left, scalars: with_scalars(torch, left, scalars, lambda a, s: torch.result_type(a, s)),
            lambda torch, x, left, scalars: with_scalars(
                torch, left, scalars, lambda a, s: torch.Tensor.__radd__(a, s)
            ),
        ],
        tensorflow=[
            lambda tf, x, left, scalars: with_scalars_in_tf(tf, left, scalars, lambda a, s: tf.add(a, s)),
            lambda tf, x, left, scalars: with_scalars_in_tf(
                tf, left, scalars, lambda a, s: tf.Tensor.__radd__(a, s)
            ),
            lambda tf, x, left, scalars: with_scalars_in_tf(tf, left, scalars, lambda a, s: tf.keras.ops.add(a, s)),
            lambda tf, x, left, scalars: with_scalars_in_tf(
                tf, left, scalars, lambda a, s: tf.experimental.numpy.add(a, s)
            ),
        ], jax=[jax_with_scalars],
        samples=columns(("bool", ("bool",)), ("int", ("int",)), ("float", ("float",)), ("complex", ("complex",))),
        dtypes=("int32",),
        modes=MODES,
        sources=("https://numpy.org/neps/nep-0050-scalar-promotion.html", TORCH_RULE),
    ),
    Case(
        "result_dtype_of_sum",
        "selection",
        ref.result_dtype_of,
        torch=[lambda torch, x, names, function: of_one(torch, names, lambda a: torch.sum(a))],
        tensorflow=[
            lambda tf, x, names, function: of_one_in_tf(tf, names, lambda a: tf.reduce_sum(a)),
            lambda tf, x, names, function: of_one_in_tf(tf, names, lambda a: tf.keras.ops.sum(a)),
        ],
        samples=sorts("sum"),
        dtypes=("int32",),
        modes=MODES,
        sources=("https://numpy.org/doc/stable/reference/generated/numpy.sum.html",),
    ),
    Case(
        "result_dtype_of_cumsum",
        "selection",
        ref.result_dtype_of,
        torch=[lambda torch, x, names, function: of_one(torch, names, lambda a: torch.cumsum(a, 0))],
        tensorflow=[
            lambda tf, x, names, function: of_one_in_tf(tf, names, lambda a: tf.cumsum(a)),
            lambda tf, x, names, function: of_one_in_tf(tf, names, lambda a: tf.keras.ops.cumsum(a)),
        ],
        samples=sorts("cumsum"),
        dtypes=("int32",),
        modes=MODES,
        sources=("https://numpy.org/doc/stable/reference/generated/numpy.cumsum.html",),
    ),
    Case(
        "result_dtype_of_mean",
        "selection",
        ref.result_dtype_of,
        torch=[lambda torch, x, names, function: of_one(torch, names, lambda a: torch.mean(a))],
        tensorflow=[
            lambda tf, x, names, function: of_one_in_tf(tf, names, lambda a: tf.reduce_mean(a)),
            lambda tf, x, names, function: of_one_in_tf(tf, names, lambda a: tf.keras.ops.mean(a)),
        ],
        samples=sorts("mean"),
        dtypes=("int32",),
        modes=MODES,
        sources=("https://numpy.org/doc/stable/reference/generated/numpy.mean.html",),
    ),
    Case(
        "result_dtype_of_abs",
        "selection",
        ref.result_dtype_of,
        torch=[lambda torch, x, names, function: of_one(torch, names, lambda a: torch.abs(a))],
        tensorflow=[
            lambda tf, x, names, function: of_one_in_tf(tf, names, lambda a: tf.abs(a)),
            lambda tf, x, names, function: of_one_in_tf(tf, names, lambda a: tf.keras.ops.abs(a)),
        ],
        samples=sorts("abs"),
        dtypes=("int32",),
        modes=MODES,
        sources=("https://numpy.org/doc/stable/reference/generated/numpy.absolute.html",),
    ),
    Case(
        "result_dtype_of_exp",
        "selection",
        ref.result_dtype_of,
        torch=[lambda torch, x, names, function: of_one(torch, names, lambda a: torch.exp(a))],
        tensorflow=[
            lambda tf, x, names, function: of_one_in_tf(tf, names, lambda a: tf.exp(a)),
            lambda tf, x, names, function: of_one_in_tf(tf, names, lambda a: tf.keras.ops.exp(a)),
        ],
        samples=sorts("exp"),
        dtypes=("int32",),
        modes=MODES,
        sources=("https://numpy.org/doc/stable/reference/generated/numpy.exp.html",),
    ),
    Case(
        "result_dtype_of_division",
        "selection",
        ref.result_dtype_of,
        torch=[lambda torch, x, names, function: of_one(torch, names, lambda a: torch.true_divide(a, a))],
        tensorflow=[
            lambda tf, x, names, function: of_one_in_tf(tf, names, lambda a: tf.math.truediv(a, a)),
            lambda tf, x, names, function: of_one_in_tf(tf, names, lambda a: tf.keras.ops.true_divide(a, a)),
        ],
        samples=sorts("divide"),
        dtypes=("int32",),
        modes=MODES,
        sources=("https://numpy.org/doc/stable/reference/generated/numpy.true_divide.html",),
    ),
)  # fmt: skip
