"""10 000 damaged label files: every fault found with its line or object, no good one lost, no crash, no hang.

A tenth of them in a plain run, see `tests.helpers.fuzzing`.
"""

import json

import numpy as np

from lidd_yolo.data.checks.label_files import check_voc, check_yolo_labels
from lidd_yolo.data.checks.repair import repaired_labels
from lidd_yolo.data.checks.set_check import check_folder
from tests.helpers.fuzzing import in_time, rounds
from tests.helpers.pictures import encoded, noise
from tests.helpers.plates import voc, voc_object

NAMES = ("scratch", "pit", "scale")
SIZE = (400, 300)

YOLO_FAULTS = {
    "class-range": ("3 {b}", "-1 {b}", "999999999999999999999 {b}"),
    "not-a-number": ("0 nan 0.5 0.2 0.2", "1 0.5 0.5 inf 0.2", "0 0.1 0.1 0.9 -inf 0.5 0.9", "0 1e999 0.5 0.2 0.2"),
    "columns": ("0", "0 0.5", "0 0.5 0.5 0.2", "0 0.5 0.5 0.2 0.2 0.3", "1 0.1 0.1 0.2 0.2 0.3 0.3 0.4", "1 " * 10_000),
    "not-numeric": ("scratch {b}", "0.5 {b}", "0 0,5 0.5 0.2 0.2", "0 0.5 0.5 0.2 --", "<?xml version='1.0'?> a b c"),
    "no-size": ("0 0.5 0.5 0 0.2", "1 0.5 0.5 0.2 -0.1", "0 0.5 0.5 0.2 0.0", "2 0.3 0.3 0.3 0.6 0.3 0.9"),
    "outside": ("0 1.5 0.5 0.2 0.2", "1 0.5 -3 0.2 0.2", "2 200 150 30 30", "0 1.1 1.1 1.5 1.1 1.3 1.9"),
    "over-edge": ("0 0.95 0.5 0.2 0.2", "1 0.5 0.02 0.2 0.2", "0 0.1 0.1 0.9 0.1 0.5 1.1"),
    "self-crossing": ("0 0.1 0.1 0.9 0.9 0.9 0.1 0.1 0.9", "1 0.2 0.2 0.6 0.6 0.6 0.2 0.4 0.1 0.2 0.6"),
}
VOC_FAULTS = {
    "no-size": ((30, 30, 20, 40), (30, 30, 29, 40), (5, 9, 50, 4)),
    "outside": ((500, 10, 600, 40), (10, 301, 30, 400)),
    "over-edge": ((350, 10, 450, 40), (-5, 10, 30, 40)),
    "not-a-number": (("nan", 1, 9, 9), (1, "inf", 9, "inf")),
    "object-damaged": (("x", 1, 9, 9), ("", 1, 9, 9), ("1 2", 1, 9, 9)),
}
KEPT = {"over-edge", "self-crossing"}
"""Faults whose line still says something that can be used."""


def _box(rng):
    cx, cy = rng.uniform(0.3, 0.7, 2)
    w, h = rng.uniform(0.05, 0.5, 2)
    return f"{cx:.6f} {cy:.6f} {w:.6f} {h:.6f}"


def _yolo_file(rng):
    """Return lines of good boxes with faults among them, and the kind of fault of each faulty line by number."""
    lines, faults = [], {}
    boxes_alone = rng.random() < 0.7
    for number in range(1, int(rng.integers(2, 12)) + 1):
        if rng.random() < 0.6:
            lines.append(f"{rng.integers(3)} {_box(rng)}")
            continue
        kind = list(YOLO_FAULTS)[rng.integers(len(YOLO_FAULTS))]
        line = YOLO_FAULTS[kind][rng.integers(len(YOLO_FAULTS[kind]))].format(b=_box(rng))
        if boxes_alone and len(line.split()) > 6:
            lines.append("")
            continue
        lines.append(line)
        faults[number] = kind
    return lines, faults


def _places(annotation):
    return {str(item.place) for item in annotation.objects}


def _lines(annotation):
    return {item.place.number for item in annotation.objects}


class TestYoloFuzz:
    def test_faults_among_good_lines(self, tmp_path):
        rng = np.random.default_rng(1)
        file = tmp_path / "a.txt"
        seen = set()
        for _ in range(rounds(5000)):
            lines, faults = _yolo_file(rng)
            ending = ("\n", "\r\n")[rng.integers(2)]
            file.write_bytes(ending.join(lines).encode() + (b"\n" if rng.random() < 0.5 else b""))
            annotation, problems = in_time(lambda: check_yolo_labels(file, NAMES, SIZE))
            found = {(p.place.number, p.kind) for p in problems}
            assert {p.file for p in problems} <= {file}
            allowed = {(n, kind) for n, _ in enumerate(lines, 1) for kind in ("mixed", "duplicate", "two-classes")}
            assert set(faults.items()) <= found, lines
            assert found - allowed == set(faults.items()), lines
            lost = {number for number, kind in faults.items() if kind not in KEPT}
            assert _lines(annotation) == {n for n, line in enumerate(lines, 1) if line and n not in lost}, lines
            seen |= set(faults.values())
        assert seen == set(YOLO_FAULTS)

    def test_bytes_changed_anywhere__other_lines_survive(self, tmp_path):
        rng = np.random.default_rng(2)
        file = tmp_path / "a.txt"
        for _ in range(rounds(2500)):
            lines = [f"{rng.integers(3)} {_box(rng)}".encode() for _ in range(int(rng.integers(2, 9)))]
            hit = int(rng.integers(len(lines)))
            damaged = list(lines)
            damaged[hit] = _mutated(lines[hit], rng)
            file.write_bytes(b"\n".join(damaged) + b"\n")
            annotation, problems = in_time(lambda: check_yolo_labels(file, NAMES, SIZE))
            copy = repaired_labels(file, NAMES, SIZE).encode().split(b"\n")
            if _has_outline(damaged[hit]):  # all others are written as outlines then
                assert annotation is not None
                assert len(annotation.objects) >= len(lines) - 1
                continue
            assert [line for line in lines if line is not lines[hit] and line not in copy] == []
            assert {p.file for p in problems} <= {file}

    def test_nothing_but_noise__no_crash(self, tmp_path):
        rng = np.random.default_rng(3)
        file = tmp_path / "a.txt"
        for _ in range(rounds(500)):
            file.write_bytes(rng.bytes(int(rng.integers(0, 3000))))
            in_time(lambda: check_yolo_labels(file, NAMES, SIZE))
            in_time(lambda: repaired_labels(file, NAMES, SIZE))

    def test_one_very_long_outline__in_time(self, tmp_path):
        file = tmp_path / "a.txt"
        rng = np.random.default_rng(4)
        for corners in (3000, 60_000):
            file.write_text("0 " + " ".join(f"{v:.6f}" for v in rng.random(2 * corners)) + "\n0 0.5 0.5 0.2 0.2\n")
            annotation, problems = in_time(lambda: check_yolo_labels(file, NAMES, SIZE))
            assert _lines(annotation) == {1, 2}
            assert {"self-crossing", "long-outline"} & {p.kind for p in problems if p.where == "line 1"}


class TestVocFuzz:
    def test_faults_among_good_objects(self, tmp_path):
        rng = np.random.default_rng(5)
        file = tmp_path / "a.xml"
        for _ in range(rounds(1000)):
            objects, faults = [], {}
            for number in range(1, int(rng.integers(2, 9)) + 1):
                corners = (*map(int, rng.integers(1, 100, 2)), *map(int, rng.integers(110, 300, 2)))
                if rng.random() < 0.4:
                    kind = list(VOC_FAULTS)[rng.integers(len(VOC_FAULTS))]
                    corners = VOC_FAULTS[kind][rng.integers(len(VOC_FAULTS[kind]))]
                    faults[f"object {number}"] = kind
                objects.append(voc_object(NAMES[rng.integers(3)], corners))
            file.write_text(voc("".join(objects), SIZE))
            annotation, problems = in_time(lambda: check_voc(file, None))
            twice = {"duplicate", "two-classes"}
            assert {p.where: p.kind for p in problems if p.kind not in twice} == faults
            lost = {place for place, kind in faults.items() if kind != "over-edge"}
            every = {f"object {n}" for n, _ in enumerate(objects, 1)}
            assert _places(annotation) == every - lost

    def test_bytes_changed_anywhere__no_crash(self, tmp_path):
        rng = np.random.default_rng(6)
        file = tmp_path / "a.xml"
        good = voc(voc_object("pit", (1, 2, 30, 40)) * 3, SIZE).encode()
        for _ in range(rounds(500)):
            file.write_bytes(_mutated(good, rng))
            annotation, problems = in_time(lambda: check_voc(file, None))
            assert annotation is not None or problems


class TestJsonFuzz:
    def test_labelme_and_coco__no_crash_and_the_file_is_named(self, tmp_path):
        rng = np.random.default_rng(7)
        (tmp_path / "a.jpg").write_bytes(encoded(noise()))
        shape = {"label": "pit", "points": [[1, 1], [20, 1], [20, 20]], "group_id": None, "shape_type": "polygon"}
        labelme = {"imageWidth": 40, "imageHeight": 30, "imagePath": "a.jpg", "shapes": [shape] * 2}
        entry = {"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 1, 9, 9], "segmentation": [[1, 1, 9, 1, 9, 9]]}
        image = {"id": 1, "file_name": "a.jpg", "width": 40, "height": 30}
        coco = {"images": [image], "annotations": [entry] * 2, "categories": [{"id": 1, "name": "pit"}]}
        for number in range(rounds(500)):
            kind, content = (("labelme", labelme), ("coco", coco))[number % 2]
            (tmp_path / "a.json").write_bytes(_mutated(json.dumps(content).encode(), rng))
            done = in_time(lambda kind=kind: check_folder(tmp_path, kind))
            assert {f.file.name for f in done.findings} <= {"a.json", "a.jpg"}


def _has_outline(data):
    text = data.decode("utf-8", errors="replace")
    return any(len(line.split()) > 6 for line in text.splitlines())


def _mutated(data, rng):
    """Return bytes with one to three changes: replaced, removed, doubled, put in, or cut off."""
    data = bytearray(data)
    for _ in range(int(rng.integers(1, 4))):
        at = int(rng.integers(len(data) + 1))
        length = int(rng.integers(1, 12))
        match int(rng.integers(5)):
            case 0:
                data[at : at + length] = rng.bytes(length)
            case 1:
                del data[at : at + length]
            case 2:
                data[at:at] = data[at : at + length]
            case 3:
                data[at:at] = rng.choice([b"\0", b"\xff", b"nan", b"-", b"1e999", b"  ", b"\t", b'"', b"<", b"[" * 9])
            case _:
                del data[max(at, 1) :]
    return bytes(data)
