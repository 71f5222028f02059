# Every chore, the same here and in CI: make demo, make test, make lint.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip install --quiet --disable-pip-version-check --no-compile --constraint constraints.txt
# On all cores, and once: where Python may not keep what it compiles, each process would compile Keras and TensorFlow anew.
COMPILE := $(BIN)/python -m compileall -qq -j 0 $(VENV) src || true
INSTALLED := $(VENV)/installed
TESTABLE := $(VENV)/testable
DEMO := runs/vgg16-lab-digits-width-0.25

.PHONY: demo test lint clean

demo: $(INSTALLED)
	$(BIN)/vgglab study vgg16-lab --data digits --width 0.25
	@echo "The lab is done: $(DEMO)"
	@echo "  its report:           $(DEMO)/report.html (open it in a browser)"
	@echo "  compare its runs:     $(BIN)/vgglab compare $(DEMO)"
	@echo "  the chosen network:   $(DEMO)/optimal (confusion_matrix.png, curves.png, best.keras)"

test: $(TESTABLE)
	$(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist worksteal

lint: $(TESTABLE)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

clean:
	rm -rf $(VENV)

$(VENV)/made:
	$(PYTHON) -m venv $(VENV) || { echo "python3 -m venv failed; on Debian: apt install python3-venv" >&2; exit 1; }
	touch $@

$(INSTALLED): $(VENV)/made pyproject.toml constraints.txt
	$(PIP) --editable .
	$(COMPILE)
	touch $@

$(TESTABLE): $(INSTALLED)
	$(PIP) --editable '.[test]'
	$(COMPILE)
	touch $@
