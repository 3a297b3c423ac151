"""Layers as they are made, counted, saved and moved: parameters, shapes, defaults, files, the other's weights.

The layers are those of `conformance.weights.LAYERS`, made as `torch_module` and `keras_layer` say, side by side.
"""

import numpy as np

from conformance.case import DTYPES, Case, Sample
from conformance.catalogue import construction_programs
from conformance.reference import construction as ref
from conformance.reference.construction import weights_of
from conformance.weights import LAYERS, keras_to_torch, torch_to_keras
from fixtures.samples import sample

EAGER = ("eager",)
"""Layers are made, saved and given weights outside of graphs."""


def torch_module(torch, layer, channels, units=4, window=3, multiplier=1):
    """The module that has the weights of a Keras layer, for inputs of some channels."""
    nn = torch.nn
    if layer.startswith("Bidirectional("):
        kind = {"SimpleRNN": nn.RNN, "LSTM": nn.LSTM, "GRU": nn.GRU}[layer[len("Bidirectional(") : -1]]
        return kind(channels, units, batch_first=True, bidirectional=True)
    return {
        "Dense": lambda: nn.Linear(channels, units),
        "Embedding": lambda: nn.Embedding(10, units),
        "Conv1D": lambda: nn.Conv1d(channels, units, window),
        "Conv2D": lambda: nn.Conv2d(channels, units, window),
        "Conv3D": lambda: nn.Conv3d(channels, units, window),
        "Conv1DTranspose": lambda: nn.ConvTranspose1d(channels, units, window),
        "Conv2DTranspose": lambda: nn.ConvTranspose2d(channels, units, window),
        "Conv3DTranspose": lambda: nn.ConvTranspose3d(channels, units, window),
        "DepthwiseConv1D": lambda: nn.Conv1d(channels, multiplier * channels, window, groups=channels),
        "DepthwiseConv2D": lambda: nn.Conv2d(channels, multiplier * channels, window, groups=channels),
        "SeparableConv1D": lambda: nn.Sequential(
            nn.Conv1d(channels, multiplier * channels, window, groups=channels, bias=False),
            nn.Conv1d(multiplier * channels, units, 1),
        ),
        "SeparableConv2D": lambda: nn.Sequential(
            nn.Conv2d(channels, multiplier * channels, window, groups=channels, bias=False),
            nn.Conv2d(multiplier * channels, units, 1),
        ),
        "BatchNormalization": lambda: nn.BatchNorm1d(channels),
        "LayerNormalization": lambda: nn.LayerNorm(channels),
        "GroupNormalization": lambda: nn.GroupNorm(2, channels),
        "RMSNormalization": lambda: nn.RMSNorm(channels, eps=1e-5),
        "PReLU": lambda: nn.PReLU(channels),
        "SimpleRNN": lambda: nn.RNN(channels, units, batch_first=True),
        "LSTM": lambda: nn.LSTM(channels, units, batch_first=True),
        "GRU": lambda: nn.GRU(channels, units, batch_first=True),
        "MultiHeadAttention": lambda: nn.MultiheadAttention(channels, 2, batch_first=True),
    }[layer]()


def keras_layer(tf, layer, channels, units=4, window=3, multiplier=1, dtype="float32"):
    """The Keras layer, with the settings that agree with torch's defaults."""
    layers = tf.keras.layers
    if layer.startswith("Bidirectional("):
        inner = getattr(layers, layer[len("Bidirectional(") : -1])(units, return_sequences=True, dtype=dtype)
        return layers.Bidirectional(inner, dtype=dtype)
    if "Conv" in layer:
        options = {"dtype": dtype} | ({} if layer.startswith("Conv") else {"depth_multiplier": multiplier})
        kind = getattr(layers, layer)
        return kind(window, **options) if layer.startswith("Depthwise") else kind(units, window, **options)
    return {
        "Dense": lambda: layers.Dense(units, dtype=dtype),
        "Embedding": lambda: layers.Embedding(10, units, dtype=dtype),
        "BatchNormalization": lambda: layers.BatchNormalization(epsilon=1e-5, dtype=dtype),
        "LayerNormalization": lambda: layers.LayerNormalization(epsilon=1e-5, dtype=dtype),
        "GroupNormalization": lambda: layers.GroupNormalization(2, epsilon=1e-5, dtype=dtype),
        "RMSNormalization": lambda: layers.RMSNormalization(epsilon=1e-5, dtype=dtype),
        "PReLU": lambda: layers.PReLU(shared_axes=[1], dtype=dtype),
        "SimpleRNN": lambda: layers.SimpleRNN(units, return_sequences=True, dtype=dtype),
        "LSTM": lambda: layers.LSTM(units, return_sequences=True, dtype=dtype),
        "GRU": lambda: layers.GRU(units, return_sequences=True, dtype=dtype),
        "MultiHeadAttention": lambda: layers.MultiHeadAttention(2, channels // 2, dtype=dtype),
    }[layer]()


def torch_apply(torch, layer, module, x):
    """The module's result for an input that has its channels last, as Keras takes it."""
    if layer == "MultiHeadAttention":
        return module(x, x, x)[0]
    if layer in ("Embedding", "Dense", "LayerNormalization", "RMSNormalization"):
        return module(x)
    if "RNN" in layer or "LSTM" in layer or "GRU" in layer:
        return module(x)[0]
    return module(x.movedim(-1, 1)).movedim(1, -1)


def keras_apply(tf, layer, made, x):
    return made(x, x) if layer == "MultiHeadAttention" else made(x)


def torch_count(torch, x, layer):
    module = torch_module(torch, layer, x.shape[-1])
    counted = [b for name, b in module.named_buffers() if name != "num_batches_tracked"]
    return torch.tensor([sum(p.numel() for p in module.parameters()), sum(b.numel() for b in counted)])


def keras_model(tf, layer, x):
    entry = tf.keras.Input(x.shape[1:], dtype=x.dtype)
    return tf.keras.Model(entry, keras_apply(tf, layer, keras_layer(tf, layer, x.shape[-1]), entry))


def keras_count(tf, x, layer):
    """As model.summary() prints it."""
    lines = []
    keras_model(tf, layer, x).summary(print_fn=lambda text, **_: lines.append(text))
    counts = {k.strip(): v for k, _, v in (line.partition(":") for line in "\n".join(lines).splitlines())}
    named = [counts[f"{which} params"].split("(")[0] for which in ("Trainable", "Non-trainable")]
    return tf.keras.ops.convert_to_tensor([int(n.replace(",", "")) for n in named], "int64")


def keras_count_params(tf, x, layer):
    made = keras_layer(tf, layer, x.shape[-1])
    keras_apply(tf, layer, made, x)
    trainable = sum(int(np.prod(w.shape)) for w in made.trainable_weights)
    return tf.keras.ops.convert_to_tensor([trainable, made.count_params() - trainable], "int64")


def torch_shape(torch, x, layer):
    """Asked on the device that computes shapes alone."""
    with torch.device("meta"):
        module = torch_module(torch, layer, x.shape[-1]).to(x.dtype if x.dtype.is_floating_point else torch.float32)
    return torch.tensor(torch_apply(torch, layer, module, x.to("meta")).shape)


def keras_output_shape(tf, x, layer):
    made = keras_layer(tf, layer, x.shape[-1])
    shapes = [tuple(x.shape)] * (2 if layer == "MultiHeadAttention" else 1)
    return tf.keras.ops.convert_to_tensor(made.compute_output_shape(*shapes), "int64")


def keras_model_shape(tf, x, layer):
    shape = keras_model(tf, layer, x).output_shape
    return tf.keras.ops.convert_to_tensor([x.shape[0], *shape[1:]], "int64")


def torch_saved(torch, x, layer):
    import io

    module, x = torch_module(torch, layer, x.shape[-1]).eval(), x.float() if x.dtype.is_floating_point else x
    file = io.BytesIO()
    torch.save(module.state_dict(), file)
    file.seek(0)
    loaded = torch_module(torch, layer, x.shape[-1]).eval()
    loaded.load_state_dict(torch.load(file, weights_only=True))
    return torch_apply(torch, layer, module, x) == torch_apply(torch, layer, loaded, x)


def keras_saved(tf, x, layer):
    import pathlib
    import tempfile

    model = keras_model(tf, layer, x)
    with tempfile.TemporaryDirectory() as directory:
        path = pathlib.Path(directory) / "model.keras"
        model.save(path)
        loaded = tf.keras.models.load_model(path)
    return model(x) == loaded(x)


def keras_saved_weights(tf, x, layer):
    import pathlib
    import tempfile

    model, other = keras_model(tf, layer, x), keras_model(tf, layer, x)
    with tempfile.TemporaryDirectory() as directory:
        path = pathlib.Path(directory) / "model.weights.h5"
        model.save_weights(path)
        other.load_weights(path)
    return model(x) == other(x)


def torch_defaults(torch, x, layer):
    nn = torch.nn
    values = {
        "BatchNormalization": lambda: (nn.BatchNorm1d(3).eps, nn.BatchNorm1d(3).momentum),
        "LayerNormalization": lambda: (nn.LayerNorm(3).eps,),
        "GroupNormalization": lambda: (nn.GroupNorm(1, 3).eps,),
        "InstanceNormalization": lambda: (sum(p.numel() for p in nn.InstanceNorm1d(3).parameters()),),
        "LeakyReLU": lambda: (nn.LeakyReLU().negative_slope,),
        "leaky_relu": lambda: (-nn.functional.leaky_relu(-torch.ones(1)),) * 2,
        "PReLU": lambda: (float(nn.PReLU().weight.detach().double()[0]),),
        "PReLU-slopes": lambda: (nn.PReLU().weight.numel(),),
        "ELU": lambda: (nn.ELU().alpha,),
        "Dense": lambda: (nn.Linear(3, 4).bias is not None,),
        "Embedding": lambda: (not nn.Embedding(3, 4, padding_idx=0).weight[0].any(),),
        "LSTM": lambda: (bool(nn.LSTM(3, 4).bias_ih_l0[4] == 1),),
        "MaxPooling2D": lambda: (nn.MaxPool2d(3).stride,),
        "Softmax": lambda: (int(nn.Softmax(dim=None)(torch.zeros(2, 4))[0, 0] == 0.25),),
        "Softmax-of-three-axes": lambda: (1 / nn.Softmax(dim=None)(torch.zeros(2, 4, 5))[0, 0, 0],),
        "Conv2D": lambda: (*nn.Conv2d(3, 4, 3).stride, *nn.Conv2d(3, 4, 3).padding),
        "floatx": lambda: (torch.finfo(torch.get_default_dtype()).bits,),
        "compile": lambda: (nn.Linear(3, 4)._compiled_call_impl is not None,),
    }[layer]()
    return torch.tensor([round(float(v), 6) for v in values], dtype=torch.float64)


def keras_values(tf, layer, **given):
    """With the arguments that are given."""
    layers, activations = tf.keras.layers, tf.keras.activations

    def made(*sizes, kind=layer):
        return getattr(layers, kind)(*sizes, **given)

    def count(layer):
        layer.build((2, 5, 3))
        return layer.count_params()

    def compiled():
        """Whether it is, other than "auto" says: where there is more than a CPU."""
        model = tf.keras.Sequential([tf.keras.Input((3,)), layers.Dense(4)])
        model.compile("sgd", "mse", **given)
        return model.jit_compile != (not given and len(tf.config.list_physical_devices()) > 1)

    values = {
        "BatchNormalization": lambda: (made().epsilon, 1 - made().momentum),
        "LayerNormalization": lambda: (made().epsilon,),
        "GroupNormalization": lambda: (made(1).epsilon,),
        "InstanceNormalization": lambda: (count(made(-1, kind="GroupNormalization")),),
        "LeakyReLU": lambda: (made().negative_slope,),
        "leaky_relu": lambda: [-f(-tf.ones([]), *given.values()) for f in (activations.leaky_relu, tf.nn.leaky_relu)],
        "PReLU": lambda: (-float(made()(-tf.ones([1, 1]))[0, 0]),),
        "PReLU-slopes": lambda: (count(made(kind="PReLU")),),
        "ELU": lambda: (made().alpha,),
        "Dense": lambda: (made(4).use_bias,),
        "Embedding": lambda: (not np.any(layers.Embedding(3, 4, mask_zero=True, **given)(tf.constant([0]))),),
        "LSTM": lambda: (made(4).unit_forget_bias,),
        "MaxPooling2D": lambda: (made(3).strides[0],),
        "Softmax": lambda: (int(made()(tf.zeros([2, 4]))[0, 0] == 0.25),),
        "Softmax-of-three-axes": lambda: (1 / made(kind="Softmax")(tf.zeros([2, 4, 5]))[0, 0, 0],),
        "Conv2D": lambda: (*made(4, 3).strides, *([0, 0] if made(4, 3).padding == "valid" else [1, 1])),
        "floatx": lambda: (tf.as_dtype(tf.keras.config.floatx()).size * 8,),
        "compile": lambda: (compiled(),),
    }[layer]()
    return tf.constant([round(float(v), 6) for v in values], tf.float64)


def keras_defaults(tf, x, layer):
    return keras_values(tf, layer)


def keras_settings(tf, x, layer):
    """With the settings that agree with torch's defaults, where Keras has others."""

    def all_but_the_first(shape, dtype):
        return tf.concat([tf.zeros((1, shape[1]), dtype), tf.random.normal((shape[0] - 1, shape[1]), dtype=dtype)], 0)

    settings = {
        "BatchNormalization": {"epsilon": 1e-5, "momentum": 0.9},
        "LayerNormalization": {"epsilon": 1e-5},
        "GroupNormalization": {"epsilon": 1e-5},
        "InstanceNormalization": {"center": False, "scale": False},
        "LeakyReLU": {"negative_slope": 0.01},
        "leaky_relu": {"negative_slope": 0.01},
        "PReLU": {"alpha_initializer": tf.keras.initializers.Constant(0.25)},
        "PReLU-slopes": {"shared_axes": [1, 2]},
        "Embedding": {"embeddings_initializer": all_but_the_first},
        "LSTM": {"unit_forget_bias": False},
        "Softmax-of-three-axes": {"axis": 0},
        "compile": {"jit_compile": False},
    }
    return keras_values(tf, layer, **settings.get(layer, {}))


def torch_with_keras_weights(torch, x, layer):
    """The weights of a Keras layer, as `conformance.weights` converts them."""
    state = keras_to_torch(layer, weights_of(layer, x.shape[-1], x.ndim - 2))
    module = torch_module(torch, layer, x.shape[-1], multiplier=2)
    dtype = x.dtype if x.dtype.is_floating_point else torch.float32
    missing, _ = module.load_state_dict({k: torch.tensor(v.copy()) for k, v in state.items()}, strict=False)
    assert missing in ([], ["num_batches_tracked"])
    return torch_apply(torch, layer, module.to(dtype).eval(), x)


def keras_with_weights_from_torch(tf, x, layer):
    """The same, by way of torch's layout and back."""
    state = keras_to_torch(layer, weights_of(layer, x.shape[-1], x.ndim - 2))
    dtype = x.dtype if tf.keras.backend.is_float_dtype(x.dtype) else "float32"
    made = keras_layer(tf, layer, x.shape[-1], multiplier=2, dtype=dtype)
    keras_apply(tf, layer, made, x)
    back = torch_to_keras(layer, state, heads=2, multiplier=2)
    made.set_weights([w.reshape(own.shape) for w, own in zip(back, made.weights, strict=True)])
    return keras_apply(tf, layer, made, x)


SHAPES: dict[str, tuple[int, ...]] = {
    "Dense": (2, 6), "Embedding": (2, 5), "Conv1D": (2, 7, 6), "Conv2D": (2, 5, 7, 6), "Conv3D": (1, 4, 5, 3, 2),
    "Conv2DTranspose": (2, 3, 4, 6), "DepthwiseConv2D": (2, 5, 4, 6), "SeparableConv2D": (2, 4, 5, 6),
    "BatchNormalization": (5, 6), "LayerNormalization": (3, 6), "GroupNormalization": (2, 3, 6), "PReLU": (2, 3, 6),
    "SimpleRNN": (2, 5, 6), "LSTM": (2, 5, 6), "GRU": (2, 5, 6), "Bidirectional(LSTM)": (2, 5, 6),
    "MultiHeadAttention": (2, 5, 6),
}  # fmt: skip
WHOLE: dict[str, tuple[int, ...]] = {
    **SHAPES,
    "Conv3DTranspose": (1, 2, 3, 2, 2),
    "SeparableConv1D": (2, 5, 6),
}
EDGES = ("Embedding", "DepthwiseConv2D", "BatchNormalization", "Bidirectional(LSTM)")
"""What is easily counted or laid out wrongly: no bias, groups, buffers, two directions."""


def of_each_layer() -> list[Sample]:
    return [
        sample(layer, inputs(layer, shape), layer=layer, edge=layer in EDGES, gradient=False)
        for layer, shape in SHAPES.items()
    ]


def inputs(layer: str, shape: tuple[int, ...]):
    if layer == "Embedding":
        return lambda rng: (rng.integers(0, 10, shape),)
    return lambda rng: (rng.standard_normal(shape),)


LAYER_PAGES = ("https://docs.pytorch.org/docs/stable/nn.html", "https://keras.io/api/layers/")
CASES = (
    Case(
        "parameter_count",
        "selection",
        ref.parameter_count,
        torch=[torch_count],
        tensorflow=[keras_count, keras_count_params],
        samples=of_each_layer(),
        dtypes=("float64",),
        modes=EAGER,
        sources=LAYER_PAGES,
    ),
    Case(
        "output_shape",
        "selection",
        ref.output_shape,
        torch=[torch_shape],
        tensorflow=[keras_output_shape, keras_model_shape],
        samples=of_each_layer(),
        dtypes=("float64",),
        modes=EAGER,
        sources=LAYER_PAGES,
    ),
    Case(
        "saved_and_loaded",
        "selection",
        ref.saved_and_loaded,
        torch=[torch_saved],
        tensorflow=[keras_saved, keras_saved_weights],
        samples=of_each_layer(),
        dtypes=("float64",),
        modes=EAGER,
        sources=(
            "https://docs.pytorch.org/tutorials/beginner/saving_loading_models.html",
            "https://keras.io/guides/serialization_and_saving/",
        ),
    ),
    Case(
        "defaults",
        "selection",
        ref.defaults,
        torch=[torch_defaults],
        tensorflow=[keras_defaults, keras_settings],
        samples=[
            sample(layer, lambda rng: (np.zeros(1),), layer=layer, edge=True, gradient=False) for layer in ref.DEFAULTS
        ],
        dtypes=("float64",),
        modes=EAGER,
        sources=LAYER_PAGES,
    ),
    Case(
        "converted_weights",
        "contraction",
        ref.converted,
        torch=[torch_with_keras_weights],
        tensorflow=[keras_with_weights_from_torch],
        samples=[
            sample(
                layer,
                inputs(layer, WHOLE.get(layer, (2, 5, 6))),
                layer=layer,
                edge=layer in EDGES,
                dtypes=("float32",) if layer == "Embedding" else DTYPES,
            )
            for layer in LAYERS
        ],
        dtypes=("float64", "float32"),
        modes=EAGER,
        sources=LAYER_PAGES,
    ),
    *construction_programs.CASES,
)
