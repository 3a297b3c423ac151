"""Programs that a GPU runs in ways of its own: streams, captured graphs, cuDNN's choices, attention kernels, autocast,
and optimizers whose steps are one kernel."""

from dataclasses import replace
from typing import Any

import numpy as np

from conformance.case import Case
from conformance.catalogue import optimizers_adam, optimizers_scaled
from conformance.catalogue.convolution_shared import first, images, last, weight
from conformance.catalogue.devices_memory import EAGER, GPU, TF, TORCH, place
from conformance.catalogue.dtypes_promotion import codes
from conformance.catalogue.optimizers_adam import torch_adam
from conformance.catalogue.optimizers_scaled import torch_scaled
from conformance.catalogue.optimizers_shared import MASTER
from conformance.catalogue.positions import SDPA, qkv
from conformance.reference import attention
from conformance.reference import convolution as conv
from conformance.reference import devices as ref
from fixtures.samples import given, normal

AMPERE = (8, 0)
HALVES = ("float16", "bfloat16")


def differing(torch, a, b):
    """How many elements have other bits, or are others; NaN is NaN."""
    return torch.count_nonzero((a != b) & ~(a.isnan() & b.isnan()))


# Streams


def torch_one_stream(torch, x, weights):
    y = torch.stack([x @ w for w in weights]).sum(0)
    return y, differing(torch, y, torch.stack([x @ w for w in weights]).sum(0))


def torch_streams(torch, x, weights):
    """Each product in a stream of its own, which waits for the first one, and is waited for"""
    module, parts = place(torch, x), []
    own = module.current_stream()
    for w in weights:
        stream = module.Stream()
        stream.wait_stream(own)
        with module.stream(stream):
            part = x @ w
        own.wait_stream(stream)
        if x.is_cuda:
            part.record_stream(own)
        parts.append(part)
    y = torch.stack(parts).sum(0)
    return y, differing(torch, y, torch.stack([x @ w for w in weights]).sum(0))


def torch_overlapping_streams(torch, x, weights):
    """All products at once, which are waited for at the end, by the host"""
    module = place(torch, x)
    module.synchronize()
    streams, parts = [module.Stream() for _ in weights], []
    for stream, w in zip(streams, weights, strict=True):
        with module.stream(stream):
            parts.append(x @ w)
    module.synchronize()
    y = torch.stack(parts).sum(0)
    return y, differing(torch, y, torch.stack([x @ w for w in weights]).sum(0))


# Captured graphs


def torch_layer(torch, x, w):
    return torch.tanh(x @ w)


def torch_captured(torch, blocks, w):
    """Captured once, and replayed for each block, which is copied to where the first one was"""
    given = blocks[0].clone()
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):  # libraries make their handles outside of the graph
        torch_layer(torch, given, w)
    torch.cuda.current_stream().wait_stream(side)
    graph, results = torch.cuda.CUDAGraph(), []
    with torch.cuda.graph(graph):
        result = torch_layer(torch, given, w)
    for block in blocks:
        given.copy_(block)
        graph.replay()
        results.append(result.clone())
    y = torch.stack(results)
    return y, differing(torch, y, torch.stack([torch_layer(torch, block, w) for block in blocks]))


def torch_graphed_callables(torch, blocks, w):
    f = torch.cuda.make_graphed_callables(lambda x, w: torch_layer(torch, x, w), (blocks[0].clone(), w.clone()))
    y = torch.stack([f(block.clone(), w).clone() for block in blocks])
    return y, differing(torch, y, torch.stack([torch_layer(torch, block, w) for block in blocks]))


def torch_compiled(torch, blocks, w, **how):
    torch.compiler.reset()
    f = torch.compile(lambda x: torch_layer(torch, x, w), **how)
    return torch.stack([f(block).clone() for block in blocks])


def torch_reduced_overhead(torch, blocks, w):
    return torch_compiled(torch, blocks, w, mode="reduce-overhead")


def torch_compiled_alone(torch, blocks, w):
    return torch_compiled(torch, blocks, w)


# Convolution by cuDNN


def torch_trained(torch, x, kernel, bias, **flags):
    """Forward and backward pass with settings of cuDNN, of which backward passes are part."""
    leaves = [a.detach().clone().requires_grad_() for a in (x, kernel, bias)]
    with torch.backends.cudnn.flags(**{"enabled": True, "allow_tf32": False, **flags}):
        y = last(torch.nn.functional.conv2d(first(leaves[0]), weight(leaves[1]), leaves[2]))
        return (y.detach(), *torch.autograd.grad(y, leaves, y.detach()))


def torch_heuristic(torch, x, kernel, bias):
    return torch_trained(torch, x, kernel, bias)


def torch_benchmarked(torch, x, kernel, bias):
    """The algorithm that is fastest here"""
    torch_trained(torch, x, kernel, bias, benchmark=True)
    return torch_trained(torch, x, kernel, bias, benchmark=True)


def torch_deterministic(torch, x, kernel, bias):
    return torch_trained(torch, x, kernel, bias, deterministic=True)


def torch_without_cudnn(torch, x, kernel, bias):
    return torch_trained(torch, x, kernel, bias, enabled=False)


def same_bits(torch, run):
    """The results of a run, and how many elements of a second one differ."""
    once, again = run(), run()
    return (*once, sum(differing(torch, a, b) for a, b in zip(once, again, strict=True)))


def torch_deterministic_twice(torch, x, kernel, bias):
    return same_bits(torch, lambda: torch_deterministic(torch, x, kernel, bias))


def torch_deterministic_benchmarked_twice(torch, x, kernel, bias):
    return same_bits(torch, lambda: torch_trained(torch, x, kernel, bias, deterministic=True, benchmark=True))


def torch_deterministic_algorithms_twice(torch, x, kernel, bias):
    before = torch.are_deterministic_algorithms_enabled()
    torch.use_deterministic_algorithms(True)
    try:
        return same_bits(torch, lambda: torch_trained(torch, x, kernel, bias))
    finally:
        torch.use_deterministic_algorithms(before)


def torch_channels_last(torch, x, kernel, bias, stride):
    y = torch.nn.functional.conv2d(
        first(x).contiguous(memory_format=torch.channels_last),
        weight(kernel).contiguous(memory_format=torch.channels_last), bias, stride,
    )  # fmt: skip
    return last(y)


def torch_channels_first(torch, x, kernel, bias, stride):
    return last(torch.nn.functional.conv2d(first(x).contiguous(), weight(kernel).contiguous(), bias, stride))


def torch_module_channels_last(torch, x, kernel, bias, stride):
    """A module's weight and its image, moved as users move them"""
    module = torch.nn.Conv2d(*kernel.shape[2:], kernel.shape[:2], stride, dtype=x.dtype)
    given = {"weight": weight(kernel).to(memory_format=torch.channels_last), "bias": bias}
    return last(torch.func.functional_call(module, given, (first(x).to(memory_format=torch.channels_last),)))


def tf_channels_last(tf, x, kernel, bias, stride):
    return tf.nn.conv2d(x, kernel, stride, "VALID") + bias


def tf_channels_first(tf, x, kernel, bias, stride):
    """Only on a GPU"""
    y = tf.nn.conv2d(tf.transpose(x, [0, 3, 1, 2]), kernel, stride, "VALID", data_format="NCHW")
    return tf.transpose(y, [0, 2, 3, 1]) + bias


# Attention


def torch_attention(torch, query, key, value, backend, causal=False):
    """Fused kernels want the numbers of a head beside each other"""
    q, k, v = (a.contiguous().transpose(1, 2) for a in (query, key, value))
    with torch.nn.attention.sdpa_kernel(getattr(torch.nn.attention.SDPBackend, backend)):
        return torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=causal).transpose(1, 2)


def torch_flash(torch, query, key, value):
    return torch_attention(torch, query, key, value, "FLASH_ATTENTION")


def torch_flash_causal(torch, query, key, value):
    return torch_attention(torch, query, key, value, "FLASH_ATTENTION", causal=True)


def torch_efficient(torch, query, key, value):
    return torch_attention(torch, query, key, value, "EFFICIENT_ATTENTION")


def torch_efficient_causal(torch, query, key, value):
    return torch_attention(torch, query, key, value, "EFFICIENT_ATTENTION", causal=True)


def torch_cudnn(torch, query, key, value):
    return torch_attention(torch, query, key, value, "CUDNN_ATTENTION")


def torch_cudnn_causal(torch, query, key, value):
    return torch_attention(torch, query, key, value, "CUDNN_ATTENTION", causal=True)


def attended(name: str, route: Any, dtypes: tuple[str, ...], *, causal: bool) -> Case:
    """Attention by one kernel alone, in the formats that it has."""
    return Case(
        name,
        "contraction",
        attention.causal_attention if causal else attention.scaled_dot_product,
        vjp=attention.causal_attention_vjp if causal else attention.scaled_dot_product_vjp,
        vjp_intermediates=attention.causal_attention_vjp_sizes if causal else attention.scaled_dot_product_vjp_sizes,
        torch=[route],
        samples=[
            normal(*qkv(2, 16, 16, 2, 16)),
            normal(*qkv(1, 64, 64, 2, 32), name="several-tiles"),
            normal(*qkv(1, 40, 40, 1, 8), name="rest-of-a-tile", edge=True),
            normal(*qkv(1, 16, 16, 1, 16), scale=3, name="large-scores", edge=True),
        ],
        dtypes=dtypes,
        modes=EAGER,
        devices=GPU,
        capability=AMPERE,
        sources=SDPA,
    )


# Autocast


def torch_autocast(torch, x, operation, lower):
    """The dtype of an operation's result under autocast: as `conformance.reference.devices.autocast` has it."""
    low = getattr(torch, lower)
    wide, half = x, x.to(low)
    functional = torch.nn.functional
    calls = {
        "matmul": lambda: wide @ wide, "linear": lambda: functional.linear(wide, wide),
        "conv2d": lambda: functional.conv2d(wide[None, None], wide[None, None]),
        "bmm": lambda: torch.bmm(wide[None], wide[None]), "mv": lambda: torch.mv(wide, wide[0]),
        "addmm": lambda: torch.addmm(wide, wide, wide), "einsum": lambda: torch.einsum("ij,jk->ik", wide, wide),
        "prelu": lambda: functional.prelu(wide, wide[0, :1]),
        "exp": lambda: half.exp(), "log": lambda: half.log(), "pow": lambda: half.pow(2),
        "softmax": lambda: half.softmax(-1), "log_softmax": lambda: half.log_softmax(-1), "sum": lambda: half.sum(),
        "prod": lambda: half.prod(), "cumsum": lambda: half.cumsum(-1), "norm": lambda: half.norm(),
        "layer_norm": lambda: functional.layer_norm(half, half.shape[1:]),
        "group_norm": lambda: functional.group_norm(half, 1), "mse_loss": lambda: functional.mse_loss(half, half),
        "l1_loss": lambda: functional.l1_loss(half, half),
        "cross_entropy": lambda: functional.cross_entropy(half, torch.zeros(len(half), dtype=torch.int64)),
        "binary_cross_entropy_with_logits": lambda: functional.binary_cross_entropy_with_logits(half, half),
        "cosine_similarity": lambda: functional.cosine_similarity(half, half),
        "softplus": lambda: functional.softplus(half), "reciprocal": lambda: half.reciprocal(),
        "rsqrt": lambda: half.rsqrt(), "cosh": lambda: half.cosh(), "tan": lambda: half.tan(),
        "addcmul": lambda: torch.addcmul(half, half, wide), "addcdiv": lambda: torch.addcdiv(half, half, wide),
        "atan2": lambda: torch.atan2(half, wide), "dot": lambda: torch.dot(half[0], wide[0]),
        "cross": lambda: torch.cross(half, wide, dim=-1),
        "relu": lambda: half.relu(), "tanh": lambda: half.tanh(), "amax": lambda: half.amax(),
    }  # fmt: skip
    with torch.autocast(x.device.type, low):
        result = calls[operation]()
    return torch.tensor(codes([str(result.dtype).removeprefix("torch.")]))


# Optimizers


def capturable(name: str, of: Any, torch: list[Any]) -> Case:
    """An optimizer of the catalogue, without the end of its name, whose steps may be captured in a graph: all of its
    state is on the GPU. The routes of its own case are the loop, foreach and fused."""
    case = next(c for c in of.CASES if f"{c.name}_capturable" == name)
    return replace(
        case, name=name, torch=torch, tensorflow=(), jax=(), dtypes=MASTER, devices=GPU,
        samples=[s for s in case.samples if not s.raises],
    )  # fmt: skip


CAPTURABLE = (
    capturable("adam_capturable", optimizers_adam, [
        lambda torch, *arrays, **options: torch_adam(
            torch, torch.optim.Adam, *arrays, **options, capturable=True, foreach=False, double=True
        ),
        lambda torch, *arrays, **options: torch_adam(
            torch, torch.optim.Adam, *arrays, **options, capturable=True, foreach=True, double=True
        ),
        lambda torch, *arrays, **options: torch_adam(
            torch, torch.optim.Adam, *arrays, **options, capturable=True, fused=True
        ),
    ]),
    capturable("adamw_capturable", optimizers_adam, [
        lambda torch, *arrays, **options: torch_adam(
            torch, torch.optim.AdamW, *arrays, **options, capturable=True, foreach=False, double=True
        ),
        lambda torch, *arrays, **options: torch_adam(
            torch, torch.optim.AdamW, *arrays, **options, capturable=True, foreach=True, double=True
        ),
        lambda torch, *arrays, **options: torch_adam(
            torch, torch.optim.AdamW, *arrays, **options, capturable=True, fused=True
        ),
    ]),
    capturable("adamax_capturable", optimizers_adam, [
        lambda torch, *arrays, **options: torch_adam(
            torch, torch.optim.Adamax, *arrays, **options, capturable=True, foreach=False, double=True
        ),
        lambda torch, *arrays, **options: torch_adam(
            torch, torch.optim.Adamax, *arrays, **options, capturable=True, foreach=True, double=True
        ),
    ]),
    capturable("nadam_capturable", optimizers_adam, [
        lambda torch, *arrays, **options: torch_adam(
            torch, torch.optim.NAdam, *arrays, **options, capturable=True, foreach=False, double=True
        ),
        lambda torch, *arrays, **options: torch_adam(
            torch, torch.optim.NAdam, *arrays, **options, capturable=True, foreach=True, double=True
        ),
    ]),
    capturable("radam_capturable", optimizers_adam, [
        lambda torch, *arrays, **options: torch_adam(
            torch, torch.optim.RAdam, *arrays, **options, capturable=True, foreach=False, double=True
        ),
        lambda torch, *arrays, **options: torch_adam(
            torch, torch.optim.RAdam, *arrays, **options, capturable=True, foreach=True, double=True
        ),
    ]),
    capturable("rmsprop_capturable", optimizers_scaled, [
        lambda torch, *arrays, rho, **options: torch_scaled(
            torch, torch.optim.RMSprop, *arrays, alpha=rho, **options, capturable=True, foreach=False
        ),
        lambda torch, *arrays, rho, **options: torch_scaled(
            torch, torch.optim.RMSprop, *arrays, alpha=rho, **options, capturable=True, foreach=True
        ),
    ]),
    capturable("adadelta_capturable", optimizers_scaled, [
        lambda torch, *arrays, **options: torch_scaled(
            torch, torch.optim.Adadelta, *arrays, **options, capturable=True, foreach=False
        ),
        lambda torch, *arrays, **options: torch_scaled(
            torch, torch.optim.Adadelta, *arrays, **options, capturable=True, foreach=True
        ),
    ]),
)  # fmt: skip


CASES = (
    Case(
        "products_in_streams",
        "contraction",
        ref.products,
        torch=[torch_one_stream, torch_streams, torch_overlapping_streams],
        samples=[
            normal((64, 96), (4, 96, 32)),
            normal((256, 512), (8, 512, 256), name="large", dtypes=("float32",)),
            normal((3, 5), (1, 5, 2), name="one-product", edge=True),
        ],
        dtypes=("float64", "float32"),
        modes=EAGER,
        devices=GPU,
        sources=(f"{TORCH}notes/cuda.html#cuda-streams",),
    ),
    Case(
        "replayed_graph",
        "contraction",
        ref.layers,
        torch=[torch_captured, torch_graphed_callables],
        samples=[
            normal((3, 16, 40), (40, 8)),
            normal((2, 128, 256), (256, 64), name="large", dtypes=("float32",)),
            normal((1, 1, 3), (3, 1), name="one-block", edge=True),
        ],
        dtypes=("float64", "float32"),
        modes=EAGER,
        devices=GPU,
        sources=(f"{TORCH}notes/cuda.html#cuda-graphs", f"{TORCH}generated/torch.cuda.make_graphed_callables.html"),
    ),
    Case(
        "compiled_with_graphs",
        "contraction",
        ref.layers_alone,
        torch=[torch_reduced_overhead, torch_compiled_alone],
        samples=[
            normal((3, 16, 40), (40, 8)),
            normal((2, 128, 256), (256, 64), name="large"),
            normal((1, 1, 3), (3, 1), name="one-block", edge=True),
        ],
        dtypes=("float32",),
        modes=EAGER,
        devices=GPU,
        sources=(f"{TORCH}generated/torch.compile.html",),
    ),
    Case(
        "convolution_settings",
        "contraction",
        ref.trained,
        torch=[torch_heuristic, torch_benchmarked, torch_deterministic, torch_without_cudnn],
        samples=[
            images((2, 8, 7, 3), (3, 2, 3, 4)),
            images((4, 20, 20, 16), (3, 3, 16, 32), "large", dtypes=("float32",)),
            images((1, 3, 4, 2), (3, 4, 2, 3), "kernel-as-large-as-input", edge=True),
        ],
        dtypes=("float64", "float32"),
        modes=EAGER,
        devices=GPU,
        sources=(f"{TORCH}backends.html#torch-backends-cudnn",),
    ),
    Case(
        "deterministic_convolution",
        "contraction",
        ref.trained_twice,
        torch=[
            torch_deterministic_twice, torch_deterministic_benchmarked_twice, torch_deterministic_algorithms_twice
        ],
        samples=[
            images((2, 8, 7, 3), (3, 2, 3, 4)),
            images((4, 20, 20, 16), (3, 3, 16, 32), "large", dtypes=("float32",)),
            images((1, 3, 4, 2), (3, 4, 2, 3), "kernel-as-large-as-input", edge=True),
        ],
        dtypes=("float64", "float32"),
        modes=EAGER,
        devices=GPU,
        sources=(f"{TORCH}notes/randomness.html",),
    ),
    Case(
        "convolution_memory_formats",
        "contraction",
        conv.convolution,
        vjp=conv.convolution_vjp,
        torch=[torch_channels_last, torch_channels_first, torch_module_channels_last],
        tensorflow=[tf_channels_last, tf_channels_first],
        samples=[
            images((2, 8, 7, 3), (3, 2, 3, 4), stride=(1, 1)),
            images((2, 12, 12, 8), (3, 3, 8, 16), "multiple-of-eight", stride=(1, 1)),
            images((2, 9, 8, 5), (3, 3, 5, 7), "strided", stride=(2, 2)),
            images((1, 3, 4, 1), (3, 4, 1, 3), "one-channel", edge=True, stride=(1, 1)),
        ],
        dtypes=("float64", "float32", *HALVES),
        modes=EAGER,
        devices=GPU,
        sources=("https://docs.pytorch.org/tutorials/intermediate/memory_format_tutorial.html", f"{TF}nn/conv2d"),
    ),
    attended("flash_attention", torch_flash, HALVES, causal=False),
    attended("flash_causal_attention", torch_flash_causal, HALVES, causal=True),
    attended("memory_efficient_attention", torch_efficient, ("float32", *HALVES), causal=False),
    attended("memory_efficient_causal_attention", torch_efficient_causal, ("float32", *HALVES), causal=True),
    attended("cudnn_attention", torch_cudnn, HALVES, causal=False),
    attended("cudnn_causal_attention", torch_cudnn_causal, HALVES, causal=True),
    Case(
        "dtype_under_autocast",
        "selection",
        ref.autocast,
        torch=[torch_autocast],
        samples=[
            given(1 + np.eye(3), name=f"{operation.replace('_', '-')}-{lower}", edge=lower == "bfloat16",
                  operation=operation, lower=lower)
            for lower in HALVES
            for operation in ref.AUTOCAST
        ],
        dtypes=("float32",),
        modes=EAGER,
        devices=GPU,
        sources=(f"{TORCH}amp.html#autocast-op-reference",),
    ),
    *CAPTURABLE,
)  # fmt: skip
