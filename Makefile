# Two commands for a fresh machine with Python 3.10+ and pip: `make demo` and `make test`. Both use their own .venv.
PYTHON ?= python3
BIN := .venv/bin
export YOLO_CONFIG_DIR := $(CURDIR)/.venv/ultralytics
EPOCHS ?= 4
TEST_PROCESSES ?= 2
OUTLINE_EPOCHS ?= 3
DEMO := $(CURDIR)/demo
SET := project="$(DEMO)" exist_ok=True
TEST := $(DEMO)/datasets/defects-demo/images/test

.PHONY: demo test quick fuzz weights lint types tables curves overlaps data-figures bench clean

.venv/installed: pyproject.toml constraints.txt lidd_yolo_startup.pth
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	touch $@

.venv/installed-dev: .venv/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[dev]"
	touch $@

demo: .venv/installed
	$(BIN)/python -c "from ultralytics import settings; settings.update(datasets_dir='$(DEMO)/datasets')"
	$(BIN)/lidd data generate defects-pretrain $(DEMO)/unseen --pictures 32 --seed 1
	$(BIN)/yolo predict model=lidd.pt source="$(DEMO)/unseen/images/train" imgsz=224 conf=0.25 iou=0.4 agnostic_nms=True \
		$(SET) name=at_once verbose=False
	$(BIN)/yolo train model=lidd.pt data=defects-demo.yaml epochs=$(EPOCHS) imgsz=160 batch=8 nbs=8 $(SET) name=boxes
	$(BIN)/yolo val model=demo/boxes/weights/best.pt data=defects-demo.yaml imgsz=160 $(SET) name=val
	$(BIN)/yolo predict model=demo/boxes/weights/best.pt source="$(TEST)" imgsz=160 conf=0.25 iou=0.4 agnostic_nms=True \
		$(SET) name=predict verbose=False
	$(BIN)/yolo train model=wlnett.pt data=defects-demo.yaml epochs=$(OUTLINE_EPOCHS) imgsz=160 batch=8 nbs=8 \
		optimizer=AdamW lr0=0.002 warmup_epochs=1 mosaic=0 $(SET) name=outlines
	$(BIN)/lidd bench pictures demo/side_by_side.jpg --data defects-demo.yaml --split test --count 6 --conf 0.2 \
		--models LIDD-Net=demo/boxes/weights/best.pt WLNet-t=demo/outlines/weights/best.pt
	@echo
	@echo "Done. lidd.pt was used at once, then lidd.pt (boxes) and wlnett.pt (outlines) were trained on with the stock yolo command,"
	@echo "on generated pictures of steel defects; a minute of training each, so expect rough results."
	@echo "  lidd.pt at once, on materials it has not seen: demo/at_once/*.jpg"
	@echo "  labels beside boxes and outlines:              demo/side_by_side.jpg"
	@echo "  pictures with detections after the training:   demo/predict/*.jpg"
	@echo "  curves and validation pictures:                demo/boxes/results.png, demo/val/val_batch0_pred.jpg"
	@echo "  the trained networks:                          demo/boxes/weights/best.pt (1.6 MB), demo/outlines/weights/best.pt"

test: .venv/installed-dev
	$(BIN)/python -m pytest -n $(TEST_PROCESSES) --dist loadfile --durations=25 --durations-min=5
	$(MAKE) lint
	@echo "All tests, lint and type checks passed."

# The tests that neither train nor need a fresh environment.
quick: .venv/installed-dev
	$(BIN)/python -m pytest -n $(TEST_PROCESSES) --dist worksteal -m "not slow and not trains"

fuzz: .venv/installed-dev
	LIDD_YOLO_FUZZ=whole $(BIN)/python -m pytest tests/data/fuzz

# The hooks of .pre-commit-config.yaml, types among them. Where git does not list the files (an unpacked sdist): the tools alone.
lint: .venv/installed-dev
	@export PATH="$(CURDIR)/$(BIN):$$PATH"; \
	if git ls-files --error-unmatch Makefile >/dev/null 2>&1; then pre-commit run --all-files --show-diff-on-failure; \
	else ruff check . && ruff format --check . && codespell && mypy; fi

types: .venv/installed-dev
	$(BIN)/mypy

# The weights that come with the package, from nothing: corpus, training, files and cards. Stopped, it goes on.
# Then: cp $(PRETRAINING)/weights/* pretrained/
PRETRAINING ?= pretraining

weights: .venv/installed-dev
	$(BIN)/lidd compare --plan pretrain --ledger $(PRETRAINING)/ledger --project $(PRETRAINING)/runs
	$(BIN)/python benchmarks/pack_weights.py --ledger $(PRETRAINING)/ledger --project $(PRETRAINING)/runs --out $(PRETRAINING)/weights

# Tables and figures of README and docs, from the ledger.
tables: .venv/installed-dev
	$(BIN)/python benchmarks/readme_tables.py README.md docs/*.md docs/decisions/*.md

curves: .venv/installed
	$(BIN)/python benchmarks/curves.py 'grouped-lidd-neu-* grouped-yolo*' docs/figures/neu_det_curves.png

overlaps: .venv/installed
	$(BIN)/python benchmarks/data_tools.py overlaps docs/figures/overlapping_pairs.jpg

# How long the check and the search take, and what the search finds: an hour.
data-figures: .venv/installed
	$(BIN)/python benchmarks/data_tools.py --ledger $(LEDGER) checks
	OPENBLAS_NUM_THREADS=1 $(BIN)/python benchmarks/data_tools.py --ledger $(LEDGER) groups

# Speed of both networks beside the stock ones: some hours on two cores that do nothing else. A short trial:
# make bench LEDGER=/tmp/trial ROUNDS=3 FEW_ROUNDS=1 STEP_ROUNDS=1 LOAD_STEPS=1 PICTURES=100 STARTS=1
LEDGER ?= benchmarks/results
ROUNDS ?= 40
FEW_ROUNDS ?= 10
STEP_ROUNDS ?= 7
LOAD_STEPS ?= 20
PICTURES ?= 1000
STARTS ?= 5
DEVICE ?= cpu
BENCH = $(BIN)/lidd bench --ledger $(LEDGER)
LIDD := --models yolov8n.yaml lidd.yaml --imgsz
WLNET := --models yolov8s-seg.yaml wlnet.yaml --imgsz

bench: .venv/installed-dev
	$(BENCH) latency $(LIDD) 192 320 --batch 1 8 --threads 1 all --rounds $(ROUNDS)
	$(BENCH) latency $(LIDD) 192 320 --batch 32 --threads all --rounds $(FEW_ROUNDS)
	$(BENCH) latency $(WLNET) 224 --batch 1 8 --threads 1 all --rounds $(ROUNDS)
	$(BENCH) latency $(WLNET) 640 --batch 1 8 --threads 1 all --rounds $(FEW_ROUNDS)
	$(BENCH) latency $(WLNET) 224 640 --batch 32 --threads all --rounds $(FEW_ROUNDS)
	$(BENCH) operators $(LIDD) 192 --rounds $(ROUNDS)
	$(BENCH) operators $(WLNET) 640 --rounds $(FEW_ROUNDS)
	$(BENCH) predict $(LIDD) 192 --pictures $(PICTURES) --starts $(STARTS)
	$(BENCH) predict $(LIDD) 320 --pictures $(PICTURES) --starts $(STARTS)
	$(BENCH) predict $(WLNET) 224 --pictures $(PICTURES) --starts $(STARTS)
	$(BENCH) predict $(WLNET) 640 --pictures $(PICTURES) --starts $(STARTS)
	$(BENCH) steps --network lidd --imgsz 192 --batch 32 --rounds $(STEP_ROUNDS) --device $(DEVICE)
	$(BENCH) steps --network wlnet --imgsz 224 --batch 16 --rounds $(STEP_ROUNDS) --device $(DEVICE)
	$(BENCH) loading $(LIDD) 192 --batch 32 --steps $(LOAD_STEPS) --device $(DEVICE)
	$(BENCH) loading $(WLNET) 224 --batch 16 --steps $(LOAD_STEPS) --device $(DEVICE)

clean:
	rm -rf .venv demo dist
