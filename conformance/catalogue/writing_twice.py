"""Writing to one place twice, and through a mask."""

from conformance.case import Case
from conformance.reference import indexing as ref
from fixtures.samples import given

TORCH = "https://docs.pytorch.org/docs/stable/generated/torch."
TF = "https://www.tensorflow.org/api_docs/python/tf/"
INTO = [10.0, 20.0, 30.0, 40.0]


def assigned(torch, x, mask, value):
    y = x.clone()
    y[mask] = value
    return y


def assigned_in_tf(tf, x, mask, value):
    x[mask] = value
    return x


def scattered_by_mask(tf, x, mask, value):
    places = tf.where(mask)
    return tf.tensor_scatter_nd_update(x, places, tf.fill([tf.shape(places)[0]], tf.constant(value, x.dtype)))


CASES = (
    Case(
        "scatter_of_repeated",  # the last one stays, as in a loop
        "selection",
        ref.written_in_turn,
        torch=[
            lambda torch, x, i, v: torch.scatter(x, 0, i, v),
            lambda torch, x, i, v: torch.index_put(x, (i,), v),
        ],
        tensorflow=[
            lambda tf, x, i, v: tf.tensor_scatter_nd_update(x, i[:, None], v),
            lambda tf, x, i, v: tf.keras.ops.scatter_update(x, i[:, None], v),
            lambda tf, x, i, v: x * 0 + tf.scatter_nd(i[:, None], v, tf.shape(x, tf.int64)),
        ],
        jax=[lambda jax, x, i, v: x.at[i].set(v)],
        samples=[
            given(INTO, [0, 1, 2, 3], [1.0, 2.0, 3.0, 4.0], name="all", edge=False),
            given(INTO, [3, 1, 0, 2], [1.0, 2.0, 3.0, 4.0], name="in-another-order", edge=False),
            given(INTO, [0, 1, 2, 3, 0, 2], [1.0, 2.0, 3.0, 4.0, 5.0, 6.0], name="repeated"),
        ],
        dtypes=("float32", "float64"),
        modes=("eager", "function"),
        sources=(f"{TORCH}scatter.html", f"{TF}scatter_nd", f"{TF}tensor_scatter_nd_update"),
    ),
    Case(
        "assignment_by_mask",
        "selection",
        ref.assigned_by_mask,
        torch=[assigned, lambda torch, x, mask, value: torch.where(mask, value, x)],
        tensorflow=[
            lambda tf, x, mask, value: tf.where(mask, tf.constant(value, x.dtype), x),
            lambda tf, x, mask, value: tf.keras.ops.where(mask, tf.constant(value, x.dtype), x),
            scattered_by_mask,
            assigned_in_tf,
        ],
        jax=[
            lambda jax, x, mask, value: x.at[mask].set(value),
            lambda jax, x, mask, value: jax.numpy.where(mask, value, x),
        ],
        samples=[
            given(INTO, [True, False, True, False], name="some", edge=False, value=-1.0),
            given(INTO, [False] * 4, name="none", value=-1.0),
            given([INTO, INTO], [[True, True, False, True], [False, True, False, True]], name="matrix", value=0.0),
        ],
        dtypes=("float32", "float64"),
        modes=("eager", "function"),
        sources=(f"{TF}tensor_scatter_nd_update", f"{TF}boolean_mask"),
    ),
)
