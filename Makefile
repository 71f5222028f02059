# Every chore, the same here and in CI: make demo, make test, make test-long, make test-backends, make test-backends-short,
# make test-cluster, make lint.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip install --quiet --disable-pip-version-check --no-compile --constraint constraints.txt
# On all cores, and once: where Python may not keep what it compiles, each process would compile Keras and TensorFlow anew.
COMPILE := $(BIN)/python -m compileall -qq -j 0 $(VENV) src || true
INSTALLED := $(VENV)/installed
TESTABLE := $(VENV)/testable
BACKENDS := $(VENV)/backends
CLUSTER := $(VENV)/cluster
# Each worker computes on one thread: as many threads as cores, in as many workers, would only wait for each other.
PYTEST := OPENBLAS_NUM_THREADS=1 TF_NUM_INTRAOP_THREADS=1 $(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist worksteal
# What imports a backend; the rest reads folders, and is the same on each.
ON_BACKENDS := $(addprefix tests/,diagnosis engines evaluation experiments keras_tools models runs training watching \
	benchmarks/test_gpu.py cli/test_predict.py report/test_notebook.py test_public.py)
# Where backends differ: what builds, trains and differentiates, and the processes that do it.
ON_BACKENDS_SHORT := $(addprefix tests/,engines keras_tools training evaluation/test_gradcam.py \
	diagnosis/test_signals.py diagnosis/test_kernels.py benchmarks/test_gpu.py \
	$(addprefix models/test_,own.py preprocessing.py vgg16.py weights.py) \
	$(addprefix experiments/test_,run.py phases.py own.py streamed.py local.py evaluation.py))
DEMO := runs/vgg16-lab-digits-width-0.25

.PHONY: demo test test-long test-backends test-backends-short test-cluster lint clean

demo: $(INSTALLED)
	$(BIN)/vgglab study vgg16-lab --data digits --width 0.25
	@echo "The lab is done: $(DEMO)"
	@echo "  its report:           $(DEMO)/report.html (open it in a browser)"
	@echo "  compare its runs:     $(BIN)/vgglab compare $(DEMO)"
	@echo "  the chosen network:   $(DEMO)/optimal (confusion_matrix.png, curves.png, best.keras)"

test: $(TESTABLE)
	$(PYTEST) -m "not long"

test-long: $(TESTABLE)
	$(PYTEST) -m long

test-backends: $(BACKENDS)
	KERAS_BACKEND=torch $(PYTEST) $(ON_BACKENDS)
	KERAS_BACKEND=jax $(PYTEST) $(ON_BACKENDS)

test-backends-short: $(BACKENDS)
	KERAS_BACKEND=torch $(PYTEST) -m "not long" $(ON_BACKENDS_SHORT)
	KERAS_BACKEND=jax $(PYTEST) -m "not long" $(ON_BACKENDS_SHORT)

# In this one process: the cluster that it starts takes the cores.
test-cluster: $(CLUSTER)
	$(BIN)/python -m pytest tests/cluster

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

$(BACKENDS): $(TESTABLE)
	$(PIP) --editable '.[jax,torch]'
	$(COMPILE)
	touch $@

$(CLUSTER): $(TESTABLE)
	$(PIP) --editable '.[ray]'
	$(COMPILE)
	touch $@
