"""Every dialect: one small file each, and a row here."""

from resnet_duet.errors import DialectError
from resnet_duet.port.dialect import Dialect
from resnet_duet.port.dialects import (
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

# The first that fits a file is taken. Only these share names: the plainest networks' are
# torchvision's, and all of kuangliu's are akamaster's, whose habits say less.
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
    """The dialect of this name. Raises DialectError: there is none."""
    if name not in DIALECTS:
        raise DialectError(f"there is no dialect {name!r}; there are {', '.join(DIALECTS)}")
    return DIALECTS[name]
