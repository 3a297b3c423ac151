"""What moves between devices, and memory: copies, several GPUs, indices out of range, no memory, memory returned."""

import numpy as np

from conformance.case import FLOATS, Case
from fixtures.samples import given, normal, sample

EAGER = ("eager",)
GPU = ("gpu",)
TORCH = "https://docs.pytorch.org/docs/stable/"
TF = "https://www.tensorflow.org/api_docs/python/tf/"
JAX = "https://docs.jax.dev/en/latest/_autosummary/"
EVERYTHING = (*FLOATS, "int64", "int32", "int8", "uint8", "bool")
SPECIAL = [0.0, -0.0, 1.0, -np.inf, np.inf, np.nan, 1e-45, 3e38]


def place(torch, x):
    """The functions of a device: torch.cuda, or torch.cpu, which has them too."""
    return getattr(torch, x.device.type)


def pinned(torch, x):
    """An empty tensor in memory of the host that a GPU can read by itself."""
    return torch.empty(x.shape, dtype=x.dtype, device="cpu", pin_memory=x.is_cuda)


# Copies


def torch_pageable(torch, x):
    return x.cpu().to(x.device, copy=True)


def torch_pinned(torch, x):
    return pinned(torch, x).copy_(x).to(x.device, copy=True)


def torch_non_blocking(torch, x):
    """What was sent stays as it was, whatever becomes of the host's memory once both are done."""
    sent = pinned(torch, x).copy_(x, non_blocking=True)
    place(torch, x).synchronize()
    back = sent.to(x.device, non_blocking=True, copy=True)
    place(torch, x).synchronize()
    sent.zero_()
    return back


def torch_non_blocking_pageable(torch, x):
    return x.cpu().to(x.device, non_blocking=True, copy=True)


def tf_copied(tf, x):
    with tf.device("/CPU:0"):
        away = tf.identity(x)
    with tf.device(x.device):
        return tf.identity(away)


def jax_copied(jax, x):
    (device,) = x.devices()
    return jax.device_put(jax.device_put(x, jax.devices("cpu")[0]), device)


# Several GPUs; where there is one, it is each


def torch_device(torch, x, index):
    if not x.is_cuda:
        return x.device
    return torch.device("cuda", index % torch.cuda.device_count())


def torch_on_device(torch, a, b, index):
    device = torch_device(torch, a, index)
    with torch.device(device):
        return (a.to(device) @ b.to(device)).to(a.device)


def torch_across_devices(torch, x, first, second):
    """There and back, without the host where GPUs can reach each other."""
    there = x.to(torch_device(torch, x, first)).to(torch_device(torch, x, second), copy=True)
    return there.to(x.device, copy=True)


def tf_device(tf, x, index):
    kind = "GPU" if "GPU" in x.device else "CPU"
    return f"/{kind}:{index % len(tf.config.list_logical_devices(kind))}"


def tf_on_device(tf, a, b, index):
    with tf.device(tf_device(tf, a, index)):
        y = tf.matmul(tf.identity(a), tf.identity(b))
    with tf.device(a.device):
        return tf.identity(y)


def tf_across_devices(tf, x, first, second):
    for place in (tf_device(tf, x, first), tf_device(tf, x, second), x.device):
        with tf.device(place):
            moved = tf.identity(x)
            x = moved
    return x


def jax_device(jax, x, index):
    (device,) = x.devices()
    others = jax.devices(device.platform)
    return others[index % len(others)]


def jax_on_device(jax, a, b, index):
    there, (back,) = jax_device(jax, a, index), a.devices()
    return jax.device_put(jax.device_put(a, there) @ jax.device_put(b, there), back)


def jax_across_devices(jax, x, first, second):
    (back,) = x.devices()
    for there in (jax_device(jax, x, first), jax_device(jax, x, second), back):
        x = jax.device_put(x, there)
    return x


# Indices out of range, each in a process of its own: a kernel's assertion ends all work of a process on its GPU


def in_process(program):
    """What a Python program prints as JSON. Raises ``IndexError`` if it ends by an exception that names the index, or
    by the assertion of a kernel; ``ArithmeticError`` if it dies otherwise."""
    import json
    import subprocess
    import sys

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=100)
    if done.returncode == 0:
        return json.loads(done.stdout)
    said = (done.stderr.strip().splitlines() or [""])[-1]
    if done.returncode == 1 and any(word in done.stderr for word in ("IndexError", "out of", "device-side assert")):
        raise IndexError(said)
    raise ArithmeticError(f"the process ended with {done.returncode}: {said}")


def torch_asks(torch, x, indices, expression):
    """The value of an expression of ``x`` and ``i`` in another process, in which it is waited for."""
    program = f"""
import json, torch
x = torch.tensor({x.tolist()}, dtype={x.dtype}, device="{x.device.type}")
i = torch.tensor({indices.tolist()}, device="{x.device.type}")
print(json.dumps(({expression}).tolist()))
"""
    try:
        return torch.tensor(in_process(program), dtype=x.dtype)
    except ArithmeticError:
        return torch.full((0,), torch.nan, dtype=x.dtype)  # it is no refusal that a program can handle


def torch_embedding(torch, x, indices):
    return torch_asks(torch, x, indices, "torch.nn.functional.embedding(i, x)")


def torch_gathered(torch, x, indices):
    return torch_asks(torch, x, indices, "torch.gather(x, 0, i[:, None].expand(-1, x.shape[1]))")


def torch_scattered(torch, x, indices):
    """Rows of 1 that are written to"""
    return torch_asks(
        torch, x, indices, "torch.zeros_like(x).index_copy_(0, i, torch.ones_like(x[: len(i)]))[i] * x[i]"
    )


# No memory


def torch_refused(torch, x, ask):
    """Whether memory that no machine has is refused, and what is computed next."""
    kinds = (torch.cuda.OutOfMemoryError,) if x.is_cuda else (RuntimeError,)
    try:
        ask()
    except kinds:
        refused = 1
    else:
        refused = 0
    return x + x, torch.tensor(refused)


def torch_beyond_memory(torch, x):
    return torch_refused(torch, x, lambda: torch.empty(2**52, dtype=torch.uint8))


def torch_result_beyond_memory(torch, x):
    """An operation whose inputs fit, and whose result does not"""
    wide = torch.ones(1).expand(2**26, 2**24)
    return torch_refused(torch, x, lambda: wide + wide)


def tf_refused(tf, x, ask):
    try:
        ask()
    except tf.errors.ResourceExhaustedError:
        refused = 1
    else:
        refused = 0
    return x + x, tf.constant(refused, tf.int64)


def tf_result_beyond_memory(tf, x):
    """An operation whose inputs fit, and whose result does not. TensorFlow waits ten seconds for memory"""
    return tf_refused(tf, x, lambda: tf.ones([2**25, 1]) + tf.ones([1, 2**25]))


# Memory returned


def growth(memory, work):
    """By how many bytes the third run of some work leaves more in use than the second: the first one makes what
    libraries keep, their handles' workspaces and constants."""
    import gc

    left = []
    for _ in range(3):
        work()
        gc.collect()
        left.append(memory())
    return left[2] - left[1]


def torch_growth(torch, x, work):
    """Of what is in use; where a device does not tell, nothing"""
    module = place(torch, x)
    memory = getattr(module, "memory_allocated", lambda: 0)
    return x + x, torch.tensor(growth(memory, work))


def torch_product_returns(torch, x):
    return torch_growth(torch, x, lambda: (x @ x.mT).sum().item())


def torch_training_returns(torch, x):
    """A layer, its optimizer's state and its graph"""

    def work():
        layer = torch.nn.Linear(x.shape[1], 3, dtype=x.dtype)
        optimizer = torch.optim.Adam(layer.parameters())
        for _ in range(2):
            optimizer.zero_grad()
            layer(x).square().sum().backward()
            optimizer.step()

    return torch_growth(torch, x, work)


def torch_error_returns(torch, x):
    """An operation that raises"""

    def work():
        try:
            (x @ x.mT) @ torch.ones(x.shape[0] + 1, dtype=x.dtype)
        except RuntimeError:
            return

    return torch_growth(torch, x, work)


def tf_growth(tf, x, work):
    memory = tf.config.experimental.get_memory_info
    used = (lambda: memory("GPU:0")["current"]) if "GPU" in x.device else (lambda: 0)
    return x + x, tf.constant(growth(used, work), tf.int64)


def tf_product_returns(tf, x):
    return tf_growth(tf, x, lambda: tf.reduce_sum(tf.matmul(x, x, transpose_b=True)).numpy())


def tf_training_returns(tf, x):
    """Variables and their gradients"""

    def work():
        w = tf.Variable(tf.ones([x.shape[1], 3], x.dtype))
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(tf.square(tf.matmul(x, w)))
        w.assign_sub(tape.gradient(loss, w)).numpy()

    return tf_growth(tf, x, work)


def jax_product_returns(jax, x):
    (device,) = x.devices()
    memory = device.memory_stats
    used = (lambda: memory()["bytes_in_use"]) if memory() else (lambda: 0)
    return x + x, jax.numpy.asarray(growth(used, lambda: (x @ x.T).sum().block_until_ready()))


def doubled(x, n):
    return x + x, np.asarray(n)


CASES = (
    Case(
        "copied_to_the_host_and_back",
        "selection",
        lambda x: x.copy(),
        torch=[torch_pageable, torch_pinned, torch_non_blocking, torch_non_blocking_pageable],
        tensorflow=[tf_copied],
        jax=[jax_copied],
        samples=[
            normal((64, 33)),
            normal((1023, 257), name="megabytes"),
            given(SPECIAL, name="special-numbers", gradient=False),
            given(np.zeros((0, 3)), name="empty"),
        ],
        dtypes=EVERYTHING,
        modes=EAGER,
        devices=GPU,
        sources=(f"{TORCH}notes/cuda.html", f"{TF}identity", f"{JAX}jax.device_put.html"),
    ),
    Case(
        "product_on_each_device",
        "contraction",
        lambda a, b, *, index: a @ b,
        torch=[torch_on_device],
        tensorflow=[tf_on_device],
        jax=[jax_on_device],
        samples=[
            normal((16, 70), (70, 5), name=f"gpu-{index}", edge=index > 0, index=index) for index in range(8)
        ],
        dtypes=("float64", "float32"),
        modes=EAGER,
        devices=GPU,
        sources=(f"{TORCH}notes/cuda.html", "https://www.tensorflow.org/guide/gpu"),
    ),
    Case(
        "copied_across_devices",
        "selection",
        lambda x, *, first, second: x.copy(),
        torch=[torch_across_devices],
        tensorflow=[tf_across_devices],
        jax=[jax_across_devices],
        samples=[
            normal((64, 33), name="first-to-second", first=0, second=1),
            normal((1023, 257), name="second-to-first", first=1, second=0),
            given(SPECIAL, name="special-numbers", gradient=False, first=1, second=0),
            normal((5, 7), name="to-itself", edge=True, first=1, second=1),
        ],
        dtypes=EVERYTHING,
        modes=EAGER,
        devices=GPU,
        sources=(f"{TORCH}notes/cuda.html", "https://www.tensorflow.org/guide/gpu"),
    ),
    Case(
        "indices_out_of_range",
        "selection",
        lambda x, indices: x[indices],
        torch=[torch_embedding, torch_gathered, torch_scattered],
        tensorflow=[lambda tf, x, indices: tf.gather(x, indices)],
        samples=[
            given([[1.0, 2.0], [3.0, -4.0], [5.0, 0.5]], [2, 0], name="within", edge=False),
            given([[1.0, 2.0], [3.0, -4.0], [5.0, 0.5]], [2, 3], name="one-beyond", raises=True),
            given([[1.0, 2.0], [3.0, -4.0], [5.0, 0.5]], [0, -4], name="below", raises=True),
        ],
        dtypes=("float32",),
        modes=EAGER,
        devices=GPU,
        sources=(f"{TORCH}generated/torch.index_select.html", f"{TF}gather"),
    ),
    Case(
        "no_memory",
        "elementwise",
        lambda x: doubled(x, 1),
        torch=[torch_beyond_memory, torch_result_beyond_memory],
        tensorflow=[tf_result_beyond_memory],
        samples=[
            normal((8, 33)),
            given([3.0], name="one-number"),
            sample("whole", lambda rng: (rng.integers(-9, 9, (3, 4)).astype(float),)),
        ],
        dtypes=("float32",),
        modes=EAGER,
        devices=GPU,
        sources=(f"{TORCH}generated/torch.cuda.OutOfMemoryError.html", f"{TF}errors/ResourceExhaustedError"),
    ),
    Case(
        "memory_returned",
        "elementwise",
        lambda x: doubled(x, 0),
        torch=[torch_product_returns, torch_training_returns, torch_error_returns],
        tensorflow=[tf_product_returns, tf_training_returns],
        jax=[jax_product_returns],
        samples=[
            normal((300, 257)),
            normal((2, 1), name="small", edge=True),
            normal((1, 300), name="one-row", edge=True),
        ],
        dtypes=("float32",),
        modes=EAGER,
        devices=GPU,
        sources=(f"{TORCH}notes/cuda.html#memory-management", f"{TF}config/experimental/get_memory_info"),
    ),
)  # fmt: skip
