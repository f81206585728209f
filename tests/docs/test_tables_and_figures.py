"""The tables and figures that the pages of the differences show."""

from dataclasses import replace

import pytest

from resnet_duet import book
from resnet_duet.book.figures import inference
from resnet_duet.book.figures.drawing import COLORS
from resnet_duet.differences import DIFFERENCES
from resnet_duet.differences.measure import Measured, Measurement


def measured(description: str, error: float) -> Measured:
    return Measured(description, error, baseline=2e-16, float32_error=1e-7)


FOUND = Measurement(
    visible=(measured("first", 0.5), measured("second", 2e-4)),
    unnoticed=(
        ("large variances", measured("first", 3e-16)),
        ("large variances", measured("second", 4e-16)),
        ("no training", measured("first", 5e-16)),
    ),
)


def test_visible_mistakes_have_a_row_each():
    assert repr(book.visible(FOUND)).splitlines() == [
        "mistake    error  baseline  float32",
        "first        0.5   2.0e-16  1.0e-07",
        "second   2.0e-04   2.0e-16  1.0e-07",
    ]


def test_unnoticed_mistakes_have_a_row_for_each_reason_with_the_largest_error():
    table = book.unnoticed(FOUND)
    assert repr(table).splitlines() == [
        "reason           mistake    error  baseline  float32",
        "large variances  first    4.0e-16   2.0e-16  1.0e-07",
        "                 second                             ",
        "no training      first    5.0e-16   2.0e-16  1.0e-07",
    ]
    html = table._repr_html_()
    assert html.count("large variances") == 1
    assert "first<br>second" in html


def test_fixes_are_listed_by_mistake():
    one = DIFFERENCES["norm_order"]
    (mistake,) = one.mistakes(one.visible())
    assert book.fixes(one).rows == [(mistake.description, mistake.fix)]


@pytest.mark.parametrize("name", ["norm_order", "norm_decay"])
def test_a_figure_describes_every_mistake_in_words(name):
    one = DIFFERENCES[name]
    figure = book.figure(one)
    assert len(figure.panels) == 2
    html = figure._repr_html_()
    for mistake in one.mistakes(one.visible()):
        assert mistake.description in figure.panels[1].alt
        assert mistake.description in html
    assert html.count("data:image/png") == 2
    assert html.count("<figcaption>") == 2


def test_more_mistakes_than_colors_are_refused():
    one = DIFFERENCES["norm_order"]
    scenario = replace(one.visible())
    mistakes = tuple(one.mistakes(scenario)) * (len(COLORS) + 1)
    with pytest.raises(ValueError, match="longer"):
        inference.draw(scenario, mistakes)
