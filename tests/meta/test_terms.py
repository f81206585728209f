"""Retired terms are gone: the project uses the words of the field. CONTRIBUTING has a glossary."""

import re
import subprocess
from pathlib import Path

import pytest

from support.paths import ROOT

TEXT = {".py", ".md", ".html", ".toml", ".txt", ".cff", ".css", ""}
EXEMPT = {"CHANGELOG.md", "LICENSE", "tests/meta/test_terms.py"}

# Each line: retired words, as regular expressions for whole words, ignoring case.
RETIRED = r"""
    mend(s|ed|ing)?   blam(e|es|ed|ing)   culprits?   lineups?   suspects
    habits?   rivals?   doubtful   DoubtWarning   oblong   amiss
    somebody('s)?   nobody('s)?   whoever   whom   told   tells   behind   beside
    stands?\ (in|at|behind|before|between|there|alone)   of\ one's\ own   none\ of\ (ours|its)
    in\ no\ list   what\ comes\ of   to\ the\ last\ bit   the\ same\ for\ a\ program
    fresh\ norms?   silent\ blocks?   running\ order
    worlds?   twins?   referees?   witness(es)?   interpreters?\ of\ the\ plan
    (third|short|two)\ interpreters?   proofs?   prov(e|es|ed|en|ing)   sameness   parting
    ProofError   Wish   Shelter   Scratch   Sight   Suspect   Use   Unseen
    slots?(?!=True)   layer_slots   usual_size   zeros_count   shared_input   inner_channels
    nominal_stride   running_order   rows_of   best_of   is_rounded   run_rounded   in_silence
    mixed_up   reweighted   amended   concerned   as_written   spelt   adopt(ed|s)?
    h5_child   whole_file   label_of   AS_FILED   left_out   settle(d|s)?   amend(s)?
"""
CASE_SENSITIVE = {"Use", "Sight", "Wish", "Scratch", "Shelter"}


def patterns() -> list[re.Pattern]:
    """One compiled pattern for each retired term."""
    terms = re.split(r"(?<!\\)\s+", RETIRED.strip())
    return [
        re.compile(rf"\b(?:class|import) {term}\b" if term == "Use" else rf"\b{term}(?!\w)",
                   0 if term in CASE_SENSITIVE else re.IGNORECASE)
        for term in terms
    ]  # fmt: skip


def tracked() -> list[str]:
    run = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [name for name in run.stdout.splitlines() if Path(name).suffix in TEXT]


def hits(text: str) -> list[str]:
    """The retired terms in a text, each with its line."""
    return [
        f"{number}: {match.group()}"
        for number, line in enumerate(text.splitlines(), start=1)
        for pattern in patterns_once
        for match in pattern.finditer(line)
    ]


patterns_once = patterns()


@pytest.mark.parametrize("folder", sorted({name.partition("/")[0] for name in tracked()}))
def test_no_retired_term_is_left(folder):
    found = {
        name: hits((ROOT / name).read_text())
        for name in tracked()
        if name.partition("/")[0] == folder and name not in EXEMPT
    }
    assert {name: lines for name, lines in found.items() if lines} == {}


@pytest.mark.parametrize(
    "text", ["what mends it", "a World of Use", "class Use:", "a slot of it", "Behind a ReLU"]
)
def test_a_retired_term_is_found(text):
    assert hits(text)


@pytest.mark.parametrize("text", ["amendment", "dataclass(slots=True)", "Use the flag", "standard"])
def test_other_words_are_not(text):
    assert not hits(text)
