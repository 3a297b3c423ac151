"""Normalization of rows and of weights. gamma and beta have the shape of the axes, ascending, as Keras keeps them;
kernels (in, out). torch counts channels along axis 1."""

from typing import Any

import numpy as np

from conformance.case import Case, KerasLayer
from conformance.catalogue.normalization_batch import DOUBLE_AND_SINGLE, settings
from conformance.reference import normalization as ref
from fixtures.samples import factors, given, normal, sample

KERAS = "https://keras.io/api/layers/normalization_layers/"
TORCH = "https://docs.pytorch.org/docs/stable/generated/torch.nn."


def last(x, axes):
    """Axes moved to the end, where torch normalizes; and how they are moved back."""
    places = tuple(range(-len(axes), 0))
    return x.movedim(axes, places), lambda y: y.movedim(places, axes)


def torch_layer_norm(torch, x, gamma, beta, axes, epsilon):
    """torch.nn.functional.layer_norm"""
    x, back = last(x, axes)
    return back(torch.nn.functional.layer_norm(x, gamma.shape, gamma, beta, **settings(eps=epsilon)))


def torch_layer_norm_module(torch, x, gamma, beta, axes, epsilon):
    """torch.nn.LayerNorm"""
    x, back = last(x, axes)
    layer = torch.nn.LayerNorm(gamma.shape, **settings(eps=epsilon), dtype=x.dtype)
    return back(torch.func.functional_call(layer, {"weight": gamma, "bias": beta}, (x,)))


def torch_layer_norm_plain(torch, x, axes, epsilon):
    """torch.nn.functional.layer_norm"""
    x, back = last(x, axes)
    return back(torch.nn.functional.layer_norm(x, x.shape[-len(axes) :], **settings(eps=epsilon)))


def torch_layer_norm_offset(torch, x, beta, axes, epsilon):
    """torch.nn.functional.layer_norm"""
    x, back = last(x, axes)
    return back(torch.nn.functional.layer_norm(x, beta.shape, None, beta, **settings(eps=epsilon)))


def torch_layer_norm_module_plain(torch, x, axes, epsilon):
    """torch.nn.LayerNorm(elementwise_affine=False)"""
    x, back = last(x, axes)
    return back(torch.nn.LayerNorm(x.shape[-len(axes) :], elementwise_affine=False, **settings(eps=epsilon))(x))


def torch_deviation_scaling(torch, x, gamma, axes, epsilon):
    x, back = last(x, axes)
    variance = x.var(dim=tuple(range(-len(axes), 0)), correction=0, keepdim=True)
    return back(x * torch.rsqrt(variance + epsilon) * gamma)


def torch_rms_norm(torch, x, scale, axes, epsilon):
    """torch.nn.functional.rms_norm"""
    x, back = last(x, axes)
    return back(torch.nn.functional.rms_norm(x, scale.shape, scale, eps=epsilon))


def torch_rms_norm_module(torch, x, scale, axes, epsilon):
    """torch.nn.RMSNorm"""
    x, back = last(x, axes)
    layer = torch.nn.RMSNorm(scale.shape, eps=epsilon, dtype=x.dtype)
    return back(torch.func.functional_call(layer, {"weight": scale}, (x,)))


def torch_group_norm_module(torch, x, gamma, beta, groups, axis, epsilon):
    """torch.nn.GroupNorm"""
    layer = torch.nn.GroupNorm(groups, x.shape[axis], **settings(eps=epsilon), dtype=x.dtype)
    weights = {"weight": gamma, "bias": beta}
    return torch.func.functional_call(layer, weights, (x.movedim(axis, 1),)).movedim(1, axis)


def torch_instance_norm_module(torch, x, gamma, beta, axis, epsilon):
    """torch.nn.InstanceNorm1d, 2d or 3d"""
    layers = {3: torch.nn.InstanceNorm1d, 4: torch.nn.InstanceNorm2d, 5: torch.nn.InstanceNorm3d}
    layer = layers[x.dim()](x.shape[axis], affine=True, **settings(eps=epsilon), dtype=x.dtype)
    weights = {"weight": gamma, "bias": beta}
    return torch.func.functional_call(layer, weights, (x.movedim(axis, 1),)).movedim(1, axis)


def torch_weight_norm(torch, x, direction, length):
    """torch.nn.utils.parametrizations.weight_norm: a length for each row of its (out, in) kernel"""
    layer = torch.nn.utils.parametrizations.weight_norm(
        torch.nn.Linear(*direction.shape, bias=False, dtype=x.dtype), dim=0
    )
    weights = {"original0": length[:, None], "original1": direction.mT}
    return torch.func.functional_call(layer, {f"parametrizations.weight.{k}": w for k, w in weights.items()}, (x,))


def torch_weight_norm_by_hand(torch, x, direction, length):
    return x @ (direction * (length / torch.linalg.vector_norm(direction, dim=0)))


def torch_power_iterations(torch, x, kernel, u, iterations):
    """torch.nn.utils.parametrizations.spectral_norm: with dim=1 it begins with the vector that Keras keeps, of the
    outputs; with 0, the default, with that of the inputs."""
    layer = torch.nn.utils.parametrizations.spectral_norm(
        torch.nn.Linear(*kernel.shape, bias=False, dtype=x.dtype), n_power_iterations=iterations, dim=1
    )
    state = {"original": kernel.mT, "0._u": torch.zeros_like(kernel[:, 0]), "0._v": u[0].clone()}
    weights = {f"parametrizations.weight.{name}": value for name, value in state.items()}
    return torch.func.functional_call(layer, weights, (x,)), state["0._v"][None]


def torch_spectral_norm(torch, x, kernel, u, iterations):
    return torch_power_iterations(torch, x, kernel, u, iterations)[0]


def torch_spectral_norm_by_hand(torch, x, kernel, u, iterations):
    with torch.no_grad():
        for _ in range(iterations):
            v = torch.nn.functional.normalize(u @ kernel.mT, dim=1)
            u = torch.nn.functional.normalize(v @ kernel, dim=1)
    return x @ kernel / (v @ kernel * u).sum()


def along(tf, scale, x, axes):
    """A number for each element of some axes, in the rank of x, whose sizes may be known only when it runs."""
    sizes = tf.keras.ops.shape(x)
    return tf.reshape(scale, [n if a in axes or a - len(sizes) in axes else 1 for a, n in enumerate(sizes)])


def keras_spectral_norm(tf, x, kernel, u, iterations):
    """tf.keras.layers.SpectralNormalization"""
    layer = tf.keras.layers.Dense(kernel.shape[1], use_bias=False, dtype=x.dtype)
    return tf.keras.layers.SpectralNormalization(layer, iterations, dtype=x.dtype)


def tf_power_iterations(tf, x, kernel, u, iterations):
    for _ in range(iterations):
        v = tf.math.l2_normalize(tf.matmul(u, tf.stop_gradient(kernel), transpose_b=True))
        u = tf.math.l2_normalize(tf.matmul(v, tf.stop_gradient(kernel)))
    return tf.matmul(x, kernel) / tf.reduce_sum(tf.matmul(v, kernel) * u), u


def tf_spectral_norm(tf, x, kernel, u, iterations):
    return tf_power_iterations(tf, x, kernel, u, iterations)[0]


def normed(*shape: int, axes: tuple[int, ...] = (-1,), epsilon: float | None = 1e-3, weights: int = 2, name: str,
           **options: Any):  # fmt: skip
    weight = tuple(shape[a] for a in axes)
    return normal(shape, *(weight,) * weights, name=name, axes=axes, epsilon=epsilon, **options)


def grouped(*shape: int, axis: int = -1, epsilon: float | None = 1e-3, name: str, **options: Any):
    n = (shape[axis],)
    return normal(shape, n, n, name=name, axis=axis, epsilon=epsilon, **options)


def spectral(rows: int, inputs: int, outputs: int, iterations: int, name: str, **options: Any):
    """u and v are constants to the gradient, though the value depends on the kernel through them: no derivative."""

    def make(rng: np.random.Generator):
        u = rng.standard_normal((1, outputs))
        return rng.standard_normal((rows, inputs)), rng.standard_normal((inputs, outputs)), u / np.linalg.norm(u)

    return sample(name, make, iterations=iterations, **options)


LRN = {"size": 5, "alpha": 0.5, "beta": 0.75, "k": 2.0}

SMALL = 0.1 * np.cos(np.arange(15.0) ** 2).reshape(3, 5)
"""Of a variance near 0.005, where epsilon matters."""
SPECTRAL = (
    "https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.parametrizations.spectral_norm.html",
    f"{KERAS}spectral_normalization/",
    "https://arxiv.org/abs/1802.05957",
)


def jax_layer_norm(jax, x, gamma, beta, axes, epsilon):
    """jax.nn.standardize"""
    shape = [n if a in axes or a - x.ndim in axes else 1 for a, n in enumerate(x.shape)]
    return jax.nn.standardize(x, axes, **settings(epsilon=epsilon)) * gamma.reshape(shape) + beta.reshape(shape)


CASES = (
    Case(
        "layer_norm",
        "reduction",
        ref.layer_norm,
        vjp=ref.layer_norm_vjp,
        intermediates=ref.layer_norm_terms,
        vjp_intermediates=ref.layer_norm_vjp_terms,
        torch=[torch_layer_norm, torch_layer_norm_module],
        tensorflow=[
            KerasLayer(
                lambda tf, x, gamma, beta, axes, epsilon: tf.keras.layers.LayerNormalization(
                    axes, dtype=x.dtype, **settings(epsilon=epsilon)
                )
            ),
            lambda tf, x, gamma, beta, axes, epsilon: tf.keras.ops.layer_normalization(
                x, gamma, beta, [a % len(x.shape) for a in axes], **settings(epsilon=epsilon)
            ),
        ],
        jax=[jax_layer_norm],
        samples=[
            normed(4, 6, name="vectors"),
            normed(2, 3, 2, 3, axes=(1, 2, 3), name="whole-images"),
            normed(2, 4, 3, axes=(1,), name="middle-axis"),
            given(
                SMALL,
                np.arange(5.0) - 1,
                np.arange(5.0),
                name="default-epsilon",
                dtypes=DOUBLE_AND_SINGLE,
                axes=(-1,),
                epsilon=None,
            ),
            given(
                np.full((2, 4), 3.0),
                [1.0, 2.0, 3.0, 4.0],
                [0.0, 1.0, -1.0, 0.5],
                name="constant",  # a derivative passes through the third power of 1 / sqrt(epsilon)
                axes=(-1,),
                epsilon=2.0**-6,
            ),
            normed(3, 1, name="one-element", edge=True),
            normal((2, 4), (3,), (3,), name="bad-sizes", axes=(-1,), epsilon=1e-3, raises=True, edge=True),
        ],
        sources=(f"{TORCH}LayerNorm.html", f"{KERAS}layer_normalization/", "https://arxiv.org/abs/1607.06450"),
    ),
    Case(
        "layer_norm_without_weights",
        "reduction",
        ref.layer_norm_plain,
        vjp=ref.layer_norm_plain_vjp,
        vjp_intermediates=ref.layer_norm_plain_vjp_terms,
        torch=[torch_layer_norm_plain, torch_layer_norm_module_plain],
        tensorflow=[
            KerasLayer(
                lambda tf, x, axes, epsilon: tf.keras.layers.LayerNormalization(
                    axes, center=False, scale=False, dtype=x.dtype, **settings(epsilon=epsilon)
                )
            ),
            lambda tf, x, axes, epsilon: tf.keras.ops.layer_normalization(
                x, axis=[a % len(x.shape) for a in axes], **settings(epsilon=epsilon)
            ),
        ],
        jax=[lambda jax, x, axes, epsilon: jax.nn.standardize(x, axes, **settings(epsilon=epsilon))],
        samples=[
            normed(4, 6, weights=0, name="vectors"),
            normed(2, 3, 4, axes=(1, 2), epsilon=1e-5, weights=0, name="two-axes"),
            normed(3, 2, weights=0, name="two-elements", edge=True),
            given(SMALL, name="default-epsilon", dtypes=DOUBLE_AND_SINGLE, axes=(-1,), epsilon=None),
        ],
        sources=(f"{TORCH}LayerNorm.html", f"{KERAS}layer_normalization/"),
    ),
    Case(
        "layer_norm_offset_alone",
        "reduction",
        ref.layer_norm_offset,
        vjp=ref.layer_norm_offset_vjp,
        vjp_intermediates=ref.layer_norm_offset_vjp_terms,
        torch=[torch_layer_norm_offset],
        tensorflow=[
            KerasLayer(
                lambda tf, x, beta, axes, epsilon: tf.keras.layers.LayerNormalization(
                    axes, scale=False, dtype=x.dtype, **settings(epsilon=epsilon)
                )
            ),
            lambda tf, x, beta, axes, epsilon: tf.keras.ops.layer_normalization(
                x, beta=beta, axis=[a % len(x.shape) for a in axes], **settings(epsilon=epsilon)
            ),
        ],
        samples=[
            normed(4, 6, weights=1, name="vectors"),
            normed(2, 3, 4, axes=(1, 2), epsilon=1e-5, weights=1, name="two-axes"),
            normed(3, 2, weights=1, name="two-elements", edge=True),
            normed(2, 4, 3, weights=1, axes=(1,), name="middle-axis", edge=True),
        ],
        sources=(f"{TORCH}LayerNorm.html", f"{KERAS}layer_normalization/"),
    ),
    Case(
        "layer_norm_rms_scaling",
        "reduction",
        ref.deviation_scaling,
        vjp=ref.deviation_scaling_vjp,
        torch=[torch_deviation_scaling],
        tensorflow=[
            KerasLayer(
                lambda tf, x, gamma, axes, epsilon: tf.keras.layers.LayerNormalization(
                    axes, epsilon=epsilon, rms_scaling=True, dtype=x.dtype
                )
            )
        ],
        samples=[
            normed(4, 6, weights=1, name="vectors"),
            normed(2, 3, 4, axes=(1, 2), weights=1, name="two-axes"),
            normed(3, 2, weights=1, name="two-elements", edge=True),
            given(np.full((2, 3), 0.5), [1.0, 2.0, -1.0], name="constant", axes=(-1,), epsilon=2.0**-6),
        ],
        sources=(f"{KERAS}layer_normalization/",),
    ),
    Case(
        "rms_norm",
        "reduction",
        ref.rms_norm,
        vjp=ref.rms_norm_vjp,
        vjp_intermediates=ref.rms_norm_vjp_terms,
        torch=[torch_rms_norm, torch_rms_norm_module],
        tensorflow=[
            KerasLayer(
                lambda tf, x, scale, axes, epsilon: tf.keras.layers.RMSNormalization(
                    axes, dtype=x.dtype, **settings(epsilon=epsilon)
                )
            ),
            lambda tf, x, scale, axes, epsilon: tf.keras.ops.rms_normalization(
                x,
                along(tf, scale, x, axes),
                axes,
                **settings(epsilon=epsilon),
            ),
        ],
        samples=[
            normed(4, 6, weights=1, name="vectors"),
            normed(2, 3, 4, axes=(-2, -1), weights=1, epsilon=1e-6, name="two-axes"),
            # Ten times smaller than elsewhere: of 0.1 torch's epsilon is hidden by the floor of second derivatives at
            # some cotangents.
            given(
                SMALL / 10,
                np.arange(5.0) - 1,
                name="default-epsilon",
                dtypes=DOUBLE_AND_SINGLE,
                axes=(-1,),
                epsilon=None,
            ),
            given([[0.0, 0.0, 0.0], [1.0, 0.0, -1.0]], [1.0, 2.0, 3.0], name="zeros", axes=(-1,), epsilon=1e-3),
            normed(3, 1, weights=1, name="one-element", edge=True),
            normal((2, 4), (3,), name="bad-sizes", axes=(-1,), epsilon=1e-3, raises=True, edge=True),
        ],
        sources=(f"{TORCH}RMSNorm.html", f"{KERAS}rms_normalization/", "https://arxiv.org/abs/1910.07467"),
    ),
    Case(
        "group_norm",
        "reduction",
        ref.group_norm,
        vjp=ref.group_norm_vjp,
        intermediates=ref.group_norm_terms,
        vjp_intermediates=ref.group_norm_vjp_terms,
        torch=[
            lambda torch, x, gamma, beta, groups, axis, epsilon: torch.nn.functional.group_norm(
                x.movedim(axis, 1), groups, gamma, beta, **settings(eps=epsilon)
            ).movedim(1, axis),
            torch_group_norm_module,
        ],
        tensorflow=[
            KerasLayer(
                lambda tf, x, gamma, beta, groups, axis, epsilon: tf.keras.layers.GroupNormalization(
                    axis=axis, dtype=x.dtype, **settings(groups=groups, epsilon=epsilon)
                )
            )
        ],
        samples=[
            grouped(2, 3, 3, 4, groups=2, name="images"),
            grouped(2, 4, 3, groups=2, axis=1, name="channels-first"),
            grouped(3, 6, groups=3, name="vectors"),
            grouped(2, 3, 4, groups=1, name="one-group", edge=True),
            given(
                SMALL[:, :4, None].repeat(2, 2) * [1, 2],
                [1.0, 2.0],
                [0.0, 0.5],
                groups=1,
                axis=-1,
                epsilon=None,
                name="default-epsilon",
                dtypes=DOUBLE_AND_SINGLE,
            ),
            grouped(1, 64, groups=None, name="default-groups", dtypes=DOUBLE_AND_SINGLE, edge=True, smooth=False),
            grouped(2, 3, 4, groups=3, name="bad-sizes", raises=True, edge=True),
        ],
        sources=(f"{TORCH}GroupNorm.html", f"{KERAS}group_normalization/", "https://arxiv.org/abs/1803.08494"),
    ),
    Case(
        "instance_norm",
        "reduction",
        lambda x, gamma, beta, *, axis, epsilon: ref.group_norm(x, gamma, beta, groups=-1, axis=axis, epsilon=epsilon),
        intermediates=lambda *inputs, axis, epsilon: ref.group_norm_terms(
            *inputs, groups=-1, axis=axis, epsilon=epsilon
        ),
        vjp=lambda c, *inputs, axis, epsilon: ref.group_norm_vjp(c, *inputs, groups=-1, axis=axis, epsilon=epsilon),
        vjp_intermediates=lambda c, *inputs, axis, epsilon: ref.group_norm_vjp_terms(
            c, *inputs, groups=-1, axis=axis, epsilon=epsilon
        ),
        torch=[
            lambda torch, x, gamma, beta, axis, epsilon: torch.nn.functional.instance_norm(
                x.movedim(axis, 1), weight=gamma, bias=beta, **settings(eps=epsilon)
            ).movedim(1, axis),
            torch_instance_norm_module,
        ],
        tensorflow=[
            KerasLayer(
                lambda tf, x, gamma, beta, axis, epsilon: tf.keras.layers.GroupNormalization(
                    -1, axis, dtype=x.dtype, **settings(epsilon=epsilon)
                )
            )
        ],
        samples=[
            grouped(2, 3, 3, 2, name="images"),
            grouped(2, 3, 4, axis=1, name="sequences-channels-first"),
            grouped(2, 2, 2, 2, 2, name="volumes"),
            grouped(1, 2, 3, 2, name="batch-of-one", edge=True),
            given(
                SMALL[:, :, None], [2.0], [0.5], axis=-1, epsilon=None, name="default-epsilon", dtypes=DOUBLE_AND_SINGLE
            ),
            grouped(2, 1, 3, name="one-position", edge=True),
        ],
        sources=(f"{TORCH}InstanceNorm2d.html", f"{KERAS}group_normalization/", "https://arxiv.org/abs/1607.08022"),
    ),
    Case(
        "unit_normalization",
        "reduction",
        ref.unit_norm,
        vjp=ref.unit_norm_vjp,
        vjp_intermediates=ref.unit_norm_vjp_terms,
        torch=[
            lambda torch, x, axes: torch.nn.functional.normalize(x, dim=axes),
            lambda torch, x, axes: x / torch.linalg.vector_norm(x, dim=axes, keepdim=True).clamp_min(1e-12),
        ],
        tensorflow=[lambda tf, x, axes: tf.keras.layers.UnitNormalization(axes, dtype=x.dtype)(x)],
        samples=[
            normal((4, 5), axes=(-1,)),
            normal((2, 3, 4), name="two-axes", axes=(1, 2)),
            # Derivatives are 0. What rounding leaves of c / |x| - c / |x| is judged by a floor that does not count the
            # division by x in a second derivative (hvp in conformance/noise.py), and is exceeded for |x| below 1.
            given([[1.5], [-2.25], [3.125]], name="one-element", axes=(-1,), edge=True),
            given(
                [[0.0, 0.0, 0.0], [3.0, 0.0, -4.0]],
                name="zero-row",
                axes=(-1,),
                gradient=False,
                dtypes=("float64", "float32", "bfloat16"),
            ),
            given([[3e-6, 4e-6]], name="small", axes=(-1,), dtypes=("float64", "float32")),
        ],
        sources=(f"{KERAS}unit_normalization/", f"{TORCH}functional.normalize.html"),
    ),
    Case(
        "local_response_norm",
        "reduction",
        ref.local_response_norm,
        vjp=ref.local_response_norm_vjp,
        torch=[
            lambda torch, x, **options: torch.nn.functional.local_response_norm(x.movedim(-1, 1), **options).movedim(
                1, -1
            ),
            lambda torch, x, size, alpha, beta, k: torch.nn.LocalResponseNorm(size, alpha, beta, k)(
                x.movedim(-1, 1)
            ).movedim(1, -1),
        ],
        # torch divides alpha by the size of the window, TensorFlow does not and asks for half of it.
        tensorflow=[
            lambda tf, x, size, alpha, beta, k: tf.nn.local_response_normalization(
                x, depth_radius=size // 2, bias=k, alpha=alpha / size, beta=beta
            )
        ],
        samples=[
            normal((2, 2, 2, 8), name="five-channels", **LRN),
            normal((1, 2, 3, 4), name="three-channels", size=3, alpha=1.0, beta=0.5, k=1.0),
            normal((1, 2, 2, 2), name="window-beyond-the-channels", edge=True, **LRN),
            normal((1, 2, 2, 3), name="one-channel", size=1, alpha=1.0, beta=0.75, k=1.0, edge=True),
            normal((1, 1, 2, 6), name="even-window", size=4, alpha=1.0, beta=0.75, k=1.0, edge=True),
            normal((3,), name="bad-rank", raises=True, edge=True, **LRN),
        ],
        dtypes=("float64", "float32", "float16"),  # neither has a kernel for bfloat16
        sources=(
            f"{TORCH}LocalResponseNorm.html",
            "https://www.tensorflow.org/api_docs/python/tf/nn/local_response_normalization",
        ),
    ),
    Case(
        "weight_norm",
        "contraction",
        ref.weight_norm,
        vjp=ref.weight_norm_vjp,
        vjp_intermediates=ref.weight_norm_vjp_terms,
        torch=[torch_weight_norm_by_hand, torch_weight_norm],
        tensorflow=[
            lambda tf, x, direction, length: tf.matmul(x, length * tf.math.l2_normalize(direction, axis=0)),
            lambda tf, x, direction, length: tf.matmul(x, direction * (length / tf.norm(direction, axis=0))),
        ],
        jax=[lambda jax, x, direction, length: x @ (direction * (length / jax.numpy.linalg.norm(direction, axis=0)))],
        samples=[
            normal((3, 4), (4, 2), (2,)),
            normal((1, 3), (3, 5), (5,), name="one-row"),
            sample(
                "one-input",
                lambda rng: (rng.standard_normal((2, 1)), factors(rng, (1, 3)), rng.standard_normal(3)),
                edge=True,
                smooth=False,  # its second derivatives are 0, differences of numbers that no floor of an element knows
            ),
            sample(
                "negative-length",
                lambda rng: (rng.standard_normal((2, 3)), rng.standard_normal((3, 2)), np.array([-1.5, 0.0])),
                edge=True,
            ),
            normal((3, 4), (4, 2), (3,), name="bad-sizes", raises=True, edge=True),
        ],
        sources=(
            "https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.parametrizations.weight_norm.html",
            "https://arxiv.org/abs/1602.07868",
        ),
    ),
    Case(
        "spectral_normalization",
        "contraction",
        ref.spectral_norm,
        vjp=ref.spectral_norm_vjp,
        vjp_intermediates=ref.spectral_norm_vjp_terms,
        held=("u",),
        torch=[torch_spectral_norm_by_hand, torch_spectral_norm],
        tensorflow=[KerasLayer(keras_spectral_norm, {"training": True}), tf_spectral_norm],
        samples=[
            spectral(1, 1, 1, 1, "one-element", edge=True),
            spectral(3, 4, 3, 1, "one-iteration", smooth=False),
            spectral(2, 3, 5, 3, "three-iterations", smooth=False),
            spectral(2, 4, 2, 8, "many-iterations", smooth=False, edge=True),
            sample(
                "bad-sizes",
                lambda rng: (rng.standard_normal((2, 3)), rng.standard_normal((3, 2)), np.ones((1, 3))),
                iterations=1,
                raises=True,
                edge=True,
            ),
        ],
        sources=SPECTRAL,
    ),
    Case(
        "spectral_normalization_state",
        "contraction",
        ref.power_iterations,
        torch=[torch_power_iterations],
        tensorflow=[KerasLayer(keras_spectral_norm, {"training": True}, state=True), tf_power_iterations],
        samples=[
            spectral(2, 4, 3, 1, "one-iteration"),
            spectral(2, 3, 5, 3, "three-iterations"),
            spectral(2, 1, 3, 1, "one-input", edge=True),
            spectral(2, 2, 1, 2, "one-output", edge=True),
        ],
        sources=SPECTRAL,
    ),
)
