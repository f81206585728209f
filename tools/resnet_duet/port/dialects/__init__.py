"""Every dialect: one small file each, and a row here."""

from resnet_duet.errors import DialectError
from resnet_duet.port.dialect import Dialect
from resnet_duet.port.dialects import (
    akamaster,
    keras,
    keras_applications,
    keras_numbered,
    torchvision,
)

DIALECTS: dict[str, Dialect] = {
    module.DIALECT.name: module.DIALECT
    for module in (torchvision, keras, keras_applications, akamaster, keras_numbered)
}


def dialect(name: str) -> Dialect:
    """The dialect of this name. Raises DialectError: there is none."""
    if name not in DIALECTS:
        raise DialectError(f"there is no dialect {name!r}; there are {', '.join(DIALECTS)}")
    return DIALECTS[name]
