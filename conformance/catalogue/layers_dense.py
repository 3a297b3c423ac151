"""Dense layers. A kernel is (in, out), as Keras keeps it; torch keeps its transpose. That of a bilinear layer is (out,
in, in): it is torch's, for Keras has none."""

from typing import Any

import numpy as np

from conformance.case import Case, KerasLayer
from conformance.reference import embeddings
from conformance.reference import layers as ref
from fixtures.samples import given, normal, sample

TORCH = "https://docs.pytorch.org/docs/stable/generated/torch.nn."
KERAS = "https://keras.io/api/layers/core_layers/"


def torch_activated(torch, x, kernel, bias, activation):
    """torch.nn.Linear, then the activation"""
    layers = {"relu": torch.nn.ReLU(), "tanh": torch.nn.Tanh(), "softmax": torch.nn.Softmax(-1)}
    model = torch.nn.Sequential(
        torch.nn.Linear(*kernel.shape, dtype=x.dtype), layers.get(activation, torch.nn.Identity())
    )
    return torch.func.functional_call(model, {"0.weight": kernel.mT, "0.bias": bias}, (x,))


def result_shape(x, kernel, equation):
    """Of an einsum, as Keras wants it: without the batch axis, or without what the ellipsis holds."""
    operands, result = equation.split("->")
    of_x, of_kernel = operands.split(",")
    sizes = dict(zip(of_kernel, kernel.shape, strict=True))
    if "..." in equation:
        return sizes[result[-1]]
    sizes |= dict(zip(of_x, x.shape, strict=True))
    return tuple(sizes[letter] for letter in result[1:])


def dense(*x: int, outputs: int, name: str, **options: Any):
    return normal(x, (x[-1], outputs), (outputs,), name=name, **options)


CASES = (
    Case(
        "dense",
        "contraction",
        ref.dense,
        vjp=ref.dense_vjp,
        torch=[
            lambda torch, x, kernel, bias: torch.nn.functional.linear(x, kernel.mT, bias),
            lambda torch, x, kernel, bias: torch.func.functional_call(
                torch.nn.Linear(*kernel.shape), {"weight": kernel.mT, "bias": bias}, (x,)
            ),
        ],
        tensorflow=[
            KerasLayer(lambda tf, x, kernel, bias: tf.keras.layers.Dense(kernel.shape[1], dtype=x.dtype)),
            lambda tf, x, kernel, bias: tf.matmul(x, kernel) + bias,
        ],
        samples=[
            dense(16, 32, outputs=24, name="normal"),
            dense(3, 5, 8, outputs=4, name="rank-3"),
            dense(1, 1, outputs=1, name="one-element", edge=True),
            dense(0, 3, outputs=2, name="empty-batch", edge=True),
            dense(4, outputs=3, name="rank-1", edge=True),
            normal((2, 5), (4, 3), (3,), name="bad-sizes", edge=True, raises=True),
            sample(
                "bad-dtype",
                lambda rng: (rng.integers(0, 9, (2, 4)), rng.standard_normal((4, 3)), np.zeros(3)),
                edge=True,
                raises=True,
            ),
        ],
        sources=(f"{TORCH}Linear.html", f"{KERAS}dense/"),
    ),
    Case(
        "dense_without_bias",
        "contraction",
        embeddings.dense_without_bias,
        vjp=embeddings.dense_without_bias_vjp,
        torch=[
            lambda torch, x, kernel: torch.nn.functional.linear(x, kernel.mT),
            lambda torch, x, kernel: torch.func.functional_call(
                torch.nn.Linear(*kernel.shape, bias=False), {"weight": kernel.mT}, (x,)
            ),
        ],
        tensorflow=[
            KerasLayer(lambda tf, x, kernel: tf.keras.layers.Dense(kernel.shape[1], use_bias=False, dtype=x.dtype)),
            lambda tf, x, kernel: tf.tensordot(x, kernel, 1),
        ],
        samples=[
            normal((3, 4), (4, 5)),
            normal((2, 2, 3, 2), (2, 4), name="rank-4"),
            normal((3, 1), (1, 4), name="one-input", edge=True),
            normal((1, 4), (4, 1), name="one-output", edge=True),
            normal((2, 3), (4, 2), name="bad-sizes", edge=True, raises=True),
        ],
        sources=(f"{TORCH}Linear.html", f"{KERAS}dense/"),
    ),
    Case(
        "dense_with_activation",
        "contraction",
        embeddings.activated_dense,
        vjp=embeddings.activated_dense_vjp,
        vjp_intermediates=embeddings.activated_dense_vjp_terms,
        torch=[torch_activated],
        tensorflow=[
            KerasLayer(
                lambda tf, x, kernel, bias, activation: tf.keras.layers.Dense(
                    kernel.shape[1], activation=activation, dtype=x.dtype
                )
            )
        ],
        samples=[
            dense(3, 4, outputs=5, activation="relu", name="relu"),
            dense(2, 3, outputs=4, activation="softmax", name="softmax"),
            dense(2, 2, 3, outputs=2, activation="tanh", name="tanh", edge=True),
            given(
                [[1.0, 2.0], [0.0, 0.0]],
                [[1.0, 2.0, -1.0], [-0.5, 1.0, 1.0]],
                [0.0, 0.0, 1.0],
                name="kink",
                activation="relu",
                smooth=False,
            ),
            dense(1, 3, outputs=1, activation="softmax", name="softmax-of-one", edge=True),
        ],
        sources=(f"{KERAS}dense/",),
    ),
    Case(
        "einsum_dense",
        "contraction",
        embeddings.einsum_dense,
        vjp=embeddings.einsum_dense_vjp,
        torch=[
            lambda torch, x, kernel, bias, equation, bias_axes: torch.einsum(equation, x, kernel) + bias,
        ],
        tensorflow=[
            KerasLayer(
                lambda tf, x, kernel, bias, equation, bias_axes: tf.keras.layers.EinsumDense(
                    equation, result_shape(x, kernel, equation), bias_axes=bias_axes, dtype=x.dtype
                )
            ),
            lambda tf, x, kernel, bias, equation, bias_axes: tf.einsum(equation, x, kernel) + bias,
        ],
        samples=[
            normal((2, 3, 4), (4, 5), (5,), name="dense", equation="abc,cd->abd", bias_axes="d"),
            normal((2, 3, 4), (4, 2, 3), (2, 3), name="heads", equation="abc,cde->abde", bias_axes="de"),
            normal(
                (2, 2, 3, 2),
                (3, 2, 4),
                (4,),
                name="two-axes-contracted",
                equation="abde,dec->abc",
                bias_axes="c",
                edge=True,
            ),
            normal((2, 3, 2), (2, 4), (4,), name="ellipsis", equation="...x,xy->...y", bias_axes="y", edge=True),
            normal((2, 3), (4, 5), (5,), name="bad-sizes", equation="ab,bc->ac", bias_axes="c", edge=True, raises=True),
        ],
        sources=(f"{KERAS}einsum_dense/", "https://docs.pytorch.org/docs/stable/generated/torch.einsum.html"),
    ),
    Case(
        "bilinear",
        "contraction",
        embeddings.bilinear,
        vjp=embeddings.bilinear_vjp,
        torch=[
            lambda torch, a, b, kernel, bias: torch.nn.functional.bilinear(a, b, kernel, bias),
            lambda torch, a, b, kernel, bias: torch.func.functional_call(
                torch.nn.Bilinear(a.shape[-1], b.shape[-1], len(bias)), {"weight": kernel, "bias": bias}, (a, b)
            ),
        ],
        tensorflow=[
            lambda tf, a, b, kernel, bias: tf.einsum("...i,oij,...j->...o", a, kernel, b) + bias,
            lambda tf, a, b, kernel, bias: tf.keras.ops.einsum("...i,oij,...j->...o", a, kernel, b) + bias,
        ],
        samples=[
            normal((3, 2), (3, 4), (5, 2, 4), (5,)),
            normal((2, 2, 3), (2, 2, 2), (2, 3, 2), (2,), name="rank-3"),
            normal((2, 1), (2, 3), (1, 1, 3), (1,), name="one-element", edge=True),
            sample(
                "one-hot", lambda rng: (np.eye(3), np.eye(3), rng.standard_normal((2, 3, 3)), np.zeros(2)), edge=True
            ),
            normal((3, 2), (2, 4), (5, 2, 4), (5,), name="bad-rows", edge=True, raises=True),
            normal((3, 2), (3, 4), (5, 2, 3), (5,), name="bad-sizes", edge=True, raises=True),
        ],
        sources=(f"{TORCH}Bilinear.html",),
    ),
)
