"""Whole-model files of other libraries, under random names: converted right, or refused.

A file with one edit is refused, or converted to what the edited file computes. The edits include
some that stay in the family, such as the padding of a pool.
"""

from collections import Counter

import pytest

import resnet_duet
from resnet_duet.formats import Trust
from resnet_duet.graphs import normalize
from resnet_duet.graphs.operations import Foreign, Rectifier
from resnet_spec import ResNetError
from tests.support.corpus import (
    Case,
    difference,
    edited,
    is_silently_wrong,
    limited,
    originals,
    sample,
    what_differs,
)
from tests.support.corpus_edits import EDITS
from tests.support.corpus_files import SOURCES

SMALLEST = "cifar_resnet20_b"
# After a function that they do not have, these readers refuse the next convolution as well.
LOSE_AXES = ("tf_keras h5", "SavedModel")
CHANGES = 1e-6  # an edited file differs from the original by more, relative to the outputs


def names(cases: list[Case]) -> list:
    return [pytest.param(case, id=str(case)) for case in cases]


def assert_converts(case: Case, folder) -> None:
    path = case.write(folder)
    net = resnet_duet.load(path, into=case.into, trust=Trust.CODE)
    assert what_differs(path, net) == ""


def assert_never_silently_wrong(case: Case, folder) -> None:
    path = case.write(folder)
    assert difference(path, case.original.write(folder)) > CHANGES, "the edit changes nothing"
    assert is_silently_wrong(path, case.into) == ""


def test_the_corpus_has_every_network_from_every_source_and_every_edit():
    files = [*originals(), *edited()]
    assert len(files) == len(set(files)) >= 200
    counts = Counter((case.source, case.kind) for case in files)
    assert set(counts) == {(source, kind) for source in SOURCES for kind in ["", *EDITS]}
    every = {(kind, edit) for kind, own in EDITS.items() for edit in own}
    assert {(case.kind, case.edit) for case in files if case.kind} == every
    assert {(case.source, case.kind) for case in sample()} == set(counts) - {
        (source, "") for source in SOURCES
    }


@pytest.mark.slow
@pytest.mark.parametrize("case", names([Case(SMALLEST, source) for source in SOURCES]))
def test_a_file_of_every_source_converts(case, tmp_path):
    assert_converts(case, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("case", names(sample()))
def test_an_edit_of_every_kind_is_refused_or_converted_to_what_it_is(case, tmp_path):
    assert_never_silently_wrong(case, tmp_path)


@pytest.mark.long
@pytest.mark.parametrize("case", names(originals()))
def test_every_original_converts_and_computes_what_the_file_does(case, tmp_path):
    assert_converts(case, tmp_path)


@pytest.mark.long
@pytest.mark.parametrize("case", names(edited()))
def test_every_edited_file_is_refused_or_converted_to_what_it_is(case, tmp_path):
    assert_never_silently_wrong(case, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("case", names(limited()))
def test_what_no_reader_expresses_is_refused(case, tmp_path):
    path = case.write(tmp_path)
    with pytest.raises(ResNetError):
        resnet_duet.load(path, into=case.into, trust=Trust.CODE)


@pytest.mark.slow
@pytest.mark.parametrize("source", [s for s in SOURCES if s not in LOSE_AXES])
def test_a_reader_that_takes_every_function_for_relu_is_silently_wrong(
    source, tmp_path, monkeypatch
):
    read = normalize._Normalizer.read

    def blind(self, op):
        kind = Rectifier() if isinstance(op.kind, Foreign) else op.kind
        read(self, type(op)(op.name, kind, op.inputs))

    case = Case(SMALLEST, source, "activation", "LeakyReLU")
    path = case.write(tmp_path)
    with pytest.raises(ResNetError, match=r"[Ll]eaky"):
        resnet_duet.load(path, into=case.into, trust=Trust.CODE)
    monkeypatch.setattr(normalize._Normalizer, "read", blind)
    assert "MISMATCH" in is_silently_wrong(path, case.into)
