"""What a layer's weights are at first, when nothing is said: every layer's default, in both frameworks.

``like`` gives the dtype; ``law`` and ``size`` are the distribution that the framework documents.
"""

from conformance.case import Case
from conformance.catalogue.initializers_constant import EAGER, LIKE, blank
from conformance.catalogue.random_continuous import drawn
from conformance.reference import distributions as ref
from fixtures.samples import sample

TORCH = "https://docs.pytorch.org/docs/stable/generated/torch.nn."
KERAS = "https://keras.io/api/layers/"


def torch_weight(torch, like, layer, weight, law, size):
    """64 inputs of a dense layer, 16 channels of a window of 3 x 3, 64 units of a recurrent layer."""
    nn = torch.nn
    module = {
        "Dense": lambda: nn.Linear(64, 256),
        "Conv2D": lambda: nn.Conv2d(16, 256, 3),
        "Conv1D": lambda: nn.Conv1d(16, 256, 4),
        "Conv2DTranspose": lambda: nn.ConvTranspose2d(16, 64, 3),
        "DepthwiseConv2D": lambda: nn.Conv2d(64, 1024, 3, groups=64),
        "Embedding": lambda: nn.Embedding(200, 100),
        "SimpleRNN": lambda: nn.RNN(64, 64),
        "LSTM": lambda: nn.LSTM(64, 64),
        "GRU": lambda: nn.GRU(64, 64),
        "MultiHeadAttention": lambda: nn.MultiheadAttention(64, 4),
        "BatchNormalization": lambda: nn.BatchNorm2d(16),
        "LayerNormalization": lambda: nn.LayerNorm(16),
        "GroupNormalization": lambda: nn.GroupNorm(4, 16),
        "PReLU": lambda: nn.PReLU(),
        "Bilinear": lambda: nn.Bilinear(64, 10, 20),
        "Bilinear without bias": lambda: nn.Bilinear(64, 10, 20, bias=False),
    }[layer]().to(like.dtype)
    attention = {"kernel": "in_proj_weight", "bias": "in_proj_bias", "output kernel": "out_proj.weight"}
    recurrent = {"kernel": "weight_ih_l0", "recurrent kernel": "weight_hh_l0", "bias": "bias_ih_l0",
                 "forget bias": "bias_ih_l0"}  # fmt: skip
    names = {"MultiHeadAttention": attention, **dict.fromkeys(("SimpleRNN", "LSTM", "GRU"), recurrent)}
    others = {
        "moving mean": "running_mean",
        "moving variance": "running_var",
        "bias": "bias",
        "shift": "bias",
        "forget bias": "bias",
    }
    return module.state_dict()[names.get(layer, others).get(weight, "weight")]


def keras_weight(tf, like, layer, weight, law, size, **initializers):
    """The same sizes."""
    layers, dtype = tf.keras.layers, like.dtype
    options = {**initializers, "dtype": dtype}
    made, shape = {
        "Dense": lambda: (layers.Dense(256, **options), (1, 64)),
        "Conv2D": lambda: (layers.Conv2D(256, 3, **options), (1, 8, 8, 16)),
        "Conv1D": lambda: (layers.Conv1D(256, 4, **options), (1, 8, 16)),
        "Conv2DTranspose": lambda: (layers.Conv2DTranspose(64, 3, **options), (1, 8, 8, 16)),
        "DepthwiseConv2D": lambda: (layers.DepthwiseConv2D(3, depth_multiplier=16, **options), (1, 8, 8, 64)),
        "Embedding": lambda: (layers.Embedding(200, 100, **options), (1, 3)),
        "SimpleRNN": lambda: (layers.SimpleRNN(64, **options), (1, 3, 64)),
        "LSTM": lambda: (layers.LSTM(64, **options), (1, 3, 64)),
        "GRU": lambda: (layers.GRU(64, **options), (1, 3, 64)),
        "MultiHeadAttention": lambda: (layers.MultiHeadAttention(4, 16, **options), (1, 3, 64)),
        "BatchNormalization": lambda: (layers.BatchNormalization(**options), (1, 16)),
        "LayerNormalization": lambda: (layers.LayerNormalization(**options), (1, 16)),
        "GroupNormalization": lambda: (layers.GroupNormalization(4, **options), (1, 16)),
        "PReLU": lambda: (layers.PReLU(**options), (1, 5, 16)),
    }[layer]()
    made.build(shape, shape) if layer == "MultiHeadAttention" else made.build(shape)
    if layer == "MultiHeadAttention":
        made = made.output_dense if weight == "output kernel" else made.query_dense
    held = getattr(made, "cell", made)
    name = {"output kernel": "kernel", "scale": "gamma", "shift": "beta"}.get(weight, weight.replace(" ", "_"))
    return tf.convert_to_tensor(getattr(held, name))


def keras_weight_as_torch(tf, like, layer, weight, law, size):
    """With the initializers that give torch's weights."""
    kinds = tf.keras.initializers
    kind = {
        "uniform": lambda: kinds.RandomUniform(-size, size),
        "normal": lambda: kinds.RandomNormal(0.0, size),
        "constant": lambda: kinds.Constant(size),
    }[law]()
    names = {"Embedding": "embeddings_initializer", "PReLU": "alpha_initializer",
             "DepthwiseConv2D": "depthwise_initializer"}  # fmt: skip
    which = {"kernel": names.get(layer, "kernel_initializer"), "bias": "bias_initializer", "alpha": names.get(layer),
             "embeddings": names.get(layer), "recurrent kernel": "recurrent_initializer",
             "output kernel": "kernel_initializer"}.get(weight)  # fmt: skip
    options = {which: kind} if which else {}
    if layer == "LSTM":
        options["unit_forget_bias"] = False
    if layer == "PReLU":
        options["shared_axes"] = [1, 2]
    return keras_weight(tf, like, layer, weight, law, size, **options)


def torch_weight_as_keras(torch, like, layer, weight, law, size):
    """With the functions of torch.nn.init that give Keras' weights; an LSTM's bias is that of the forget gate."""
    value = torch_weight(torch, like, layer, weight, law, size)
    if law == "orthogonal":
        return torch.nn.init.orthogonal_(value[: value.shape[1]], size).mT
    if law == "uniform":
        return torch.nn.init.uniform_(value, -size, size)
    value = value[64:128] if weight == "forget bias" else value
    return torch.nn.init.constant_(value, size)


def torch_initial(torch, like, layer, weight, law, size):
    return torch_weight(torch, like, layer, weight, law, size)


def keras_initial(tf, like, layer, weight, law, size):
    value = keras_weight(tf, like, layer, weight.removeprefix("forget "), law, size)
    return value[64:128] if weight == "forget bias" else value


def of(name, layer, weight, law, size, edge=False):
    return sample(name, blank(1), layer=layer, weight=weight, law=law, size=size, edge=edge)


NORMALIZATIONS = [
    of("batch-normalization-scale", "BatchNormalization", "scale", "constant", 1.0),
    of("batch-normalization-shift", "BatchNormalization", "shift", "constant", 0.0),
    of("batch-normalization-mean", "BatchNormalization", "moving mean", "constant", 0.0),
    of("batch-normalization-variance", "BatchNormalization", "moving variance", "constant", 1.0),
    of("layer-normalization-scale", "LayerNormalization", "scale", "constant", 1.0),
    of("group-normalization-scale", "GroupNormalization", "scale", "constant", 1.0, edge=True),
]
EIGHTH, WINDOW = 64**-0.5, (16 * 9) ** -0.5

CASES = (
    Case(
        "initial_weights",  # as PyTorch documents them; where Keras documents others, that is a divergence
        "statistics",
        drawn,
        statistics=ref.initial_weights,
        torch=[torch_initial],
        tensorflow=[keras_weight_as_torch, keras_initial],
        samples=[
            of("dense-kernel", "Dense", "kernel", "uniform", EIGHTH),
            of("dense-bias", "Dense", "bias", "uniform", EIGHTH),
            of("convolution-kernel", "Conv2D", "kernel", "uniform", WINDOW),
            # Of a transposed convolution PyTorch counts the outputs, which are second in its layout.
            of("transposed-kernel", "Conv2DTranspose", "kernel", "uniform", (64 * 9) ** -0.5),
            of("depthwise-kernel", "DepthwiseConv2D", "kernel", "uniform", 1 / 3),
            of("embedding", "Embedding", "embeddings", "normal", 1.0),
            of("rnn-recurrent-kernel", "SimpleRNN", "recurrent kernel", "uniform", EIGHTH),
            of("lstm-bias", "LSTM", "bias", "uniform", EIGHTH),
            of("gru-recurrent-kernel", "GRU", "recurrent kernel", "uniform", EIGHTH),
            of("attention-kernel", "MultiHeadAttention", "kernel", "uniform", (6 / (64 + 192)) ** 0.5),
            of("prelu", "PReLU", "alpha", "constant", 0.25, edge=True),
        ],
        held=LIKE,
        modes=EAGER,
        dtypes=("float32",),
        sources=(
            f"{TORCH}Linear.html",
            f"{TORCH}Conv2d.html",
            f"{TORCH}LSTM.html",
            f"{TORCH}Embedding.html",
            f"{KERAS}core_layers/dense/",
        ),
    ),
    Case(
        "initial_weights_of_keras",
        "statistics",
        drawn,
        statistics=ref.initial_weights,
        torch=[torch_weight_as_keras],
        tensorflow=[keras_initial],
        samples=[
            of("dense-kernel", "Dense", "kernel", "uniform", (6 / (64 + 256)) ** 0.5),
            of("dense-bias", "Dense", "bias", "constant", 0.0),
            of("convolution-kernel", "Conv2D", "kernel", "uniform", (6 / 9 / (16 + 256)) ** 0.5),
            of("convolution1d-kernel", "Conv1D", "kernel", "uniform", (6 / 4 / (16 + 256)) ** 0.5),
            of("transposed-kernel", "Conv2DTranspose", "kernel", "uniform", (6 / 9 / (16 + 64)) ** 0.5),
            # 64 channels count as inputs and the multiplier 16 as outputs, although each channel is by itself.
            of("depthwise-kernel", "DepthwiseConv2D", "kernel", "uniform", (6 / 9 / (64 + 16)) ** 0.5),
            of("embedding", "Embedding", "embeddings", "uniform", 0.05),
            of("rnn-kernel", "SimpleRNN", "kernel", "uniform", (6 / (64 + 64)) ** 0.5),
            of("rnn-recurrent-kernel", "SimpleRNN", "recurrent kernel", "orthogonal", 1.0),
            of("lstm-forget-bias", "LSTM", "forget bias", "constant", 1.0),
            of("attention-kernel", "MultiHeadAttention", "kernel", "uniform", (6 / (64 + 64)) ** 0.5),
            of("prelu", "PReLU", "alpha", "constant", 0.0, edge=True),
        ],
        held=LIKE,
        modes=EAGER,
        dtypes=("float32",),
        sources=(f"{KERAS}core_layers/dense/", f"{KERAS}recurrent_layers/lstm/", f"{KERAS}core_layers/embedding/"),
    ),
    Case(
        "initial_weights_of_normalizations",
        "statistics",
        drawn,
        statistics=ref.initial_weights,
        torch=[torch_initial],
        tensorflow=[keras_initial],
        samples=NORMALIZATIONS,
        held=LIKE,
        modes=EAGER,
        dtypes=("float32",),
        sources=(f"{TORCH}BatchNorm2d.html", f"{KERAS}normalization_layers/batch_normalization/"),
    ),
    Case(
        "initial_weights_of_bilinear",
        "statistics",
        drawn,
        statistics=ref.initial_weights,
        torch=[torch_initial],
        samples=[
            of("kernel", "Bilinear", "kernel", "uniform", EIGHTH),
            of("bias", "Bilinear", "bias", "uniform", EIGHTH),
            of("without-bias", "Bilinear without bias", "kernel", "uniform", EIGHTH, edge=True),
        ],
        held=LIKE,
        modes=EAGER,
        dtypes=("float32",),
        sources=(f"{TORCH}Bilinear.html",),
    ),
)
