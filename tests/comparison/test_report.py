"""The report: one page about a comparison, viewed in a browser."""

import re
from dataclasses import replace

import numpy as np
import pytest

import resnet_duet
from resnet_duet.comparison.adapters import subject
from resnet_duet.comparison.plot import (
    CEILING,
    EPSILON,
    LIGHT,
    NARROW,
    WIDE,
    figure_svg,
    label_rows,
    limits,
)
from resnet_duet.comparison.report import check_report_path, write_report
from resnet_duet.errors import FileError
from support import browser
from support.networks import matching_networks

DIVERGES = "layer2.1.bn1"


@pytest.fixture(scope="module")
def comparisons():
    """(networks that match, networks that diverge first in layer2.1.bn1)."""
    torch_net, keras_net = matching_networks("cifar_resnet20")
    match = resnet_duet.compare(torch_net, keras_net)
    offset = keras_net.get_layer(DIVERGES).beta
    offset.assign(offset.numpy() + np.eye(1, 32)[0] * 1e-6)
    return match, resnet_duet.compare(torch_net, keras_net)


@pytest.fixture(scope="module")
def pages(comparisons, tmp_path_factory):
    """(page of the match, page of the mismatch)."""
    folder = tmp_path_factory.mktemp("pages")
    paths = folder / "match.html", folder / "mismatch.html"
    for path, result in zip(paths, comparisons, strict=True):
        write(path, result)
    return paths


def write(path, result):
    subjects = tuple(map(subject, matching_networks("mlperf_resnet8")))
    write_report(path, result, subjects, "resnet-duet verify a b <&>")


@pytest.mark.slow
def test_the_page_needs_no_other_file(pages):
    for page in pages:
        text = page.read_text()
        assert not re.findall(r"(?:src|href)=[\"'](?!data:|#)", text)
        assert "<script" not in text
        assert "@import" not in text
        assert "resnet-duet verify a b &lt;&amp;&gt;" in text


def test_the_page_states_the_verdict_and_labels_every_column(pages, comparisons):
    match, mismatch = (page.read_text() for page in pages)
    first = comparisons[1].first_divergence
    differ = sum(not layer.match for layer in comparisons[1].layers)
    assert '<h1 id="verdict">Match</h1>' in match
    assert "All 75 layer outputs agree within the tolerance (float64)." in match
    assert '<h1 id="verdict">MISMATCH</h1>' in mismatch
    assert (
        f'First divergence: <code id="first-divergence">{DIVERGES}</code>, relative error'
        f" {first.error:.1e} (tolerance 1e-10, float64). {differ} of 75 layers differ."
    ) in mismatch
    for page in (match, mismatch):
        assert "<h2>Reproduce</h2>" in page
        assert not re.findall(r"<th[^>]*></th>", page)


@pytest.mark.slow
def test_the_browser_shows_the_verdict_and_the_first_divergence(pages):
    match, mismatch = pages
    document, console = browser.dom(match)
    assert console == []
    assert '<h1 id="verdict">Match</h1>' in document
    document, console = browser.dom(mismatch)
    assert console == []
    assert '<h1 id="verdict">MISMATCH</h1>' in document
    assert f'<code id="first-divergence">{DIVERGES}</code>' in document
    assert f"first divergence: {DIVERGES}" in document  # in the figure
    assert document.count("<tr><td><code>") == 75


@pytest.mark.slow
def test_the_page_differs_between_light_and_dark_and_between_phone_and_desktop(pages, tmp_path):
    seen = {
        browser.screenshot(pages[1], tmp_path / f"{scheme}{width}.png", scheme, width)
        for scheme in (browser.LIGHT, browser.DARK)
        for width in (500, 1440)  # Chromium's narrowest window
    }
    assert len(seen) == 4


def test_the_figure_has_a_point_for_every_layer_and_marks_the_first_divergence():
    torch_net, keras_net = matching_networks("mlperf_resnet8")
    kernel = keras_net.get_layer("fc").kernel
    kernel.assign(np.full(kernel.shape, np.nan))
    result = resnet_duet.compare(torch_net, keras_net)
    figure = figure_svg(result, LIGHT, WIDE)
    assert figure.count("<use ") >= len(result.layers)
    assert "first divergence: fc" in figure


def test_the_axis_of_the_figure_ends_near_the_data(comparisons):
    for result in comparisons:
        bottom, top = limits(result.layers)
        largest = max(result.worst.error, 1e-10)
        assert EPSILON / 100 < bottom < EPSILON
        assert largest < top < 100 * largest < CEILING


def test_names_of_stages_do_not_overlap_in_the_figure(comparisons):
    """A name that would overlap the name to its left goes into a second row."""
    layers = comparisons[0].layers
    sizes = {"stem": 4, "layer1": 1, "layer2": 60, "head": 3}
    stages, start = {}, 0
    for stage, count in sizes.items():
        stages[stage] = layers[start : start + count]
        start += count
    result = replace(comparisons[0], layers=layers[:start], stages=stages)
    assert label_rows(result, WIDE[0]) == [0, 1, 0, 0]
    assert label_rows(comparisons[0], NARROW[0]) == [0, 0, 0, 0, 0]


def test_a_report_replaces_an_older_one(comparisons, tmp_path):
    page = tmp_path / "page.html"
    page.write_text("old")
    write(page, comparisons[0])
    assert page.read_text().startswith("<!doctype html>")
    assert list(tmp_path.iterdir()) == [page]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("page.pdf", "the name of a report must end in .html"),
        ("none/page.html", "none does not exist"),
        ("folder.html", "is a folder"),
    ],
)
def test_a_page_that_cannot_be_written_is_a_clear_error(comparisons, tmp_path, name, line):
    (tmp_path / "folder.html").mkdir()
    for attempt in (check_report_path, lambda path: write(path, comparisons[0])):
        with pytest.raises(FileError, match=line):
            attempt(tmp_path / name)
    assert [p.name for p in tmp_path.iterdir()] == ["folder.html"]
