"""Who may import whom: read from the source, never by importing it."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
FRAMEWORKS = {"torch", "tensorflow", "keras", "resnet_torch", "resnet_tf"}
PORT = {"resnet_spec", "resnet_duet", "numpy", "h5py", "safetensors"}

# folder: (what it may import at the top of a module, what it may import within a function)
RULES: dict[str, tuple[set[str], set[str]]] = {
    "shared/resnet_spec": ({"resnet_spec"}, {"resnet_spec"}),
    "resnet_torch": (
        {"resnet_spec", "resnet_torch", "torch", "numpy"},
        {"resnet_spec", "resnet_torch", "torch", "numpy"},
    ),
    "resnet_tf": (
        {"resnet_spec", "resnet_tf", "keras", "tensorflow", "numpy"},
        {"resnet_spec", "resnet_tf", "keras", "tensorflow", "numpy"},
    ),
    "tools/resnet_duet/port": (PORT, PORT | {"ml_dtypes", "onnx", "tensorflow"}),
    "tools/resnet_duet/graph": (
        {"resnet_spec", "resnet_duet", "numpy", "onnx"},
        {"resnet_spec", "resnet_duet", "numpy", "onnx"},
    ),
    "tools/resnet_duet/book": (
        PORT | {"hypothesis", "matplotlib"},
        PORT | {"IPython", "torch"},
    ),
    "tools/resnet_duet": (
        PORT | {"click", "rich"},
        PORT | {"click", "jinja2", "matplotlib", "onnx", "rich", "sklearn"} | FRAMEWORKS,
    ),
}


def breaches(root: Path, standard: frozenset[str]) -> Iterator[str]:
    """One sentence for each import that its folder's rule forbids."""
    for file in sorted(root.rglob("*.py")):
        relative = file.relative_to(root).as_posix()
        folder = next(
            (f for f in sorted(RULES, key=len)[::-1] if relative.startswith(f + "/")), None
        )
        if folder is None:
            continue
        top, within = RULES[folder]
        for package, line, is_top in imports(ast.parse(file.read_text())):
            allowed = (top if is_top else within) | standard
            if package not in allowed:
                yield f"{relative}:{line} may not import {package}"


def imports(tree: ast.Module) -> Iterator[tuple[str, int, bool]]:
    """(package, line, whether it runs when the module is imported)."""
    lazy = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) or is_type_checking(node)
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name.partition(".")[0], node.lineno, id(node) not in lazy
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.partition(".")[0], node.lineno, id(node) not in lazy


def is_type_checking(node: ast.AST) -> bool:
    """`if TYPE_CHECKING:`, whose imports never run."""
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
