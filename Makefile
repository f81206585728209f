# Every target makes `.venv` in this folder and uses it; nothing else is touched.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --constraint constraints.txt

.PHONY: demo test browser fast long lint reference docs book bench clean

demo: .venv/installed  ## train on digits in PyTorch, carry over to Keras, prove it
	$(BIN)/resnet-duet demo

test: lint browser .venv/reference  ## lint, types, all tests but the longest; the book's need `make docs` first
	$(BIN)/pytest -m "not long" --ignore tests/reference
	$(BIN)/pytest -m "not slow" tests/reference

browser:  ## a headless Chromium for the tests of pages, where it is missing and may be installed
	@command -v chromedriver >/dev/null || { test "$$(id -u)" = 0 && command -v apt-get >/dev/null \
		&& apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium chromium-driver >/dev/null; } \
		|| echo "There is no Chromium with its driver: tests of pages are skipped."

fast: .venv/installed  ## the tests that take seconds
	$(BIN)/pytest -m "not slow and not long" --ignore tests/reference

long: .venv/installed  ## the largest networks too; half an hour
	$(BIN)/pytest -m long --ignore tests/reference

lint: .venv/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

reference: .venv/reference  ## against torchvision, timm, transformers, keras.applications, KerasHub, TF-slim
	$(BIN)/pytest tests/reference

docs: browser .venv/docs  ## the book, into docs/_build/html: every page runs, then a browser looks at it
	rm -rf docs/_build
	$(BIN)/sphinx-build -W --keep-going -q -j 2 -d docs/_build/doctrees docs docs/_build/html
	$(BIN)/pytest tests/docs

book:  ## the book on http://localhost:8000; built first where it is not there
	@test -f docs/_build/html/index.html || $(MAKE) docs
	$(BIN)/python -m http.server --bind 127.0.0.1 --directory docs/_build/html 8000

bench: .venv/reference  ## in pairs, against what one would use instead; minutes
	$(BIN)/python -m benchmarks.convert
	$(BIN)/python -m benchmarks.graph
	$(BIN)/python -m benchmarks.network

clean:
	rm -rf .venv resnet-duet-demo docs/_build docs/differences docs/reference

.venv/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(PIP) --editable '.[test]'
	touch $@

.venv/docs: .venv/installed
	$(PIP) --editable '.[docs]'
	touch $@

# torchvision's own wheel wants CUDA's torch; its models are Python and need none of it. Nor do the
# others need all that they ask for: KerasHub's text models and TF-slim's data sets are not used here.
.venv/reference: .venv/installed
	$(PIP) --no-deps torchvision timm keras-hub kagglehub kagglesdk tf-slim tf_keras keras-resnet \
		keras-applications
	$(PIP) huggingface_hub pillow pyyaml regex requests tokenizers tqdm transformers
	$(PIP) onnxscript tf2onnx
	touch $@
