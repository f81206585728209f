"""The originals. torchvision has no CPU build everywhere; its models need none of its operators."""

import sys
import types

import pytest


@pytest.fixture(scope="session")
def torchvision_models():
    """torchvision's models, with an empty module where it registers operators."""
    sys.modules.setdefault(
        "torchvision._meta_registrations", types.ModuleType("torchvision._meta_registrations")
    )
    return pytest.importorskip("torchvision.models", reason="torchvision is not installed")


@pytest.fixture(scope="session")
def timm(torchvision_models):
    """timm, whose import needs torchvision's."""
    return pytest.importorskip("timm", reason="timm is not installed")
