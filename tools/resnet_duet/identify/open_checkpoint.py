"""Opens a file as a network: unwrapped, identified, with the classifier that is asked for.

What only some files need is imported within functions: it is half of the code of identification.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from resnet_duet import formats
from resnet_duet.errors import FileError
from resnet_duet.formats.checkpoint import Checkpoint
from resnet_duet.formats.trust import Trust
from resnet_duet.formats.unwrap import View, views
from resnet_duet.identify.evidence import Evidence, Origin
from resnet_duet.identify.find import Found, find_network, skip_arrays, unknown_network
from resnet_duet.identify.folder import CONFIG, weights_in
from resnet_duet.identify.head import (
    NO_CLASSIFIER,
    Head,
    HeadChoice,
    names_of_classifier,
    with_new_head,
)
from resnet_duet.identify.identify import Identity
from resnet_duet.weights.dialects import DIALECTS
from resnet_spec import ResNetSpec

if TYPE_CHECKING:
    from resnet_duet.graphs.operations import Graph
    from resnet_duet.identify.mapping import Rename


def open_checkpoint(
    path: Path | str,
    spec: ResNetSpec | str | None,
    dialect: str | None,
    head: Head,
    prefix: str | None = None,
    rename: "Rename | None" = None,
    trust: Trust = Trust.DATA,
) -> Found:
    """Read a file and identify its network.

    Args:
        path: the file, or a folder that transformers or timm saved.
        spec: the network, a spec or a name of the zoo. None to use the file's graph, its metadata,
            a `config.json` of transformers or timm in its folder, or else its arrays.
        dialect: the dialect of the file; None to infer it. A file with a graph needs none.
        head: the classifier to return; see `Head`.
        prefix: of the names of the network's arrays, such as "teacher."; None to find it.
        rename: the canonical name of each array, see `resnet_duet.identify.mapping`; None to
            identify the arrays.
        trust: whether a program in the file may be run; a TorchScript file needs it.

    Returns:
        The network's arrays without any wrapper, and its identity.

    Raises:
        FileError: no such file, a corrupted one, an unknown network, several networks, another
            network than `spec`, or a head that is more than a classifier although `head` asks to
            keep it.
    """
    path = weights_in(Path(path))
    whole = formats.read(path, trust)
    try:
        if rename is not None:
            from resnet_duet.identify.mapping import renamed
            from resnet_duet.identify.placement import CANONICAL, PlacedBy

            if whole.graph is not None:
                raise FileError("the file's graph places its tensors; pass no mapping of names")
            whole = renamed(whole, rename)
            note = f"{PlacedBy.MAPPING}: {len(whole.arrays)} tensors"
            whole, dialect = replace(whole, notes=(*whole.notes, note)), CANONICAL
        return open_network(whole, path, spec, dialect, head, prefix)
    except FileError as error:
        raise FileError(f"{path}: {error.summary}", error.details) from error


def open_network(
    whole: Checkpoint,
    path: Path | None,
    spec: ResNetSpec | str | None,
    dialect: str | None,
    head: Head,
    prefix: str | None,
) -> Found:
    """Identify the network of a file that was read, or of a module in memory.

    Args:
        whole: the arrays, and the graph if there is one.
        path: of the file; None for a module in memory.
        spec, dialect, head, prefix: see `open_checkpoint`.

    Raises:
        FileError: see `open_checkpoint`.
    """
    if whole.graph is None:
        checkpoint, identity = _from_arrays(path, whole, spec, dialect, head, prefix)
    else:
        checkpoint, identity = _from_graph(whole, whole.graph, spec, head)
    notes = checkpoint.notes
    if isinstance(head, int) and head != identity.spec.num_classes:
        checkpoint, identity = _with_new_head(checkpoint, identity, head)
    elif head is HeadChoice.KEEP and identity.spec.num_classes is None and not whole.metadata:
        notes = (*notes, NO_CLASSIFIER)
    return checkpoint, replace(identity, evidence=identity.evidence.with_notes(*notes))


def _from_graph(
    whole: Checkpoint, graph: "Graph", spec: ResNetSpec | str | None, head: Head
) -> Found:
    """The network of a graph, in which blocks may be layers of the user's own class."""
    from resnet_duet.identify.by_graph.open import open_graph
    from resnet_duet.identify.by_order.user_layers import has_user_layers, open_with_user_layers

    try:
        return open_graph(whole, graph, spec, head)
    except FileError:
        if has_user_layers(graph):
            with suppress(FileError):  # the graph's error says more
                if found := open_with_user_layers(whole, graph, spec, head):
                    return found
        raise


def _from_arrays(
    path: Path | None,
    whole: Checkpoint,
    spec: ResNetSpec | str | None,
    dialect: str | None,
    head: Head,
    prefix: str | None,
) -> Found:
    """The network of a file without a graph: from metadata, config.json, names and shapes."""
    known = whole.spec if spec is None else spec
    has_config = known is None and path is not None and path.with_name(CONFIG).is_file()
    networks = views(whole.arrays, prefix)
    found = find_network(whole, networks, known, dialect, head)
    if found is None and dialect is None:
        found = _by_order(whole, networks, known, head)
    if found is None:
        raise unknown_network(networks, known, dialect)
    checkpoint, identity = found
    if has_config and path is not None:
        from resnet_duet.identify.config_json import apply_config, read_config

        if config := read_config(path):
            identity = apply_config(config, identity, checkpoint.arrays.shapes)
    if spec is None and whole.metadata is not None:
        identity = replace(identity, evidence=Evidence(Origin.METADATA))
    return checkpoint, identity


def _by_order(
    whole: Checkpoint, networks: Sequence[View], spec: ResNetSpec | str | None, head: Head
) -> Found | None:
    """The network whose arrays have the order and the shapes of the file's, if there is one."""
    from resnet_duet.identify.by_order.open import open_by_order

    view = networks[0]  # with all arrays: what a network does not have may change its function
    skipped = (*whole.skipped, *view.skipped)
    opened = open_by_order(replace(whole, arrays=view.arrays, skipped=skipped), spec, head)
    return None if opened is None else opened[:2]


def _with_new_head(checkpoint: Checkpoint, identity: Identity, classes: int) -> Found:
    """The network with a new classifier, which replaces the file's if it has one."""
    own = DIALECTS[identity.dialect]
    if identity.spec.num_classes is not None:
        names = names_of_classifier(checkpoint.arrays.shapes, identity.spec, own)
        checkpoint = skip_arrays(checkpoint, names)
    arrays = with_new_head(checkpoint.arrays, identity.spec, own, classes)
    changed = replace(
        identity,
        spec=replace(identity.spec, num_classes=classes),
        evidence=identity.evidence.with_given(["num_classes"], Origin.USER),
    )
    return replace(checkpoint, arrays=arrays), changed
