"""The book, for Sphinx: pages that run while they are built. `make docs` builds it."""

import logging
import re
import sys
from pathlib import Path

from docutils.nodes import SkipNode
from latex2mathml.converter import convert

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

import download  # noqa: E402
import generate  # noqa: E402
import kernel  # noqa: E402
from resnet_duet import __version__, book  # noqa: E402

logging.getLogger("traitlets").setLevel(logging.WARNING)  # it logs a line for each notebook

project = "ResNet Duet"
version = release = __version__
html_title = project

extensions = ["myst_nb", "sphinx_design", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build"]
templates_path = ["_templates"]

# A page whose cell fails stops the build, as does a link or a name that leads nowhere.
nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_timeout = 300
nb_merge_streams = True
nitpicky = True
nitpick_ignore_regex = [("py:.*", r"(np|numpy|torch|keras|onnx|collections|pathlib)\..*")]
suppress_warnings = ["config.cache"]

myst_enable_extensions = ["colon_fence", "dollarmath"]
myst_heading_anchors = 4

default_role = "code"  # docstrings are written as for Markdown
autodoc_inherit_docstrings = False
autodoc_member_order = "bysource"
napoleon_use_ivar = True

html_theme = "furo"
html_static_path = ["_static"]
html_css_files = ["book.css"]
html_favicon = "_static/duet.svg"
html_copy_source = False
html_domain_indices = False
html_show_copyright = False
html_math_renderer = "mathml"
html_theme_options = {"top_of_page_buttons": []}


def formula(display: str):
    """The visitor that writes a formula as MathML, which browsers draw without a script."""

    def visit(translator, node) -> None:
        translator.body.append(convert(node.astext(), display=display))
        raise SkipNode

    return visit


def run_warm(app) -> None:
    """Run the pages in forks of a process that has the frameworks imported."""
    process, folder = kernel.start()
    app.connect("build-finished", lambda *_: process.terminate())
    app.connect("build-finished", lambda *_: folder.cleanup())


def by_last_name(app, env, node, contnode):
    """The one object of the reference with this name, whichever module documents it."""
    domain, name = env.domains.python_domain, node["reftarget"].rpartition(".")[2]
    found = [known for known in domain.objects if known.rpartition(".")[2] == name]
    if node.get("refdomain") != "py" or len(found) != 1:
        return None
    return domain.resolve_xref(env, node["refdoc"], app.builder, "obj", found[0], node, contnode)


def readable(app, what, name, own, options, signature, returns):
    """A signature with choices as they are written, Padding.SAME, and not as they are printed."""
    return re.sub(r"<(\w+\.\w+): [^<>]*>", r"\1", signature or "") or None, returns


BLANK = "\\ "  # an escaped space, which is not shown


def keep_colons(app, what, name, own, options, lines) -> None:
    """Napoleon takes the words before a colon for a type, in the first line of what is returned."""
    if what in ("property", "attribute"):
        lines.insert(0, BLANK)
    elif "Returns:" in lines:
        first = lines.index("Returns:") + 1
        indent = len(lines[first]) - len(lines[first].lstrip())
        lines.insert(first, " " * indent + BLANK)


def setup(app) -> None:
    """Sphinx calls this first."""
    book.prepare()  # autodoc imports the frameworks, which print lines when imported
    app.add_html_math_renderer("mathml", (formula("inline"), None), (formula("block"), None))
    generate.write(HERE)
    app.connect("builder-inited", run_warm)
    app.connect("autodoc-process-signature", readable)
    app.connect("autodoc-process-docstring", keep_colons, priority=400)  # before Napoleon
    app.connect("missing-reference", by_last_name)
    app.connect("html-page-context", download.offer)
    app.connect("build-finished", download.write)
