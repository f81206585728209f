"""The registry lists every folder, and every difference is complete."""

from pathlib import Path

import pytest

from resnet_duet import differences
from resnet_duet.differences import DIFFERENCES, NAMES, difference
from resnet_duet.differences.difference import MISTAKE, Category
from resnet_duet.frameworks import FRAMEWORKS
from resnet_duet.scenarios.inference import InferenceScenario
from resnet_spec import ResNetError

FILES = {"__init__.py", "page.md", "code.py", "mistakes.py"}
FILES |= {"exercise/task.md", "exercise/solution.py"}


def test_every_folder_is_listed_and_has_all_six_files():
    root = Path(differences.__file__).parent
    folders = {path.name: path for path in root.iterdir() if path.is_dir() and path.name[0] != "_"}
    assert set(NAMES) == set(folders)
    assert len(NAMES) == len(set(NAMES))
    assert list(DIFFERENCES) == list(NAMES)
    for name, folder in folders.items():
        found = {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}
        sources = {path.as_posix() for path in found if path.suffix in (".py", ".md")}
        assert sources == FILES, name


def test_modules_of_the_registry_are_the_folders_and_three_more():
    root = Path(differences.__file__).parent
    assert {path.stem for path in root.glob("*.py")} == {"__init__", "difference", "measure"}


def test_differences_are_listed_by_category():
    order = [list(Category).index(one.category) for one in DIFFERENCES.values()]
    assert order == sorted(order)
    assert set(order) == set(range(len(Category)))


@pytest.mark.parametrize("name", DIFFERENCES)
def test_every_difference_is_complete(name):
    one = DIFFERENCES[name]
    assert one.name == name
    assert one.title
    assert not one.title.endswith(".")
    for text in (one.about, one.how_to_test, one.exercise.task):
        assert text.endswith((".", "?", "```"))
        assert text.count("`") % 2 == 0
        assert not text.startswith("#")
    assert one.mistake_in in FRAMEWORKS
    assert set(one.code) == {*FRAMEWORKS, MISTAKE}
    mistakes = list(one.mistakes(one.visible()))
    assert len({mistake.description for mistake in mistakes}) == len(mistakes) > 0
    assert all(mistake.fix for mistake in mistakes)
    assert all(other.reason and not other.reason.endswith(".") for other in one.unnoticed)


def test_titles_differ():
    assert len({one.title for one in DIFFERENCES.values()}) == len(DIFFERENCES)


@pytest.mark.parametrize("name", DIFFERENCES)
def test_a_mistake_that_is_made_twice_is_the_same_mistake(name):
    """So that its network is built once: plan edits and transforms are objects of a module."""
    one = DIFFERENCES[name]
    scenario = one.visible()
    for a, b in zip(one.mistakes(scenario), one.mistakes(scenario), strict=True):
        assert (a.description, a.fix) == (b.description, b.fix)
        if isinstance(scenario, InferenceScenario):
            assert network_key(a.scenario) == network_key(b.scenario)


def network_key(scenario: InferenceScenario) -> tuple:
    return (
        scenario.spec,
        scenario.edits,
        scenario.preprocessing,
        scenario.postprocessing,
        scenario.training,
        scenario.dtype,
    )


def test_an_unknown_name_gets_a_suggestion():
    assert difference("norm_eps") is DIFFERENCES["norm_eps"]
    with pytest.raises(ResNetError, match="'norm_epsilon'; did you mean norm_eps"):
        difference("norm_epsilon")
    with pytest.raises(ResNetError, match="`resnet-duet differences` lists them"):
        difference("?")
