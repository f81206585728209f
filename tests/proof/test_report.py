"""The report: one page, drawn from a comparison, looked at in a browser."""

import re

import numpy as np
import pytest

import browser
import resnet_duet
from resnet_duet.errors import FileError
from resnet_duet.proof.adapters import network
from resnet_duet.proof.plot import LIGHT, WIDE, drawing
from resnet_duet.proof.report import write_report
from worlds import twins

PARTS = "layer2.1.bn1"


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """(page of two networks that agree, page of two that part in layer2.1.bn1)."""
    folder = tmp_path_factory.mktemp("pages")
    torch_net, keras_net = twins("cifar_resnet20")
    write(folder / "same.html", torch_net, keras_net)
    offset = keras_net.get_layer(PARTS).beta
    offset.assign(offset.numpy() + np.eye(1, 32)[0] * 1e-6)
    write(folder / "parting.html", torch_net, keras_net)
    return folder / "same.html", folder / "parting.html"


def write(path, a, b):
    result = resnet_duet.compare(a, b)
    write_report(path, result, (network(a), network(b)), "resnet-duet verify a b <&>", False)


@pytest.mark.slow
def test_the_page_is_whole_in_itself(pages):
    for page in pages:
        text = page.read_text()
        assert not re.findall(r"(?:src|href)=[\"'](?!data:|#)", text)
        assert "<script" not in text
        assert "@import" not in text
        assert "resnet-duet verify a b &lt;&amp;&gt;" in text


def test_the_browser_shows_the_verdict_and_the_first_layer_that_parts(pages):
    same, parting = pages
    document, console = browser.dom(same)
    assert console == []
    assert '<h1 id="verdict">The same function</h1>' in document
    document, console = browser.dom(parting)
    assert console == []
    assert '<h1 id="verdict">Not the same function</h1>' in document
    assert f'<code id="parting">{PARTS}</code>' in document
    assert f"parts in {PARTS}" in document  # in the picture
    assert document.count("<tr><td><code>") == 75


@pytest.mark.slow
def test_the_page_differs_between_light_and_dark_and_between_phone_and_desk(pages, tmp_path):
    seen = {
        browser.screenshot(pages[1], tmp_path / f"{scheme}{width}.png", scheme, width)
        for scheme in (browser.LIGHT, browser.DARK)
        for width in (500, 1440)  # Chromium makes no window narrower than 500
    }
    assert len(seen) == 4


def test_the_picture_has_a_point_for_every_output_and_marks_the_parting(pages):
    torch_net, keras_net = twins("mlperf_resnet8")
    kernel = keras_net.get_layer("fc").kernel
    kernel.assign(np.full(kernel.shape, np.nan))
    result = resnet_duet.compare(torch_net, keras_net)
    picture = drawing(result, LIGHT, WIDE)
    assert picture.count("<use ") >= len(result.rows)
    assert "parts in fc" in picture


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("page.pdf", "must end in .html"),
        ("none/page.html", "there is no such folder"),
        ("old.html", "say --overwrite"),
    ],
)
def test_a_page_that_cannot_be_written_is_told_and_nothing_is_left(tmp_path, name, line):
    (tmp_path / "old.html").write_text("old")
    torch_net, keras_net = twins("mlperf_resnet8")
    with pytest.raises(FileError, match=line):
        write(tmp_path / name, torch_net, keras_net)
    assert [p.name for p in tmp_path.iterdir()] == ["old.html"]
    assert (tmp_path / "old.html").read_text() == "old"
