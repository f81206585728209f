"""Hostile HDF5 files, and files that crash or hang the library in its worker process."""

import base64
import io
import zlib

import h5py
import numpy as np
import pytest

from resnet_duet import formats
from resnet_duet.errors import FileError
from resnet_duet.formats import hdf5, hdf5_worker
from support.sandbox import assert_harmless, assert_readable, judged
from support.thin_files import flipped, thin_file

KERNEL = "conv1/conv1/kernel:0"
ONES = np.ones(4, np.float32)


def h5(**options):
    """The bytes of a file that lists one kernel, filled by a function."""

    def built(fill):
        stream = io.BytesIO()
        with h5py.File(stream, "w", **options) as file:
            file.attrs["layer_names"] = [b"conv1"]
            file.create_group("conv1").attrs["weight_names"] = [b"conv1/kernel:0"]
            fill(file)
        return stream.getvalue()

    return built


def array(*args, **options):
    """A file of one array, as `create_dataset` takes it."""
    return h5()(lambda file: file.create_dataset(KERNEL, *args, **options))


def linked(link):
    return h5()(lambda file: file.__setitem__(KERNEL, link))


def with_ones(do, **options):
    """A valid file that a function changes."""

    def fill(file):
        file[KERNEL] = ONES
        do(file)

    return h5(**options)(fill)


def attributes(**values):
    return with_ones(lambda file: file.attrs.update(values))


def virtual():
    layout = h5py.VirtualLayout((4,), "f4")
    layout[:] = h5py.VirtualSource("/etc/passwd", "x", (4,))
    return h5()(lambda file: file.create_virtual_dataset(KERNEL, layout))


def selves(file):
    for number in range(10):
        file[f"self{number}"] = file["/"]


def odd_float(size, **parts):
    """A file of a precision that NumPy does not have: HDF5 describes any."""

    def fill(file):
        kind = h5py.h5t.IEEE_F32LE.copy()
        kind.set_ebias(parts["bias"])
        group = file["conv1"].create_group("conv1")
        space = h5py.h5s.create_simple((size,))
        dataset = h5py.h5d.create(group.id, b"kernel:0", kind, space)
        dataset.write(h5py.h5s.ALL, h5py.h5s.ALL, np.arange(size, dtype=np.float32))

    return h5()(fill)


def texts_of_one_heap(file):
    """A thousand attributes that point to one text of a megabyte."""
    file.attrs["a"] = "x" * 2**20
    for number in range(40):
        file.attrs[f"a{number}"] = "x" * 2**20


HOSTILE = {
    "a link into another file": linked(h5py.ExternalLink("/etc/passwd", "x")),
    "a soft link": linked(h5py.SoftLink("/conv1")),
    "a soft link to nowhere": linked(h5py.SoftLink("/none")),
    "values of another file": array(shape=(4,), dtype="f4", external=[("/etc/passwd", 0, 16)]),
    "a view of another file": virtual(),
    "four terabytes that were never written": array(shape=(10**12,), dtype="f4"),
    "four terabytes in pieces": array(shape=(10**12,), dtype="f4", chunks=(10**6,)),
    "a piece of two gigabytes": array(shape=(10**9,), dtype="f4", chunks=(2**29,)),
    "a bomb": array(data=np.zeros(25_000_000, "f4"), chunks=(10**6,), compression="gzip"),
    "a group that contains itself": with_ones(
        lambda file: file["conv1"].update(self=file["conv1"])
    ),
    "a file that contains itself ten times": with_ones(selves),
    "an array with two names": with_ones(lambda file: file.update(again=file[KERNEL])),
    "groups in groups": with_ones(lambda file: file.create_group("a/" * 100)),
    "a group for an array": with_ones(lambda f: (f.__delitem__(KERNEL), f.create_group(KERNEL))),
    "no array": h5()(lambda file: None),
    "an array of nothing": array(dtype="f4"),
    "texts of variable length": array(data=["a", "b"], dtype=h5py.string_dtype()),
    "references": h5()(lambda f: f.create_dataset(KERNEL, data=[f.ref], dtype=h5py.ref_dtype)),
    "layer names that are a number": attributes(layer_names=5),
    "layer names that are numbers": attributes(layer_names=np.arange(5)),
    "layer names in a table": attributes(layer_names=np.array([[b"conv1"]])),
    "layer names that are nothing": attributes(layer_names=h5py.Empty("f4")),
    "layer names that climb": attributes(layer_names=[b"../.."]),
    "a layer of several lines": attributes(layer_names=[b"conv1\n\x1b[31m"]),
    "metadata that is a list": attributes(resnet_duet=[b"a", b"b"]),
    "invalid metadata": attributes(resnet_duet='{"spec": 5}'),
    "a configuration that is a list": attributes(model_config=[b"{}"]),
    "a configuration of another shape": attributes(model_config='{"config": [5]}'),
    "a configuration nested too deeply": attributes(model_config='{"config": ' + "[" * 20_000),
    "float32 values marked as bfloat16": with_ones(
        lambda file: file[KERNEL].attrs.update(dtype="bfloat16")
    ),
    "forty megabytes of texts": with_ones(texts_of_one_heap, libver="latest"),
}


def test_a_hostile_h5_gives_a_clear_error():
    outcomes = judged((("x.h5", file) for file in HOSTILE.values()), "read")
    for (what, file), outcome in zip(HOSTILE.items(), outcomes, strict=True):
        assert_harmless(outcome, "x.h5", file)
        assert outcome.error is not None, what


PRECISIONS = {
    "texts": array(data=np.array([b"abc", b"def"])),
    "records": array(data=np.zeros(4, [("x", "f4"), ("y", "i2")])),
    "truth": array(data=np.zeros(4, bool)),
    "complex": array(data=np.zeros(4, "c8")),
    "opaque": array(data=np.zeros(4, "V5")),
    "arrays of arrays": array(shape=(4,), dtype=np.dtype(("f4", (2, 3)))),
}


def test_an_h5_of_a_precision_that_weights_never_have_is_refused():
    outcomes = judged((("x.h5", file) for file in PRECISIONS.values()), "convert")
    for (what, file), outcome in zip(PRECISIONS.items(), outcomes, strict=True):
        assert_harmless(outcome, "x.h5", file)
        assert "1 arrays are not floating-point weights\n  conv1/kernel: " in outcome.error, what


WHOLE = {
    "plain": array(data=ONES),
    "big-endian": array(data=ONES.astype(">f4")),
    "big-endian in pieces": array(data=ONES.astype(">f4"), chunks=(2,)),
    "compressed, shuffled and checksummed": array(
        data=ONES, chunks=(2,), compression="gzip", shuffle=True, fletcher32=True
    ),
    "the newest form": with_ones(lambda file: None, libver="latest"),
    "after a user block": with_ones(lambda file: None, userblock_size=512),
    "with attributes of any kind": attributes(
        a=np.zeros(3, [("x", "f4")]), b=np.void(b"abc"), c=h5py.Empty("f4"), d=np.arange(9.0)
    ),
    "with 60 megabytes of numbers as an attribute": with_ones(
        lambda file: file.attrs.create("big", np.zeros(60 * 2**20, "u1")), libver="latest"
    ),
    "listed twice": attributes(layer_names=[b"conv1", b"conv1"]),
}


def test_an_unusual_h5_is_read_correctly():
    outcomes = judged((("x.h5", file) for file in WHOLE.values()), "read")
    for (what, file), outcome in zip(WHOLE.items(), outcomes, strict=True):
        assert_harmless(outcome, "x.h5", file)
        assert outcome.result == {"conv1/kernel": ("<f4", (4,), ONES.tobytes())}, what


def test_a_precision_that_numpy_lacks_is_converted_by_hdf5():
    (outcome,) = judged([("x.h5", odd_float(4, bias=100))], "read")
    ((dtype, _, content),) = outcome.result.values()
    assert np.frombuffer(content, dtype).tolist() == [0, 1, 2, 3]


# Small files with flipped bits: one that HDF5 1.14.6 never finishes to read, one that crashes it.
LOOPS = (
    "c-rlm!A`<J5Qb-VA!!Ii2m~k>`zB%p<zU392XDfmQG;?&6Y-=+e1krMkKiNt7(RwKY`e2`cT*E02ThnSA=90i-Pxr-O*"
    "*^|di#}9rvwR}2L-5t$%6Ro*kc_Zkwvm|vTs8Bi)pM){wl2>NHw03|LmmSPqG&dy3Tu3Sr3>^WYFI|PVD(oM~V+&=Zzg"
    "b4%V!z^%~V}y_abx7+*DFb>EDi!n=#<_%^&x{XVKaR+oEG%0)zLf2NIOc73onJVfK5ZoWRJaQyoBBpv_6J=hj&ieVUrV"
    "Hk#C7=~f~ni{?MyZy8>bm_fbKm$COQrt((?>FT17eqRixqUh9ShX(~`CwFIHjSV9a-*i5H!*aW&RetY>Cv!<@oHLkUv+"
    "!^prLHH$@gfL=ZyP(W&O=c+TVN(uP?72vIgfm{Y?qk{{lJz>A|Dt7igZgGL9#aTCh#N09qcjo+)08>nCv`1ghPr^(4-H"
    "TbY{qKf4nzJLbpL_pHrY{SDt2-d*G"
)
CRASHES = (
    "c-rlm!A`<J5Qb-VA!!Ii2&7Oh_D#e{m4gwZ9=r($q6X!lCgMqt^$mCg9>GW8F?<Yfwe8N*c2g4q7Yy?yWV$oEJG<@Ah7"
    "O;-?s28mE<uE4K>@0eCLq4s*|v@k$Rb&v>|AJnF^;v!U#0n7soGQWUtM@!)H^WHdA@9AEns$$o_Ba2+3Tf_6bq5<H#GF"
    "v+c2-z>#UyDdzn^(;Z-A4_rvgQ^mH>BK8~JazZ0l6R+np0%0<M?`qFkLlk1bC{wbz5YWCOr6oy}apQPa*8~d8?v8EV?V"
    "Hk#C7-s$V1m-^y@GW4rkQ$vRW<9M89eS@9&;Sc26n7Bw>kT>e1rfJpZe310R;|m;97ttjc8$O4asxZtZ=BL$JZ{6hmuL"
    "MhhO=qi{nWGbyA5SKHb0|P&KdK5CH2ipT;F^h-QV85Bn3_f*RO9%Nd6bl9gq$lJ-$HWw3T5ziqzbF^10Bop!rVmVwgXQ"
    "3n5UgM$ISDck+Ls`CIlRJ`U0!Q{U4TYjqud0Sb>`nE"
)


@pytest.mark.slow
@pytest.mark.parametrize("compressed", [LOOPS, CRASHES])
def test_a_file_that_hangs_or_crashes_hdf5_gives_a_clear_error(tmp_path, monkeypatch, compressed):
    monkeypatch.setattr(hdf5, "SECONDS", 3)
    path = tmp_path / "net.h5"
    path.write_bytes(zlib.decompress(base64.b85decode(compressed)))
    with pytest.raises(FileError, match=r"net\.h5") as caught:
        formats.read(path)
    assert_readable(str(caught.value))


def child(tmp_path, monkeypatch, code):
    """A file, and another program in place of the worker that reads it."""
    program = tmp_path / "child.py"
    program.write_text(code)
    monkeypatch.setattr(hdf5, "WORKER", program)
    path = tmp_path / "net.h5"
    path.write_bytes(thin_file("h5"))
    return path


def test_a_crash_of_hdf5_gives_a_clear_error(tmp_path, monkeypatch):
    path = child(tmp_path, monkeypatch, "import os; os.kill(os.getpid(), 11)")
    with pytest.raises(FileError, match=r"net\.h5: .* the HDF5 library crashes on it"):
        formats.read(path)


def test_an_endless_loop_of_hdf5_gives_a_clear_error(tmp_path, monkeypatch):
    monkeypatch.setattr(hdf5, "SECONDS", 0.5)
    path = child(tmp_path, monkeypatch, "while True: pass")
    with pytest.raises(FileError, match=r"net\.h5: .* reading its index never ends"):
        formats.read(path)


def test_the_worker_reports_a_corrupted_file_by_its_exit_status(tmp_path, monkeypatch):
    assert hdf5.DAMAGED == hdf5_worker.DAMAGED
    code = f"import sys; print('broken superblock', file=sys.stderr); sys.exit({hdf5.DAMAGED})"
    path = child(tmp_path, monkeypatch, code)
    with pytest.raises(FileError, match=r"not an HDF5 file, or corrupted: broken superblock$"):
        formats.read(path)


@pytest.mark.parametrize("code", ["1 / 0", "import none", "import sys; sys.exit(3)"])
def test_a_bug_in_the_worker_is_not_reported_as_a_corrupted_file(tmp_path, monkeypatch, code):
    path = child(tmp_path, monkeypatch, code)
    with pytest.raises(RuntimeError, match="the HDF5 worker failed with status") as caught:
        formats.read(path)
    assert not isinstance(caught.value, FileError)
    assert ("Traceback" in str(caught.value)) == ("exit" not in code)


def test_a_crash_while_an_array_is_unpacked_gives_a_clear_error(tmp_path, monkeypatch):
    path = tmp_path / "net.h5"
    path.write_bytes(thin_file("compressed_h5"))
    arrays = formats.read(path).arrays
    child(tmp_path, monkeypatch, "import os; os.abort()")
    with pytest.raises(FileError, match=r"net\.h5: .* the HDF5 library crashes on it"):
        dict(arrays)


def test_the_worker_cannot_exceed_its_memory_limit(tmp_path, monkeypatch):
    folder = str(hdf5.WORKER.parent)
    code = f"""
import sys
sys.path.append({folder!r})
import hdf5_worker
hdf5_worker.h5py.File = lambda path: bytearray(600 * 10**6)
hdf5_worker.main(*sys.argv[1:])
"""
    path = child(tmp_path, monkeypatch, code)
    with pytest.raises(FileError, match="not an HDF5 file, or corrupted: MemoryError"):
        formats.read(path)


@pytest.mark.slow
def test_the_worker_reports_damage_like_the_fork_that_replaces_it_in_tests():
    """A fork is faster, so most tests use it in place of the worker."""
    cases = [flipped(thin_file("weights_h5"), f"real {seed}") for seed in range(25)]
    by_program = judged((("x.weights.h5", file) for file in cases), "read", real_child=True)
    by_fork = judged((("x.weights.h5", file) for file in cases), "read")
    for file, real, other in zip(cases, by_program, by_fork, strict=True):
        assert_harmless(real, "x.weights.h5", file)
        assert real.result == other.result
        assert (real.error is None) == (other.error is None)
