"""Keras' classes of layers and operations, and the functions that translate them."""

from collections.abc import Callable, Mapping

from resnet_duet.graphs import keras_layers, keras_ops, keras_pools
from resnet_duet.graphs.keras_call import LayerCall
from resnet_duet.graphs.operations import Kind

READERS: Mapping[str, Callable[[LayerCall], list[Kind]]] = {  # {class: its translation}
    "Activation": keras_layers.activation_layer,
    "ActivityRegularization": keras_pools.inference_identity,
    "Add": keras_pools.add,
    "AlphaDropout": keras_pools.inference_identity,
    "AveragePooling2D": keras_pools.average_pool,
    "BatchNormalization": keras_layers.batch_norm,
    "Cast": keras_ops.cast,
    "Conv2D": keras_layers.convolution,
    "ConvertToTensor": keras_ops.cast,
    "Dense": keras_layers.dense,
    "Dropout": keras_pools.inference_identity,
    "Flatten": keras_layers.flatten,
    "GaussianDropout": keras_pools.inference_identity,
    "GaussianNoise": keras_pools.inference_identity,
    "GetItem": keras_ops.get_item,
    "GlobalAveragePooling2D": keras_pools.global_average,
    "MaxPooling2D": keras_pools.max_pool,
    "Mean": keras_ops.mean,
    "Normalization": keras_pools.normalization,
    "Pad": keras_ops.pad,
    "RandomBrightness": keras_pools.inference_identity,
    "RandomContrast": keras_pools.inference_identity,
    "RandomFlip": keras_pools.inference_identity,
    "RandomRotation": keras_pools.inference_identity,
    "RandomTranslation": keras_pools.inference_identity,
    "RandomZoom": keras_pools.inference_identity,
    "ReLU": keras_layers.relu,
    "Relu": keras_ops.rectifier,
    "Rescaling": keras_pools.rescaling,
    "Reshape": keras_ops.reshape,
    "SlicingOpLambda": keras_ops.tensorflow_slice,
    "Softmax": keras_layers.softmax,
    "SpatialDropout2D": keras_pools.inference_identity,
    "Squeeze": keras_ops.squeeze,
    "StopGradient": keras_ops.stop_gradient,
    "SyncBatchNormalization": keras_layers.batch_norm,
    "TFOpLambda": keras_ops.tensorflow,
    "Transpose": keras_ops.transpose,
    "ZeroPadding2D": keras_pools.zero_padding,
}
INSTEAD = {  # {class that the family does not have: what it has in its place}
    "LeakyReLU": "ReLU", "PReLU": "ReLU", "ELU": "ReLU", "ThresholdedReLU": "ReLU",
    "LeakyRelu": "ReLU", "Relu6": "ReLU", "Gelu": "ReLU", "Elu": "ReLU", "Silu": "ReLU",
    "Average": "Add", "Maximum": "Add", "Concatenate": "Add", "Multiply": "Add",
    "Subtract": "Add", "GlobalMaxPooling2D": "GlobalAveragePooling2D",
    "SeparableConv2D": "Conv2D", "DepthwiseConv2D": "Conv2D",
    "LayerNormalization": "BatchNormalization", "GroupNormalization": "BatchNormalization",
}  # fmt: skip
