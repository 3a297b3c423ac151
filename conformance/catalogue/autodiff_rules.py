"""Automatic differentiation: changes in place, and rules of one's own (hooks, custom gradients, complex numbers)."""

import numpy as np

from conformance.case import COMPLEX, INTEGERS, Array, Case, Sample
from conformance.reference import autodiff as ref
from fixtures.samples import given, normal, sample

LONE = ("float64",)
VARIABLES = ("eager", "compile", "dynamic")
"""Where TensorFlow's routes make a tf.Variable, which a tf.function must not and a TF1 graph initializes apart."""


def whole(n: int = 7, low: int = -4, high: int = 5, name: str = "whole", **options) -> Sample:
    """Small integers, whose products and sums are exact in every dtype."""
    return sample(name, lambda rng: (rng.integers(low, high, n).astype(float),), **options)


ONE = [
    whole(),
    given([0.0, -0.0, 1.0, -3.0], name="zeros", dtypes=LONE),
    given(2.0, name="scalar", dtypes=LONE),
]


def leaves(*xs):
    return [x.detach().clone().requires_grad_() for x in xs]


def missing(torch, g, x):
    return torch.full(x.shape, int(g is None), dtype=torch.int64)


def missing_in_tf(tf, g, x):
    return tf.fill(tf.shape(x), tf.constant(int(g is None), tf.int64))


def or_nan_in_tf(tf, g, x):
    return x * tf.constant(float("nan"), x.dtype) if g is None else tf.convert_to_tensor(g)


# Changes in place


def multiply_in_place(torch, x):
    (x,) = leaves(x)
    h = 2 * x
    h.mul_(x)
    return torch.autograd.grad(h.sum(), x)[0]


def add_product_in_place(torch, x):
    (x,) = leaves(x)
    h = torch.zeros_like(x)
    h.addcmul_(x, x, value=2)
    return torch.autograd.grad(h.sum(), x)[0]


def multiplied(tf, x):
    with tf.GradientTape() as tape:
        tape.watch(x)
        h = 2 * x
        h *= x
    return tape.gradient(h, x)


def overwritten(torch, x, overwrite):
    (x,) = leaves(x)
    h = x * 1
    overwrite(h)
    return torch.autograd.grad((h * h).sum(), x)[0]


def set_item(h):
    h[1] = 7


def overwritten_in_tf(tf, x, overwrite):
    with tf.GradientTape() as tape:
        tape.watch(x)
        h = overwrite(x * 1)
        y = h * h
    return tape.gradient(y, x)


def modified_after_use(torch, x, modified):
    (x,) = leaves(x)
    h = x * 1
    y = (h * h).sum()
    if modified:
        h.add_(1)
    return torch.autograd.grad(y, x)[0]


def assigned_after_use(tf, x, modified):
    v = tf.Variable(x)
    with tf.GradientTape() as tape:
        y = v * v
        if modified:
            v.assign_add(tf.ones_like(v))
    return tape.gradient(y, v)


def leaf_in_place(torch, x, allowed):
    (x,) = leaves(x)
    with torch.set_grad_enabled(not allowed):
        x.add_(1)
    return torch.autograd.grad((x * x).sum(), x)[0]


def variable_in_place(tf, x, allowed):
    v = tf.Variable(x)
    with tf.GradientTape() as tape:
        v.assign_add(tf.ones_like(v))
        y = v * v
    return tape.gradient(y, v)


def copied_into(torch, x):
    (x,) = leaves(x)
    h = torch.zeros_like(x)
    h.copy_(x * x)
    return torch.autograd.grad((3 * h).sum(), x)[0]


def assigned_into(tf, x):
    v = tf.Variable(tf.zeros_like(x))
    with tf.GradientTape() as tape:
        tape.watch(x)
        v.assign(x * x)
        y = 3 * v
    return or_nan_in_tf(tf, tape.gradient(y, x), x)


def without_variable(tf, x):
    with tf.GradientTape() as tape:
        tape.watch(x)
        h = tf.identity(x * x)
        y = 3 * h
    return tape.gradient(y, x)


def not_requiring(torch, x):
    w, z = x.clone(), x.clone().requires_grad_()
    (w * z).sum().backward()
    return missing(torch, w.grad, w)


def not_trainable(tf, x):
    v = tf.Variable(x, trainable=False)
    with tf.GradientTape() as tape:
        y = v * v
    return missing_in_tf(tf, tape.gradient(y, v), x)


def not_watched(tf, x):
    v = tf.Variable(x)
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        y = v * v
    return missing_in_tf(tf, tape.gradient(y, v), x)


def jax_clipped_by_custom_vjp(jax, x):
    identity = jax.custom_vjp(lambda x: x)
    identity.defvjp(lambda x: (x, None), lambda _, g: (jax.numpy.clip(g, -5, 5),))

    def f(x):
        h = identity(x)
        return jax.numpy.sum(3 * h * h)

    return jax.grad(f)(x)


def jax_rounded_and_stopped(jax, x):
    def f(x):
        y = x + jax.lax.stop_gradient(jax.numpy.round(x) - x)
        return jax.numpy.sum(3 * y), y

    g, y = jax.grad(f, has_aux=True)(x)
    return y, g


def jax_nested(jax, f, x, order):
    """The derivative of so high an order, by jax.grad of jax.grad."""
    for _ in range(order):
        f = jax.grad(lambda x, f=f: jax.numpy.sum(f(x)))
    return f(x)


def jax_custom_vjp(jax, x, order):
    """x^2, whose derivative is said to be x^3."""
    square = jax.custom_vjp(lambda x: x * x)
    square.defvjp(lambda x: (x * x, x), lambda x, g: (g * x * x * x,))
    return jax_nested(jax, square, x, order)


def jax_soft_custom_jvp(jax, x):
    """log(1 + e^x), whose derivative is given."""
    soft = jax.custom_jvp(lambda x: jax.numpy.log(1 + jax.numpy.exp(x)))
    soft.defjvps(lambda t, y, x: t * (1 - 1 / (1 + jax.numpy.exp(x))))
    return jax_nested(jax, soft, x, 1)


def jax_grad_of_complex(jax, z, part):
    """jax.grad: the derivative by the conjugate is not conjugated."""

    def f(z):
        w = z * z
        y = {"modulus": lambda: (z * z.conj()).real, "real": lambda: w.real, "imaginary": lambda: w.imag}
        return y[part]().sum() if part in y else w.sum()

    return jax.grad(f)(z)


def jax_conjugate_of_grad(jax, z, part):
    return jax.numpy.conj(jax_grad_of_complex(jax, z, part))


IN_PLACE = (
    Case(
        "in_place_on_an_intermediate",  # 2x, then times x
        "selection",
        lambda x: 4 * x,
        torch=[multiply_in_place, add_product_in_place],
        tensorflow=[multiplied],
        samples=ONE,
        dtypes=LONE,
        sources=("https://docs.pytorch.org/docs/stable/notes/autograd.html#in-place-operations-with-autograd",),
    ),
    Case(
        "in_place_on_an_element",  # x[1] = 7, then squared
        "selection",
        ref.overwritten,
        torch=[
            lambda torch, x: overwritten(torch, x, set_item),
            lambda torch, x: overwritten(torch, x, lambda h: h[1:2].fill_(7)),
            lambda torch, x: overwritten(torch, x, lambda h: h.index_fill_(0, torch.tensor([1]), 7)),
        ],
        tensorflow=[
            lambda tf, x: overwritten_in_tf(
                tf, x, lambda h: tf.tensor_scatter_nd_update(h, [[1]], tf.constant([7], h.dtype))
            ),
            lambda tf, x: overwritten_in_tf(
                tf, x, lambda h: tf.keras.ops.slice_update(h, [1], tf.constant([7], h.dtype))
            ),
            lambda tf, x: overwritten_in_tf(
                tf, x, lambda h: tf.keras.ops.scatter_update(h, [[1]], tf.constant([7], h.dtype))
            ),
        ],
        samples=[whole(), given([0.0, -0.0, 1.0, -3.0], name="zeros"), given([3.0, 2.0], name="two")],
        dtypes=LONE,
        sources=("https://www.tensorflow.org/api_docs/python/tf/tensor_scatter_nd_update",),
    ),
    Case(
        "in_place_after_use",  # of a number that the gradient of x^2 needs
        "selection",
        ref.unmodified,
        torch=[modified_after_use],
        tensorflow=[assigned_after_use],
        samples=[
            whole(modified=False),
            given([0.0, -0.0], name="zeros", modified=False),
            whole(name="modified", modified=True, raises=True, edge=True),
        ],
        dtypes=LONE,
        modes=VARIABLES,
        sources=("https://docs.pytorch.org/docs/stable/notes/autograd.html#in-place-correctness-checks",),
    ),
    Case(
        "in_place_on_a_leaf",
        "selection",
        ref.moved_leaf,
        torch=[leaf_in_place],
        tensorflow=[variable_in_place],
        samples=[
            whole(allowed=True),
            given([0.0, -0.0], name="zeros", allowed=True),
            whole(name="recorded", allowed=False, raises=True, edge=True),
        ],
        dtypes=LONE,
        modes=VARIABLES,
        sources=("https://docs.pytorch.org/docs/stable/notes/autograd.html#in-place-operations-with-autograd",),
    ),
    Case(
        "assignment_is_differentiated",  # h = x^2, then 3h
        "selection",
        lambda x: 6 * x,
        torch=[copied_into],
        tensorflow=[assigned_into, without_variable],
        samples=ONE,
        dtypes=LONE,
        modes=VARIABLES,
        sources=("https://www.tensorflow.org/guide/autodiff#4_took_gradients_through_a_stateful_object",),
    ),
    Case(
        "unwatched_gradient_is_none",  # 1 where it is
        "selection",
        lambda x: np.ones(x.shape, np.int64),
        torch=[not_requiring],
        tensorflow=[not_trainable, not_watched],
        samples=ONE,
        dtypes=LONE,
        modes=VARIABLES,
        sources=("https://www.tensorflow.org/guide/autodiff#controlling_what_the_tape_watches",),
    ),
)


# Rules of one's own


def clipped_by_hook(torch, x):
    (x,) = leaves(x)
    x.register_hook(lambda g: g.clamp(-5, 5))
    (3 * x * x).sum().backward()
    return x.grad


def clip_accumulated(x):
    x.grad.clamp_(-5, 5)


def clipped_after_accumulation(torch, x):
    (x,) = leaves(x)
    x.register_post_accumulate_grad_hook(clip_accumulated)
    (3 * x * x).sum().backward()
    return x.grad


def clipped_by_module_hook(torch, x):
    (x,) = leaves(x)
    identity = torch.nn.Identity()
    identity.register_full_backward_hook(lambda module, before, after: (after[0].clamp(-5, 5),))
    h = identity(x)
    (3 * h * h).sum().backward()
    return x.grad


def clipped_by_custom_gradient(tf, x):
    identity = tf.custom_gradient(lambda x: (tf.identity(x), lambda g: tf.clip_by_value(g, -5, 5)))
    with tf.GradientTape() as tape:
        tape.watch(x)
        h = identity(x)
        y = 3 * h * h
    return tape.gradient(y, x)


def clipped_afterwards(tf, x):
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = 3 * x * x
    return tf.clip_by_value(tape.gradient(y, x), -5, 5)


def rounded_and_detached(torch, x):
    (x,) = leaves(x)
    y = x + (torch.round(x) - x).detach()
    return y.detach(), torch.autograd.grad((3 * y).sum(), x)[0]


def rounded_and_stopped(tf, x):
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = x + tf.stop_gradient(tf.round(x) - x)
        z = 3 * y
    return y, tape.gradient(z, x)


def rounded_by_custom_gradient(tf, x):
    f = tf.custom_gradient(lambda x: (tf.round(x), lambda g: g))
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = f(x)
        z = 3 * y
    return y, tape.gradient(z, x)


def square_with_context(torch):
    """x^2, whose derivative is said to be x^3."""

    class Square(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            return g * x * x * x

    return Square.apply


def square_with_setup(torch):
    class Square(torch.autograd.Function):
        generate_vmap_rule = True

        @staticmethod
        def forward(x):
            return x * x

        @staticmethod
        def setup_context(ctx, inputs, output):
            ctx.save_for_backward(*inputs)

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            return g * x * x * x

    return Square.apply


def derivative(torch, f, x, order):
    (x,) = leaves(x)
    y = f(x)
    for _ in range(order):
        (y,) = torch.autograd.grad(y.sum(), x, create_graph=True)
    return y.detach()


def derivative_in_tf(tf, f, x, order):
    if order == 0:
        return f(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = derivative_in_tf(tf, f, x, order - 1)
    return tape.gradient(y, x)


def func_grad_of_autograd_function(torch, x, order):
    g = square_with_setup(torch)
    for _ in range(order):
        g = torch.func.grad(lambda x, g=g: g(x).sum())
    return g(x)


def vmap_of_autograd_function(torch, x, order):
    g = square_with_setup(torch)
    for _ in range(order):
        g = torch.func.grad(g)
    return torch.func.vmap(g)(x.reshape(-1)).reshape(x.shape)


def autograd_function(torch, x, order):
    return derivative(torch, square_with_context(torch), x, order)


def autograd_function_with_setup_context(torch, x, order):
    return derivative(torch, square_with_setup(torch), x, order)


def tf_custom_gradient(tf, x, order):
    f = tf.custom_gradient(lambda x: (x * x, lambda g: g * x * x * x))
    return derivative_in_tf(tf, f, x, order)


def keras_custom_gradient(tf, x, order):
    rule = lambda x: (x * x, lambda *g, upstream=None: (g[0] if g else upstream) * x * x * x)
    return derivative_in_tf(tf, tf.keras.ops.custom_gradient(rule), x, order)


def soft(torch):
    """log(1 + e^x), whose derivative is given as 1 - 1 / (1 + e^x): chained, it would be inf / inf for large x."""

    class Soft(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            e = torch.exp(x)
            ctx.save_for_backward(e)
            return torch.log(1 + e)

        @staticmethod
        def backward(ctx, g):
            (e,) = ctx.saved_tensors
            return g * (1 - 1 / (1 + e))

    return Soft.apply


def soft_in_tf(tf):
    def forward(x):
        e = tf.exp(x)
        return tf.math.log(1 + e), lambda g: g * (1 - 1 / (1 + e))

    return tf.custom_gradient(forward)


def soft_autograd_function(torch, x):
    return derivative(torch, soft(torch), x, 1)


def soft_custom_gradient(tf, x):
    return derivative_in_tf(tf, soft_in_tf(tf), x, 1)


def one(x: Array) -> Array:
    """The derivative is formed as 1 - 1 / (1 + e^x): 1 is rounded."""
    return np.ones(x.shape)


def squared_integers(torch, x, converted):
    w = x.to(torch.float64).requires_grad_() if converted else x.clone().requires_grad_()
    return torch.autograd.grad((w * w).sum(), w)[0]


def squared_integers_in_tf(tf, x, converted):
    w = tf.cast(x, tf.float64) if converted else x
    with tf.GradientTape() as tape:
        tape.watch(w)
        y = w * w
    return or_nan_in_tf(tf, tape.gradient(y, w), tf.cast(x, tf.float64))


def complex_grad(torch, z, part):
    (z,) = leaves(z)
    w = z * z
    y = {"modulus": lambda: (z * z.conj()).real, "real": lambda: w.real, "imaginary": lambda: w.imag, "all": lambda: w}
    y[part]().sum().backward()
    return z.grad


def complex_gradient(tf, z, part):
    with tf.GradientTape() as tape:
        tape.watch(z)
        w = z * z
        if part == "modulus":
            w = tf.math.real(z * tf.math.conj(z))
        elif part != "all":
            w = tf.math.real(w) if part == "real" else tf.math.imag(w)
    return tape.gradient(w, z)


def used_after_inference(torch, x, cloned):
    with torch.inference_mode():
        w = x * 2
    w = w.clone() if cloned else w
    (x,) = leaves(x)
    return torch.autograd.grad((x * w).sum(), x)[0]


def gaussian(part: str, **options) -> Sample:
    return given(np.array([1 + 2j, -3j, 0j, 2 - 1j, -1 + 0j]), name=part, part=part, **options)


OWN_RULES = (
    Case(
        "gradient_clipped_on_its_way",  # of 3x^2, to [-5, 5]
        "selection",
        lambda x: np.clip(6 * x, -5, 5),
        torch=[clipped_by_hook, clipped_after_accumulation, clipped_by_module_hook],
        tensorflow=[clipped_by_custom_gradient, clipped_afterwards],
        jax=[jax_clipped_by_custom_vjp],
        samples=ONE,
        dtypes=LONE,
        sources=("https://docs.pytorch.org/docs/stable/generated/torch.Tensor.register_hook.html",),
    ),
    Case(
        "straight_through_estimator",  # 3 round(x), differentiated as 3x
        "selection",
        lambda x: (np.rint(x), 0 * x + 3),
        torch=[rounded_and_detached],
        tensorflow=[rounded_and_stopped, rounded_by_custom_gradient],
        jax=[jax_rounded_and_stopped],
        samples=[
            given([0.25, -0.75, 1.25, -3.0], name="quarters", edge=False),
            given([0.5, 1.5, -0.5, -2.5], name="ties"),
            given([0.0, -0.0], name="zeros"),
        ],
        sources=("https://arxiv.org/abs/1308.3432",),
    ),
    Case(
        "custom_gradient",  # x^2, whose derivative is declared to be x^3
        "selection",
        ref.declared,
        torch=[
            autograd_function,
            autograd_function_with_setup_context,
            func_grad_of_autograd_function,
            vmap_of_autograd_function,
        ],
        tensorflow=[tf_custom_gradient, keras_custom_gradient],
        jax=[jax_custom_vjp],
        samples=[
            *(whole(name=name, order=order) for order, name in enumerate(("first", "second", "third"), 1)),
            given([0.0, -0.0, 1.0], name="zeros", order=1),
        ],
        dtypes=LONE,
        sources=(
            "https://docs.pytorch.org/docs/stable/notes/extending.html",
            "https://www.tensorflow.org/api_docs/python/tf/custom_gradient",
        ),
    ),
    Case(
        "custom_gradient_of_softplus",
        "elementwise",
        ref.logistic,
        intermediates=one,
        torch=[soft_autograd_function],
        tensorflow=[soft_custom_gradient],
        jax=[jax_soft_custom_jvp],
        samples=[normal((20,)), given([1e4, 800.0, 100.0], name="overflow"), given([0.0, -0.0], name="zeros")],
        sources=("https://www.tensorflow.org/api_docs/python/tf/custom_gradient",),
    ),
    Case(
        "gradient_of_integers",  # of x^2
        "selection",
        ref.integer_gradient,
        torch=[squared_integers],
        tensorflow=[squared_integers_in_tf],
        jax=[
            lambda jax, x, converted: jax.grad(lambda w: jax.numpy.sum(w * w))(x.astype("float64") if converted else x)
        ],
        samples=[
            whole(low=0, converted=True),
            given([0.0, 1.0], name="zero-and-one", converted=True),
            whole(low=0, name="direct", converted=False, raises=True, edge=True),
        ],
        dtypes=INTEGERS,
        sources=("https://www.tensorflow.org/guide/autodiff#3_took_gradients_through_an_integer_or_string",),
    ),
    Case(
        "complex_gradient_convention",  # dL/dRe + i dL/dIm
        "selection",
        ref.complex_gradient,
        torch=[complex_grad],
        tensorflow=[complex_gradient],
        jax=[jax_grad_of_complex, jax_conjugate_of_grad],
        samples=[gaussian("modulus"), gaussian("real"), gaussian("imaginary"), gaussian("all", raises=True)],
        dtypes=COMPLEX,
        sources=("https://docs.pytorch.org/docs/stable/notes/autograd.html#autograd-for-complex-numbers",),
    ),
    Case(
        "inference_tensors",  # cannot be saved for a gradient
        "selection",
        ref.doubled,
        torch=[used_after_inference],
        samples=[
            whole(cloned=True),
            given([0.0, -0.0], name="zeros", cloned=True),
            whole(name="not-cloned", cloned=False, raises=True, edge=True),
        ],
        dtypes=LONE,
        sources=("https://docs.pytorch.org/docs/stable/notes/autograd.html#inference-mode",),
    ),
)

RULES = (*IN_PLACE, *OWN_RULES)
