"""Pack the networks that the plan ``pretrain`` has trained: files in half precision and their cards.

For those who make the weights that come with the package: the last step of ``make weights``.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import torch

from lidd_yolo import names
from lidd_yolo.models import pretrained
from lidd_yolo.paths import datasets_dir
from lidd_yolo.results.ledger import read_ledger

_NEVER_SEEN = "any photograph: every picture was drawn by lidd_yolo.data.demo.corpus"
_LICENCE = "AGPL-3.0-or-later, as the package; the pictures are CC0-1.0"
_MOST_BYTES = 8_000_000


def main() -> int:
    """Pack every finished run of the plan; return 1 if the files are too large together, else 0."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ledger", type=Path, required=True, metavar="DIR")
    parser.add_argument("--project", type=Path, required=True, metavar="DIR", help="folder of the runs")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    for entry in read_ledger(args.ledger, "pretrain-*"):
        checkpoint = torch.load(args.project / entry["name"] / "weights" / "best.pt", weights_only=False)
        file = args.out / names.weights_name(str(Path(entry["model"]).with_suffix(".pt")))
        about = json.loads((datasets_dir() / "defects-pretrain" / "about.json").read_text(encoding="utf-8"))
        pretrained.pack(checkpoint, file, card_of(entry, about))
        sys.stdout.write(f"{file}: {file.stat().st_size / 1e6:.2f} MB\n")
    size = sum(file.stat().st_size for file in args.out.glob("*.pt"))
    sys.stdout.write(f"{size / 1e6:.2f} MB together, at most {_MOST_BYTES / 1e6:g}\n")
    return int(size > _MOST_BYTES)


def card_of(entry: dict[str, Any], about: dict[str, Any]) -> dict[str, Any]:
    """Return what a card says of a run, from its ledger entry and the ``about.json`` of the corpus."""
    arguments = entry["arguments"]
    corpus = {key: about[key] for key in ("generator", "version", "seed", "size", "images", "sha256", "licence")}
    return {
        "network": entry["model"],
        "trained_by": entry["name"],
        "date": entry["date"],
        "commit": entry["commit"],
        "note": entry["note"],
        "corpus": {"dataset": "defects-pretrain", **corpus},
        "seed": arguments["seed"],
        "epochs": entry["epochs_run"],
        "steps": entry["epochs_run"] * -(-about["images"]["train"] // arguments["batch"]),
        "imgsz": arguments["imgsz"],
        "batch": arguments["batch"],
        "figures": entry["results"],
        "seconds": entry["seconds"],
        "machine": entry["machine"],
        "licence": _LICENCE,
        "never_seen": _NEVER_SEEN,
    }


if __name__ == "__main__":
    sys.exit(main())
