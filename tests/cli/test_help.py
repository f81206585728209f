"""Help pages fit the terminal, hide nothing, and cost nothing."""

import click
import pytest

from resnet_duet.cli import main
from resnet_duet.cli.group import summary
from resnet_duet.cli.help import Command
from support.command import invoke, lines_of, on_terminal

PAGES = ["", *main.commands]
WIDTHS = (60, 80, 120)


def page(command: str, columns: int, flag: str = "--help") -> list[str]:
    """The lines of a help page on a terminal of this width."""
    return invoke(*command.split(), flag, COLUMNS=str(columns)).stdout.splitlines()


@pytest.mark.parametrize("columns", WIDTHS)
@pytest.mark.parametrize("command", PAGES)
def test_a_help_page_fits_the_terminal_and_is_not_abridged(command, columns):
    lines = page(command, columns)
    assert max(map(len, lines)) <= columns
    assert not any(line.endswith("...") for line in lines if not line.startswith("Usage:"))


def test_a_help_page_uses_the_width_of_the_terminal():
    lengths = [max(map(len, page("convert", columns))) for columns in WIDTHS]
    assert lengths[0] <= 60 < lengths[1] <= 80 < lengths[2] <= 120


@pytest.mark.parametrize("columns", WIDTHS)
@pytest.mark.parametrize("command", PAGES)
def test_a_help_page_breaks_lines_between_words_only(command, columns):
    def words(lines):
        return [word for line in lines for word in line.split() if word != "\\"]

    assert words(page(command, columns)) == words(page(command, 1000))


@pytest.mark.parametrize("command", PAGES)
def test_the_short_flag_prints_the_same_page(command):
    assert page(command, 80, "-h") == page(command, 80)


@pytest.mark.parametrize("columns", WIDTHS)
def test_the_first_page_has_the_whole_summary_of_each_command_in_order(columns):
    text = " ".join(" ".join(page("", columns)).split())
    places = [text.index(f"{name} {summary(own)}") for name, own in main.commands.items()]
    assert places == sorted(places)


@pytest.mark.parametrize("command", main.commands)
def test_each_command_has_examples_that_click_can_parse(command):
    own = main.commands[command]
    assert isinstance(own, Command)
    assert own.examples
    for _, line in own.examples:
        name, *arguments = line.partition(" >")[0].replace("'", "").split()[1:]
        main.commands[name].make_context(name, arguments)


@pytest.mark.parametrize(
    ("command", "default"),
    [
        ("convert", "Output dtype. [default: kept]"),
        ("convert", "such as torchvision. [default: detected]"),
        ("convert", "[default: the format's own]"),
        ("convert", "[default: NCHW]"),
        ("verify", "[default: 1;"),
        ("demo", "[default: resnet-duet-demo]"),
        ("demo", "[default: 60;"),
        ("show", "[default: as in the literature]"),
    ],
)
def test_help_shows_defaults(command, default):
    assert default in " ".join(" ".join(page(command, 80)).split())


def test_on_a_terminal_headings_are_bold_and_flags_cyan_unless_colour_is_refused():
    coloured = on_terminal(80, "show", "-h")
    assert "\x1b[1mUsage:" in coloured
    assert "\x1b[36m--layers" in coloured
    assert "\x1b" not in on_terminal(80, "show", "-h", NO_COLOR="1")
    assert "\x1b" not in on_terminal(80, "show", "-h", TERM="dumb")
    assert "\x1b" not in "".join(page("show", 80))


def test_pages_for_the_documentation_have_no_colours():
    context = click.Context(main, info_name="resnet-duet")
    assert "\x1b" not in main.get_help(context)


def test_without_a_command_the_help_is_printed_and_the_status_is_2():
    result = invoke(code=2)
    assert lines_of(result.output)[: len(page("", 80))] == lines_of("\n".join(page("", 80)))
