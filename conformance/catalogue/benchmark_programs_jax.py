"""Steps of optimizers and of training in JAX with Optax, by the same names as in `benchmark_programs`.

Weights are arrays in the reference's layout. Loss, gradients and new weights come from one function, which is compiled;
the data are its arguments, since what it closes over would be folded into it as constants.
"""

from conformance.catalogue.jax_shared import jax_average_pool, optax
from conformance.reference import training_transformer
from conformance.reference.training_steps import NORM_EPSILON

NAMES = ("kernel_1", "bias_1", "kernel_2", "bias_2", "kernel_3", "bias_3")


def transformation(kind, learning_rate, momentum=None, beta_1=0.9, beta_2=0.999, rho=0.9, epsilon=1e-8, weight_decay=0):
    """An optimizer of Optax's by Keras' names of its options."""
    return {
        "SGD": lambda: optax().sgd(learning_rate, momentum),
        "Adam": lambda: optax().adam(learning_rate, beta_1, beta_2, epsilon),
        "AdamW": lambda: optax().adamw(learning_rate, beta_1, beta_2, epsilon, weight_decay=weight_decay),
        "RMSprop": lambda: optax().rmsprop(learning_rate, rho, epsilon),
    }[kind]()


def stepping(jax, compiled, rule, weights, loss_and_gradients, data):
    """A function that takes a step and returns the loss once it is done, and one that returns the weights."""
    held = [tuple(weights), rule.init(tuple(weights))]

    def move(weights, state, *data):
        loss, gradients = loss_and_gradients(weights, *data)
        updates, state = rule.update(gradients, state, weights)
        return loss, optax().apply_updates(weights, updates), state

    moved = compiled(move)

    def step():
        loss, *held[:] = jax.block_until_ready(moved(*held, *data))
        return loss

    return step, lambda: held[0]


def optimizing(kind):
    def build(jax, compiled, mode, *arrays, **options):
        half = len(arrays) // 2

        def given(weights, *gradients):
            return None, gradients

        rule = transformation(kind, **options)
        step, weights = stepping(jax, compiled, rule, arrays[:half], given, arrays[half:])
        return step, lambda: {str(i): w for i, w in enumerate(weights())}

    return build


def training(jax, compiled, kind, logits_of, x, labels, weights, names, options):
    """``logits_of(weights, x)`` has classes last."""

    def loss_of(weights, x, labels):
        logits = logits_of(weights, x)
        return optax().softmax_cross_entropy_with_integer_labels(logits, labels).mean()

    rule = transformation(kind, **options)
    step, now = stepping(jax, compiled, rule, weights, jax.value_and_grad(loss_of), (x, labels))
    return step, lambda: dict(zip(names, now(), strict=False))


def dense(jax, compiled, mode, x, labels, *weights, **options):
    def logits_of(weights, x):
        kernel_1, bias_1, kernel_2, bias_2 = weights
        return jax.numpy.tanh(x @ kernel_1 + bias_1) @ kernel_2 + bias_2

    return training(jax, compiled, "SGD", logits_of, x, labels, weights, NAMES, options)


def convolutional(jax, compiled, mode, x, labels, *weights, **options):
    def stage(x, kernel, bias):
        layout = ("NHWC", "HWIO", "NHWC")
        y = jax.lax.conv_general_dilated(x, kernel, (1, 1), "SAME", dimension_numbers=layout)
        return jax_average_pool(jax, jax.numpy.tanh(y + bias), (2, 2), (2, 2), "valid")

    def logits_of(weights, x):
        kernel_1, bias_1, kernel_2, bias_2, kernel_3, bias_3 = weights
        y = stage(stage(x, kernel_1, bias_1), kernel_2, bias_2)
        return y.reshape(len(x), -1) @ kernel_3 + bias_3

    return training(jax, compiled, "SGD", logits_of, x, labels, weights, NAMES, options)


def transformer(jax, compiled, mode, ids, following, *weights, **options):
    """Blocks with `jax.nn.dot_product_attention`."""
    numpy, blocks = jax.numpy, len(weights[2])

    def norm(x, gamma, beta):
        return jax.nn.standardize(x, epsilon=NORM_EPSILON) * gamma + beta

    def block(x, norm_1, norm_2, query, key, value, output, dense_1, dense_2):
        y = norm(x, *norm_1)
        q, k, v = (numpy.einsum("btd,dhs->bths", y, kernel) + bias for kernel, bias in (query, key, value))
        y = jax.nn.dot_product_attention(q, k, v, is_causal=True)
        x = x + numpy.einsum("bths,hsd->btd", y, output[0]) + output[1]
        y = jax.nn.gelu(norm(x, *norm_2) @ dense_1[0] + dense_1[1], approximate=False)
        return x + y @ dense_2[0] + dense_2[1]

    def logits_of(weights, ids):
        token, position, *of_blocks, gamma, beta, kernel, bias = weights
        x = token[ids] + position
        for i in range(blocks):
            pairs = [(a[i], b[i]) for a, b in zip(of_blocks[::2], of_blocks[1::2], strict=True)]
            norm_1, query, key, value, output, norm_2, dense_1, dense_2 = pairs
            x = block(x, norm_1, norm_2, query, key, value, output, dense_1, dense_2)
        return norm(x, gamma, beta) @ kernel + bias

    ref = training_transformer
    names = (*ref.EMBEDDINGS, *ref.OF_BLOCK, *ref.NORM, *ref.HEAD)
    return training(jax, compiled, "AdamW", logits_of, ids, following, weights, names, options)
