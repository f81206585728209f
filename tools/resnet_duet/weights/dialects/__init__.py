"""Every dialect: a small file for each, and a row here."""

from resnet_duet.errors import DialectError
from resnet_duet.weights.dialect import Dialect
from resnet_duet.weights.dialects import (
    akamaster,
    detectron2,
    huggingface,
    keras,
    keras_applications,
    keras_caffe,
    keras_hub,
    keras_numbered,
    kuangliu,
    tf_slim,
    timm_v2,
    torchvision,
)

# A file is identified as the first dialect that matches. Only these share names: the plainest
# networks have torchvision's names in several dialects, and all of kuangliu's names are
# akamaster's, whose conventions decide less.
DIALECTS: dict[str, Dialect] = {
    module.DIALECT.name: module.DIALECT
    for module in (
        torchvision,
        keras,
        keras_applications,
        keras_hub,
        keras_caffe,
        keras_numbered,
        akamaster,
        kuangliu,
        timm_v2,
        huggingface,
        detectron2,
        tf_slim,
    )
}


def dialect(name: str) -> Dialect:
    """The dialect with this name.

    Raises:
        DialectError: there is no such dialect. It lists all of them.
    """
    if name not in DIALECTS:
        raise DialectError(f"unknown dialect {name!r}: choose from {', '.join(DIALECTS)}")
    return DIALECTS[name]
