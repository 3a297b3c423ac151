"""The classic training runs: from the same initial weights and batches to the same loss, gradients and weights.

Rates are powers of two wherever a framework would round them to float32 (Keras and TensorFlow 1 do).
"""

import numpy as np

from conformance.case import Array, Case
from conformance.catalogue.jax_shared import optax
from conformance.catalogue.training_shared import (
    MASTER,
    curve,
    picture,
    recorded,
    stacked,
)
from conformance.reference import training as ref
from fixtures import datasets
from fixtures.samples import sample

# 1. Linear regression from scratch


def module_and_backward(torch, x, y, w, b, learning_rate, steps):
    class Line(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.w = torch.nn.Parameter(w.clone())
            self.b = torch.nn.Parameter(b.clone())

        def forward(self, x):
            return self.w * x + self.b

    model, rows = Line(), []
    for _ in range(steps):
        loss = torch.mean((model(x) - y) ** 2)
        loss.backward()
        with torch.no_grad():
            gradients = {name: p.grad.clone() for name, p in model.named_parameters()}
            for p in model.parameters():
                p -= learning_rate * p.grad
                p.grad.zero_()
            rows.append(recorded(loss.detach(), {n: p.clone() for n, p in model.named_parameters()}, gradients))
    return stacked(torch, rows)


def functional_call_and_grad(torch, x, y, w, b, learning_rate, steps):
    """The layer's weights are arguments of a function; nothing is changed in place."""
    layer, rows = torch.nn.Linear(1, 1, dtype=x.dtype), []

    def loss_of(weights):
        return torch.mean((torch.func.functional_call(layer, weights, (x[:, None],))[:, 0] - y) ** 2)

    weights = {"weight": w.reshape(1, 1), "bias": b.reshape(1)}
    for _ in range(steps):
        gradients, loss = torch.func.grad_and_value(loss_of)(weights)
        weights = {name: value - learning_rate * gradients[name] for name, value in weights.items()}
        rows.append(
            recorded(loss, *({"w": of["weight"].squeeze(), "b": of["bias"].squeeze()} for of in (weights, gradients)))
        )
    return stacked(torch, rows)


def model_and_gradient_tape(tf, x, y, w, b, learning_rate, steps, compiled=False):
    class Line(tf.keras.Model):
        def __init__(self):
            super().__init__(dtype=x.dtype.name)
            self.w = tf.Variable(w)
            self.b = tf.Variable(b)

        def call(self, x):
            return self.w * x + self.b

    model, rows = Line(), []

    def step():
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(x) - y))
        dw, db = tape.gradient(loss, [model.w, model.b])
        model.w.assign(model.w - learning_rate * dw)
        model.b.assign_sub(learning_rate * db)
        return recorded(loss, {"w": model.w.value(), "b": model.b.value()}, {"w": dw, "b": db})

    one_step = tf.function(step) if compiled else step
    for _ in range(steps):
        rows.append(one_step())
    return stacked(tf, rows)


def module_to_the_end(torch, *inputs, **options):
    path = module_and_backward(torch, *inputs, **options)
    return {"w": path["w"], "b": path["b"], "solution": torch.stack([path["w"][-1], path["b"][-1]])}


def compiled_model_to_the_end(tf, *inputs, **options):
    path = model_and_gradient_tape(tf, *inputs, compiled=True, **options)
    return {"w": path["w"], "b": path["b"], "solution": tf.stack([path["w"][-1], path["b"][-1]])}


# 2. The same as a static graph


def session(tf, x, y, w, b, learning_rate, steps):
    """TensorFlow 1: placeholders, Variables, GradientDescentOptimizer, Session."""
    v1, rows = tf.compat.v1, []
    data = {"x": x.numpy(), "y": y.numpy()}
    with tf.Graph().as_default(), v1.Session() as session:
        places = {name: v1.placeholder(x.dtype, [None], name) for name in data}
        weights = {"w": v1.Variable(w.numpy()), "b": v1.Variable(b.numpy())}
        error = weights["w"] * places["x"] + weights["b"] - places["y"]
        loss = tf.reduce_mean(tf.square(error))
        optimizer = v1.train.GradientDescentOptimizer(learning_rate)
        gradients = optimizer.compute_gradients(loss, list(weights.values()))
        train = optimizer.apply_gradients(gradients)
        session.run(v1.global_variables_initializer())
        feed = {places[name]: a for name, a in data.items()}
        for _ in range(steps):
            loss_now, (dw, db), _ = session.run([loss, [g for g, _ in gradients], train], feed)
            rows.append(recorded(loss_now, session.run(weights), {"w": dw, "b": db}))
    return stacked(tf, rows)


def linear_and_sgd(torch, x, y, w, b, learning_rate, steps):
    model = torch.nn.Linear(1, 1, dtype=x.dtype)
    with torch.no_grad():
        model.weight.fill_(w)
        model.bias.fill_(b)
    optimizer, criterion, rows = torch.optim.SGD(model.parameters(), lr=learning_rate), torch.nn.MSELoss(), []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = criterion(model(x[:, None]), y[:, None])
        loss.backward()
        optimizer.step()
        weights = {"w": model.weight.detach().clone().squeeze(), "b": model.bias.detach().clone().squeeze()}
        rows.append(
            recorded(loss.detach(), weights, {"w": model.weight.grad.squeeze(), "b": model.bias.grad.squeeze()})
        )
        model.weight.grad = model.bias.grad = None
    return stacked(torch, rows)


# 3. Logistic and softmax regression


def torch_descent(torch, loss_of, kernel, bias, learning_rate, steps):
    weights, rows = {"kernel": kernel.clone().requires_grad_(), "bias": bias.clone().requires_grad_()}, []
    optimizer = torch.optim.SGD(weights.values(), lr=learning_rate)
    for _ in range(steps):
        optimizer.zero_grad()
        loss = loss_of(weights["kernel"], weights["bias"])
        loss.backward()
        gradients = {name: w.grad.clone() for name, w in weights.items()}
        optimizer.step()
        rows.append(recorded(loss.detach(), {n: w.detach().clone() for n, w in weights.items()}, gradients))
    return stacked(torch, rows)


def torch_func_descent(torch, loss_of, kernel, bias, learning_rate, steps):
    """`torch_descent` by a function of the weights, which are not changed in place."""
    weights, rows = {"kernel": kernel, "bias": bias}, []
    loss_and_gradients = torch.func.grad_and_value(lambda weights: loss_of(weights["kernel"], weights["bias"]))
    for _ in range(steps):
        gradients, loss = loss_and_gradients(weights)
        weights = {name: w - learning_rate * gradients[name] for name, w in weights.items()}
        rows.append(recorded(loss, weights, gradients))
    return stacked(torch, rows)


def tf_descent(tf, loss_of, kernel, bias, learning_rate, steps, compiled=False):
    weights, rows = {"kernel": tf.Variable(kernel), "bias": tf.Variable(bias)}, []

    def step():
        with tf.GradientTape() as tape:
            loss = loss_of(weights["kernel"], weights["bias"])
        gradients = tape.gradient(loss, weights)
        for name, w in weights.items():
            w.assign_sub(learning_rate * gradients[name])
        return recorded(loss, {name: w.value() for name, w in weights.items()}, gradients)

    one_step = tf.function(step) if compiled else step
    for _ in range(steps):
        rows.append(one_step())
    return stacked(tf, rows)


def bce_of_sigmoid(torch, x, target, kernel, bias, **options):
    criterion = torch.nn.BCELoss()
    return torch_descent(torch, lambda k, b: criterion(torch.sigmoid(x @ k + b), target), kernel, bias, **options)


def bce_with_logits(torch, x, target, kernel, bias, **options):
    criterion = torch.nn.BCEWithLogitsLoss()
    return torch_descent(torch, lambda k, b: criterion(x @ k + b, target), kernel, bias, **options)


def bce_with_logits_in_torch_func(torch, x, target, kernel, bias, **options):
    loss = torch.nn.functional.binary_cross_entropy_with_logits
    return torch_func_descent(torch, lambda k, b: loss(x @ k + b, target), kernel, bias, **options)


def sigmoid_cross_entropy(tf, x, target, kernel, bias, **options):
    def loss(k, b):
        logits = tf.linalg.matvec(x, k) + b
        return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels=target, logits=logits))

    return tf_descent(tf, loss, kernel, bias, **options)


def sigmoid_cross_entropy_in_tf_function(tf, *inputs, **options):
    return sigmoid_cross_entropy(tf, *inputs, compiled=True, **options)


def cross_entropy_loss(torch, x, labels, kernel, bias, **options):
    criterion = torch.nn.CrossEntropyLoss()
    return torch_descent(torch, lambda k, b: criterion(x @ k + b, labels), kernel, bias, **options)


def cross_entropy_in_torch_func(torch, x, labels, kernel, bias, **options):
    loss = torch.nn.functional.cross_entropy
    return torch_func_descent(torch, lambda k, b: loss(x @ k + b, labels), kernel, bias, **options)


def nll_of_log_softmax(torch, x, labels, kernel, bias, **options):
    criterion, log_softmax = torch.nn.NLLLoss(), torch.nn.LogSoftmax(dim=1)
    return torch_descent(torch, lambda k, b: criterion(log_softmax(x @ k + b), labels), kernel, bias, **options)


def softmax_cross_entropy(tf, x, labels, kernel, bias, **options):
    one_hot = tf.one_hot(labels, kernel.shape[1], dtype=x.dtype)

    def loss(k, b):
        return tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(labels=one_hot, logits=tf.matmul(x, k) + b))

    return tf_descent(tf, loss, kernel, bias, **options)


def sparse_softmax_cross_entropy_in_tf_function(tf, x, labels, kernel, bias, **options):
    def loss(k, b):
        return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=tf.matmul(x, k) + b))

    return tf_descent(tf, loss, kernel, bias, compiled=True, **options)


# Data and initial weights


def to_fit(noise: float = 0.15, n: int = 200):
    def make(rng: np.random.Generator) -> tuple[Array, ...]:
        return (*datasets.line(rng, n, noise), rng.standard_normal(()), rng.standard_normal(()))

    return make


def short_range(rng: np.random.Generator) -> tuple[Array, ...]:
    """x uniform in [-1, 1): both directions of the descent converge in a few steps."""
    x, y = datasets.line(rng)
    return x / 10, y, rng.standard_normal(()), rng.standard_normal(())


def two_points(rng: np.random.Generator) -> tuple[Array, ...]:
    """A line through them fits exactly: loss and gradients go to zero."""
    return np.array([-1.0, 3.0]), np.array([0.25, 1.0]), rng.standard_normal(()), rng.standard_normal(())


def to_classify(data, classes: int):
    """``data(rng)`` with weights to start from: a kernel (d, k), or (d,) for two classes."""

    def make(rng: np.random.Generator) -> tuple[Array, ...]:
        x, labels = data(rng)
        if classes == 2:
            return x, labels.astype(float), 0.1 * rng.standard_normal(x.shape[1]), np.zeros(())
        return x, labels, 0.1 * rng.standard_normal((x.shape[1], classes)), np.zeros(classes)

    return make


def separable(rng: np.random.Generator) -> tuple[Array, Array]:
    """Two far groups: the loss vanishes and the sigmoid saturates."""
    labels = np.arange(24) % 2
    return np.where(labels, 3.0, -3.0)[:, None] + rng.standard_normal((24, 2)), labels


def one_class(rng: np.random.Generator) -> tuple[Array, Array]:
    return rng.standard_normal((16, 3)), np.ones(16, np.int64)


LINES = [
    sample("200-points", to_fit(), dtypes=MASTER, learning_rate=3 * 2.0**-7, steps=100),
    sample("no-noise", to_fit(noise=0.0), dtypes=MASTER, learning_rate=3 * 2.0**-7, steps=30),
    sample("two-points", two_points, edge=True, dtypes=MASTER, learning_rate=2.0**-3, steps=30),
    sample("decimal-rate", to_fit(), dtypes=MASTER, learning_rate=0.01, steps=30),
]


# Pictures


def fitted_line(label, outputs, inputs, options):
    x, y = inputs[:2]
    ends = np.array([x.min(), x.max()])
    series = [
        {"name": "samples", "x": x, "y": y, "style": "points"},
        {"name": label, "x": ends, "y": outputs["w"][-1] * ends + outputs["b"][-1], "style": "line"},
    ]
    return [
        picture("linear regression", "Linear regression: samples and fitted lines", "x", "y", series),
        curve("linear loss", "Linear regression: loss per step", "step", "mean squared error", label, outputs["loss"]),
    ]


def jax_value_and_grad(jax, x, y, w, b, learning_rate, steps):
    def loss_of(weights):
        return jax.numpy.mean((weights["w"] * x + weights["b"] - y) ** 2)

    @jax.jit
    def step(weights):
        loss, gradients = jax.value_and_grad(loss_of)(weights)
        weights = {name: value - learning_rate * gradients[name] for name, value in weights.items()}
        return weights, recorded(loss, weights, gradients)

    weights, rows = {"w": w, "b": b}, []
    for _ in range(steps):
        weights, row = step(weights)
        rows.append(row)
    return stacked(jax.numpy, rows)


def jax_to_the_end(jax, *inputs, **options):
    path = jax_value_and_grad(jax, *inputs, **options)
    return {"w": path["w"], "b": path["b"], "solution": jax.numpy.stack([path["w"][-1], path["b"][-1]])}


def jax_descent(jax, loss_of, kernel, bias, learning_rate, steps):
    optimizer = optax().sgd(learning_rate)

    @jax.jit
    def step(weights, state):
        loss, gradients = jax.value_and_grad(lambda w: loss_of(w["kernel"], w["bias"]))(weights)
        updates, state = optimizer.update(gradients, state, weights)
        weights = optax().apply_updates(weights, updates)
        return weights, state, recorded(loss, weights, gradients)

    weights, rows = {"kernel": kernel, "bias": bias}, []
    state = optimizer.init(weights)
    for _ in range(steps):
        weights, state, row = step(weights, state)
        rows.append(row)
    return stacked(jax.numpy, rows)


def optax_sigmoid_binary_cross_entropy(jax, x, target, kernel, bias, **options):
    loss = optax().sigmoid_binary_cross_entropy
    return jax_descent(jax, lambda k, b: loss(x @ k + b, target).mean(), kernel, bias, **options)


def optax_softmax_cross_entropy(jax, x, labels, kernel, bias, **options):
    loss = optax().softmax_cross_entropy_with_integer_labels
    return jax_descent(jax, lambda k, b: loss(x @ k + b, labels).mean(), kernel, bias, **options)


CASES = (
    Case(
        "linear_regression",
        "training",
        ref.linear_regression,
        torch=[module_and_backward, functional_call_and_grad],
        tensorflow=[model_and_gradient_tape],
        jax=[jax_value_and_grad],
        samples=LINES,
        figure=fitted_line,
        modes=("eager",),
        dtypes=MASTER,
        sources=(
            "https://www.tensorflow.org/guide/basic_training_loops",
            "https://docs.pytorch.org/tutorials/beginner/pytorch_with_examples.html",
        ),
    ),
    Case(
        "linear_regression_closed_form",
        "training",
        ref.linear_regression_closed_form,
        torch=[module_to_the_end],
        tensorflow=[compiled_model_to_the_end],
        jax=[jax_to_the_end],
        samples=[
            sample("200-points", to_fit(), dtypes=MASTER, learning_rate=3 * 2.0**-7, steps=800),
            sample("short-range", short_range, dtypes=MASTER, learning_rate=0.5, steps=120),
            sample("two-points", two_points, edge=True, dtypes=MASTER, learning_rate=2.0**-3, steps=250),
        ],
        modes=("eager",),
        dtypes=MASTER,
        sources=("Goh, Why Momentum Really Works, https://distill.pub/2017/momentum/",),
    ),
    Case(
        "linear_regression_static_graph",
        "training",
        ref.linear_regression,
        torch=[linear_and_sgd],
        tensorflow=[session],
        samples=LINES,
        modes=("eager",),
        dtypes=MASTER,
        sources=("https://www.tensorflow.org/api_docs/python/tf/compat/v1/train/GradientDescentOptimizer",),
    ),
    Case(
        "logistic_regression",
        "training",
        ref.logistic_regression,
        torch=[bce_of_sigmoid, bce_with_logits, bce_with_logits_in_torch_func],
        tensorflow=[sigmoid_cross_entropy, sigmoid_cross_entropy_in_tf_function],
        jax=[optax_sigmoid_binary_cross_entropy],
        samples=[
            sample(
                "breast-cancer",
                to_classify(lambda _: datasets.breast_cancer(), 2),
                dtypes=MASTER,
                learning_rate=0.25,
                steps=50,
            ),
            sample(
                "clusters",
                to_classify(lambda rng: datasets.clusters(rng, 2), 2),
                dtypes=MASTER,
                learning_rate=0.25,
                steps=25,
            ),
            sample("separable", to_classify(separable, 2), edge=True, dtypes=MASTER, learning_rate=1.0, steps=25),
            sample("one-class", to_classify(one_class, 2), edge=True, dtypes=MASTER, learning_rate=0.5, steps=25),
        ],
        modes=("eager",),
        dtypes=MASTER,
        sources=("https://docs.pytorch.org/docs/stable/generated/torch.nn.BCELoss.html",),
    ),
    Case(
        "softmax_regression",
        "training",
        ref.softmax_regression,
        torch=[cross_entropy_loss, nll_of_log_softmax, cross_entropy_in_torch_func],
        tensorflow=[softmax_cross_entropy, sparse_softmax_cross_entropy_in_tf_function],
        jax=[optax_softmax_cross_entropy],
        samples=[
            sample("iris", to_classify(lambda _: datasets.iris(), 3), dtypes=MASTER, learning_rate=0.25, steps=50),
            sample(
                "clusters",
                to_classify(lambda rng: datasets.clusters(rng, 5), 5),
                dtypes=MASTER,
                learning_rate=0.25,
                steps=25,
            ),
            sample("one-class", to_classify(one_class, 4), edge=True, dtypes=MASTER, learning_rate=0.5, steps=25),
        ],
        modes=("eager",),
        dtypes=MASTER,
        sources=("https://www.tensorflow.org/api_docs/python/tf/nn/softmax_cross_entropy_with_logits",),
    ),
)
