"""Which keys a certificate of ``lidd export`` has, and what kind of value stands under each.

A change that is meant is written into ``tests/golden`` with the environment variable ``LIDD_YOLO_REWRITE_GOLDEN=1``.
"""

import json

import pytest

from tests.helpers.checkpoints import write_lidd, write_wlnet
from tests.helpers.command_line import lidd
from tests.helpers.golden import as_json, assert_golden
from tests.helpers.tiny import write_tiny_data

BY_NAME = {"files", "recall", "mask_recall", "versions", "scores"}
"""Keys below which every key is a name of a file, a class or a package."""


def shape(content, key=""):
    """Return JSON with the kinds of its values in place of them, the items of a list as one."""
    if isinstance(content, dict):
        if key in BY_NAME:
            return {"NAME": merged([shape(value) for value in content.values()])}
        return {name: shape(value, name) for name, value in content.items()}
    if isinstance(content, list):
        return [merged([shape(value) for value in content])]
    return {type(None): "null", bool: "bool", str: "str", int: "int", float: "float"}[type(content)]


def merged(shapes):
    """Return the kinds of several values as one; keys that only some have are in it."""
    if shapes and all(isinstance(found, dict) for found in shapes):
        keys = dict.fromkeys(key for found in shapes for key in found)
        return {key: merged([found[key] for found in shapes if key in found]) for key in keys}
    different = sorted({json.dumps(found) for found in shapes})
    return json.loads(different[0]) if len(different) == 1 else " or ".join(different)


def outline(line):
    """Return a line of class and box as one of class and four corners."""
    c, x, y, w, h = map(float, line.split())
    x1, x2, y1, y2 = x - w / 2, x + w / 2, y - h / 2, y + h / 2
    return " ".join(map(str, (int(c), x1, y1, x2, y1, x2, y2, x1, y2)))


@pytest.fixture
def folder(tmp_path):
    """A folder with a little data, boxes in one set and outlines in the other."""
    pytest.importorskip("onnx", reason="export needs the extra lidd-yolo[export]")
    pytest.importorskip("onnxruntime", reason="export needs the extra lidd-yolo[export]")
    write_tiny_data(tmp_path / "boxes")
    write_tiny_data(tmp_path / "outlines")
    for file in (tmp_path / "outlines/labels").rglob("*.txt"):
        file.write_text("".join(f"{outline(line)}\n" for line in file.read_text().splitlines()))
    return tmp_path


def certificate(weights, data, *words):
    """Export to ONNX; return exit status and the shape of the certificate."""
    given = "--data", data / "tiny.yaml", "--pictures", "2", "--formats", "onnx"
    done = lidd("export", weights, *given, *words, folder=data)
    file = weights.with_name("best.parity.json")
    assert file.is_file(), done.err
    return as_json({"status": done.status, "certificate": shape(json.loads(file.read_text(encoding="utf-8")))})


class TestShape:
    def test_lists_and_names(self):
        content = {"a": [{"b": 1}, {"b": 2.5, "c": None}], "files": {"x.onnx": "ab"}, "d": []}
        wanted = {"a": [{"b": '"float" or "int"', "c": "null"}], "files": {"NAME": "str"}, "d": [""]}
        assert shape(content) == wanted


@pytest.mark.slow
class TestCertificate:
    def test_keys__boxes(self, folder):
        assert_golden("parity_keys.json", certificate(write_lidd(folder / "best.pt"), folder / "boxes"))

    def test_keys__outlines(self, folder):
        assert_golden("parity_keys_masks.json", certificate(write_wlnet(folder / "best.pt"), folder / "outlines"))

    def test_keys__int8(self, folder):
        """Nothing is found above 0.9, so it fails, and the certificate says which layers it is due to."""
        words = "--int8", "--calibration", "4", "--conf", "0.9"
        assert_golden("parity_keys_int8.json", certificate(write_lidd(folder / "best.pt"), folder / "boxes", *words))
