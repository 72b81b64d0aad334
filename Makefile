# Two commands for a fresh machine with Python 3.10+ and pip: `make demo` and `make test`. Both use their own .venv.
PYTHON ?= python3
BIN := .venv/bin
export YOLO_CONFIG_DIR := $(CURDIR)/.venv/ultralytics
EPOCHS ?= 20

.PHONY: demo test lint types tables clean

.venv/installed: pyproject.toml constraints.txt lidd_yolo_startup.pth
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	touch $@

.venv/installed-dev: .venv/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[dev]"
	touch $@

demo: .venv/installed
	$(BIN)/yolo train model=lidd.yaml data=defects-demo.yaml imgsz=192 epochs=$(EPOCHS) project="$(CURDIR)/demo" name=train exist_ok=True
	$(BIN)/yolo val model=demo/train/weights/best.pt data=defects-demo.yaml imgsz=192 project="$(CURDIR)/demo" name=val exist_ok=True
	$(BIN)/yolo predict model=demo/train/weights/best.pt source="$$($(BIN)/python -c 'from lidd_yolo.paths import datasets_dir; print(datasets_dir())')/defects-demo/images/test" \
		imgsz=192 conf=0.25 project="$(CURDIR)/demo" name=predict exist_ok=True verbose=False
	@echo
	@echo "Done. LIDD-Net was trained, validated and used with the stock yolo command on generated pictures of steel defects."
	@echo "  curves and validation pictures:  demo/train/results.png, demo/val/val_batch0_pred.jpg"
	@echo "  pictures with detections:        demo/predict/*.jpg"
	@echo "  the trained network (1.6 MB):    demo/train/weights/best.pt"

test: .venv/installed-dev
	$(BIN)/python -m pytest
	$(MAKE) lint types
	@echo "All tests, lint and type checks passed."

lint: .venv/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/codespell

types: .venv/installed-dev
	$(BIN)/mypy

tables: .venv/installed
	$(BIN)/lidd bench tables README.md docs/*.md docs/decisions/*.md

clean:
	rm -rf .venv demo dist
