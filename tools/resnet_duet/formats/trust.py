"""Whether the code in a file may be run."""

from enum import Enum


class Trust(Enum):
    """How far a file is trusted.

    TorchScript and `torch.export` files contain programs. Their graphs are data, but to run them,
    and to read TorchScript at all, is to run what the file's author wrote.
    """

    DATA = "the file is data: nothing in it is run"
    CODE = "the programs in the file may be run"
