# Two commands for a fresh machine with Python 3.10+ and pip: `make demo` and `make test`. Both use their own .venv.
PYTHON ?= python3
BIN := .venv/bin
export YOLO_CONFIG_DIR := $(CURDIR)/.venv/ultralytics
EPOCHS ?= 12
DEMO := $(CURDIR)/demo
SET := imgsz=192 project="$(DEMO)" exist_ok=True

.PHONY: demo test lint types tables clean

.venv/installed: pyproject.toml constraints.txt lidd_yolo_startup.pth
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	touch $@

.venv/installed-dev: .venv/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[dev]"
	touch $@

demo: .venv/installed
	$(BIN)/python -c "from ultralytics import settings; settings.update(datasets_dir='$(DEMO)/datasets')"
	$(BIN)/yolo train model=lidd.yaml data=defects-demo.yaml epochs=$(EPOCHS) batch=8 nbs=8 lr0=0.002 $(SET) name=train
	$(BIN)/yolo val model=demo/train/weights/best.pt data=defects-demo.yaml $(SET) name=val
	$(BIN)/yolo predict model=demo/train/weights/best.pt source=demo/datasets/defects-demo/images/test \
		conf=0.25 iou=0.4 agnostic_nms=True $(SET) name=predict verbose=False
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
	$(BIN)/lidd bench tables README.md docs/*.md

clean:
	rm -rf .venv demo dist
