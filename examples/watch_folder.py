"""Watch a folder and judge each new picture OK or NOT OK by the thresholds in an ONNX file; no torch, nothing of ours.

lidd export best.pt --data parts.yaml --operating inspection/operating.yaml     # writes best.onnx with its thresholds
python watch_folder.py best.onnx folder

Needs 03_onnx_detect.py and 04_onnx_segment.py beside it. Adds a line for each picture to results.csv; no picture is
moved or changed. A picture is complete once its size and time stay the same from one look to the next. What cannot be
read is UNREADABLE, neither OK nor NOT OK. Ctrl-C ends it; after a new start it goes on where results.csv ends.
`--once` judges all that is there. Exit status: 0 all OK, 1 some NOT OK, 2 some UNREADABLE or could not begin.
"""

import argparse
import csv
import importlib
import sys
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import onnxruntime

ENDS = {b"\xff\xd8": b"\xff\xd9", b"\x89PNG": b"IEND"}  # where a decoder would fill the rest with grey
HEAD = ("picture", "size", "changed", "verdict", "reason")


def open_network(file: str) -> Callable[[np.ndarray], list[tuple]]:
    """Return a function that finds name, score, box, ... of what is above its threshold in a BGR picture (H, W, 3)."""
    told = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"]).get_modelmeta().custom_metadata_map
    if "operating" not in told:
        raise ValueError("it carries no thresholds: export it with `lidd export --operating operating.yaml`")
    if told.get("task") == "segment":
        return importlib.import_module("04_onnx_segment").Segmenter(file).segment
    return importlib.import_module("03_onnx_detect").Detector(file).detect


def look(folder: Path, endings: set[str]) -> dict[Path, tuple[str, str]]:
    """Return size and time of change of each picture in a folder."""
    found = {}
    for file in sorted(f for f in folder.iterdir() if f.suffix.lower() in endings):
        try:
            state = file.stat()
        except OSError:  # gone since
            continue
        found[file] = str(state.st_size), str(state.st_mtime_ns)
    return found


def judge(file: Path, find: Callable[[np.ndarray], list[tuple]]) -> tuple[str, str]:
    """Return OK, NOT OK or UNREADABLE, and why."""
    try:
        data = file.read_bytes()
        picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) if data else None
        end = next((end for start, end in ENDS.items() if data.startswith(start)), b"")
        if picture is None or end not in data[-4096:]:
            return "UNREADABLE", "not a picture" if picture is None else "the file ends early"
        found = find(picture)
    except Exception as error:  # whatever one picture does, the next one is judged
        return "UNREADABLE", " ".join(f"{type(error).__name__}: {error}".split())
    return ("NOT OK" if found else "OK"), "; ".join(f"{name} {score:.2f}" for name, score, *_ in found)


def main() -> int:
    """Judge what comes, or with --once what is there, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("network")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--once", action="store_true")
    parser.add_argument("--results", type=Path, default=Path("results.csv"))
    parser.add_argument("--pause", type=float, default=1.0, help="seconds between two looks (default: 1)")
    options = parser.parse_args()
    try:
        find, endings = open_network(options.network), importlib.import_module("03_onnx_detect").ENDINGS
        find(np.zeros((8, 8, 3), np.uint8))  # what does not work shall fail here
        before = look(options.folder, endings)
        if options.once and not before:
            raise ValueError("no pictures in this folder")
        results = options.results.open("a+", encoding="utf-8", errors="surrogateescape", newline="")
    except Exception as error:  # onnxruntime's own have no narrower base
        parser.exit(2, f"{options.network}, {options.folder}: {' '.join(str(error).split())}\n")
    sys.stdout.reconfigure(errors="backslashreplace")  # names of pictures may hold anything
    results.seek(0)
    done = {tuple(row[:3]) for row in csv.reader(results)}
    table, verdicts = csv.writer(results), set()
    if not done:
        table.writerow(HEAD)
    if options.once:
        done = set()
    while True:
        time.sleep(options.pause)
        now = look(options.folder, endings)
        for file, state in now.items():
            complete = before.get(file) == state
            if (file.name, *state) in done or not (complete or options.once):
                continue
            verdict, reason = judge(file, find) if complete else ("UNREADABLE", "it is still being written")
            table.writerow([file.name, *state, verdict, reason])
            results.flush()
            print(f"{file}: {verdict}{reason and ': '}{reason}", flush=True)
            done.add((file.name, *state))
            verdicts.add(verdict)
        before = now
        if options.once:
            return 2 if "UNREADABLE" in verdicts else int("NOT OK" in verdicts)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except OSError as error:  # the folder is gone, or there is no more room for results
        sys.stderr.write(f"{error}\n")
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)
