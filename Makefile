# Every target makes `.venv` in this folder and uses it. Nothing outside of this folder is changed.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --constraint constraints.txt
PYTEST := $(BIN)/pytest

.PHONY: demo test fast long lint reference docs book bench release-check clean help

demo: .venv/installed  ## train on digits in PyTorch, convert to Keras, compare both networks
	$(BIN)/resnet-duet demo

test: lint  ## lint, types, and all tests but the longest
	$(PYTEST) -m "not long" --ignore tests/docs --ignore tests/reference

fast: .venv/installed  ## the tests that take seconds
	$(PYTEST) -m "not slow and not long" --ignore tests/docs --ignore tests/reference

long: .venv/reference  ## every network of the zoo, the longest tests, and the other libraries' networks
	$(PYTEST) -m long --ignore tests/docs --ignore tests/reference
	$(PYTEST) tests/reference

lint: .venv/installed  ## style, types, and which package may import which
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

reference: .venv/reference  ## all tests against torchvision, timm, transformers, keras.applications, KerasHub, TF-slim
	$(PYTEST) tests/reference

docs: .venv/docs  ## the book, into docs/_build/html: runs every page, then checks it in a browser
	rm -rf docs/_build
	$(BIN)/sphinx-build -W --keep-going -q -j 2 -d docs/_build/doctrees docs docs/_build/html
	$(PYTEST) tests/docs

book:  ## serve the book on http://localhost:8000; builds it first if it is missing
	@test -f docs/_build/html/index.html || $(MAKE) docs
	$(BIN)/python -m http.server --bind 127.0.0.1 --directory docs/_build/html 8000

bench: .venv/reference  ## speed in pairs, against what a user would take instead; minutes
	$(BIN)/python -m benchmarks.convert
	$(BIN)/python -m benchmarks.identify
	$(BIN)/python -m benchmarks.graph
	$(BIN)/python -m benchmarks.network

release-check: .venv/release  ## build the wheel and the source distribution, and check both for PyPI
	rm -rf dist
	$(BIN)/python -m build --no-isolation --outdir dist .
	$(BIN)/twine check --strict dist/*
	$(BIN)/check-wheel-contents --toplevel resnet_duet,resnet_spec,resnet_tf,resnet_torch dist/*.whl

clean:  ## remove everything that make made
	rm -rf .venv dist resnet-duet-demo docs/_build docs/differences docs/reference

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*##/:/' | column -t -s: -W 2

.venv/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(PIP) --editable '.[test]'
	touch $@

.venv/docs: .venv/installed
	$(PIP) --editable '.[docs]'
	touch $@

.venv/release: .venv/installed
	$(PIP) --editable '.[release]'
	touch $@

# torchvision's own wheel requires CUDA's torch; its models are Python and do not need it. The others
# are installed without what they require for text models and data sets, which is not used here.
.venv/reference: .venv/installed
	$(PIP) --no-deps torchvision timm keras-hub kagglehub kagglesdk tf-slim keras-resnet \
		keras-applications
	$(PIP) huggingface_hub pillow pyyaml regex requests tokenizers tqdm transformers
	touch $@
