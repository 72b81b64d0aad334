"""What the ``lidd data`` commands write and print about damaged sets with every fault, compared with golden files.

A change that is meant is written into ``tests/golden`` with the environment variable ``LIDD_YOLO_REWRITE_GOLDEN=1``.
"""

import hashlib
import json
import re

import pytest

from tests.helpers.command_line import lidd
from tests.helpers.damaged_sets import WRITERS, write_crops, write_neu_det, write_neu_seg
from tests.helpers.golden import as_json, assert_golden, without

KINDS = {
    "picture-missing", "picture-empty", "picture-text", "picture-unreadable", "picture-truncated", "picture-too-large",
    "picture-16-bit", "picture-alpha", "picture-cmyk", "picture-palette", "picture-rotated", "picture-animated",
    "picture-ending", "picture-small", "picture-passed-over",
    "in-two-splits", "twice-in-split", "name-in-two-splits", "no-label", "no-picture", "shared-label",
    "label-unreadable", "label-encoding", "wrong-format", "class-range", "class-name", "not-a-number", "columns",
    "not-numeric", "outside", "over-edge", "no-size", "two-corners", "mixed", "self-crossing", "long-outline",
    "duplicate", "two-classes", "speck", "object-damaged", "shape-type", "crowd", "xml-dtd", "no-stated-size",
    "wrong-size", "path-traversal", "wrong-filename", "mask-value", "mask-size", "mask-kind", "class-not-in-name",
    "class-untrained", "class-unused", "wrong-depth",
}  # fmt: skip
"""Every kind of finding; ``other`` is for words that no reader has, and of what is wrong in a data YAML itself
(``split-missing``, ``name-twice``) only `lidd_yolo.data.checks.set_check` has tests."""

CHECKS = {
    "yolo": "yolo/data.yaml",
    "voc": "voc --format voc --names pit scratch",
    "named-voc": "named-voc --format voc",
    "labelme": "labelme --format labelme --names pit",
    "coco": "coco --format coco --names pit scratch",
    "mask": "mask --format mask --names pit dent",
    "yolo, few pixels": "yolo/data.yaml --max-pixels 1100",
    "yolo, repaired": "yolo/data.yaml --fix repaired",
    "what was repaired": "repaired/data.yaml",
}
CONVERSIONS = {
    "yolo to yolo": "--from yolo --to yolo yolo yolo-yolo",
    "yolo to coco": "--from yolo --to coco yolo/data.yaml yolo-coco",
    "voc to yolo": "--from voc --to yolo voc voc-yolo",
    "voc to coco": "--from voc --to coco voc voc-coco --names pit,scratch",
    "named-voc to yolo": "--from voc --to yolo named-voc named-voc-yolo",
    "labelme to yolo": "--from labelme --to yolo labelme labelme-yolo",
    "labelme to coco": "--from labelme --to coco labelme labelme-coco",
    "coco to yolo": "--from coco --to yolo coco coco-yolo",
    "coco to coco": "--from coco --to coco coco/set.json coco-coco",
    "mask to yolo": "--from mask --to yolo mask mask-yolo --names pit,dent",
    "mask to coco": "--from mask --to coco mask mask-coco --names pit,dent",
    "class-masks to yolo": "--from class-masks --to yolo class-masks class-masks-yolo",
}
LONG = 1500
"""Characters of a text or a list of numbers that a golden file holds in full."""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with every set, each under its name."""
    folder = tmp_path_factory.mktemp("sets").resolve()
    for name, write in WRITERS.items():
        write(folder / name)
    write_crops(folder / "crops")
    write_neu_det(folder / "release-det")
    write_neu_seg(folder / "release-seg")
    return folder


def relative(text, place):
    return without(text.replace(f"{place}/", ""), folder=place)


def call(place, words):
    """Run a command in the folder of the sets; return its status, output and last line of errors without the folder."""
    status, out, err = lidd(*words.split(), folder=place)
    last = (err.splitlines() or [""])[-1].rpartition("\r")[2]
    return {"status": status, "out": relative(out, place), "last": relative(last, place)}


def printed(calls):
    """Return calls by their words as one text."""
    parts = [f"=== lidd {words}\n{done['status']}\n{done['out']}{done['last']}\n" for words, done in calls.items()]
    return "\n".join(parts)


def shortened(content):
    """Return JSON with the hash of what is longer than `LONG` in place of it: an outline of thousands of corners."""
    if isinstance(content, dict):
        return {key: shortened(value) for key, value in content.items()}
    text = content if isinstance(content, str) else json.dumps(content)
    plain = isinstance(content, str) or (isinstance(content, list) and all(isinstance(n, float) for n in content))
    if plain and len(text) > LONG:
        return f"SHA-256 {hashlib.sha256(text.encode()).hexdigest()}"
    return [shortened(value) for value in content] if isinstance(content, list) else content


def written(place, *names):
    """Return what stands in the text files of folders, pictures by their place alone."""
    found = {}
    for file in sorted(path for name in names for path in (place / name).rglob("*") if path.is_file()):
        key = file.relative_to(place).as_posix()
        if file.suffix == ".json":
            found[key] = shortened(json.loads(relative(file.read_text(encoding="utf-8"), place)))
        elif file.suffix in {".txt", ".yaml"}:
            found[key] = shortened(relative(file.read_text(encoding="utf-8"), place))
        else:
            found[key] = "picture"
    return found


def any_machine(text):
    """Return groups without the last digits of figures that are computed from pixels."""
    text = re.sub(r'("similarity": )([\d.]+)', lambda m: f"{m[1]}{float(m[2]):.1f}", text)
    return re.sub(r'("sharpness": )([\d.]+)', lambda m: f"{m[1]}{5 * round(float(m[2]) / 5)}", text)


class TestCheck:
    @pytest.fixture
    def done(self, place):
        """Every check as JSON, and as it is printed."""
        texts, contents = {}, {}
        for name, words in CHECKS.items():
            again = words.replace("--fix repaired", "--fix repaired-again")
            texts[f"data check {words}"] = call(place, f"data check {words}")
            contents[name] = json.loads(call(place, f"data check {again} --json")["out"])
        return texts, contents

    def test_check(self, place, done):
        """In one test: the repaired set has to be made once."""
        texts, contents = done
        found = {finding["kind"] for content in contents.values() for finding in content["findings"]}
        assert found == KINDS
        assert_golden("check.json", as_json(contents))
        assert_golden("check.txt", printed(texts))
        assert_golden("check-fix.json", as_json(written(place, "repaired")))


class TestConvert:
    def test_convert(self, place):
        texts = {f"data convert {words}": call(place, f"data convert {words}") for words in CONVERSIONS.values()}
        assert_golden("convert.txt", printed(texts))
        assert_golden("convert.json", as_json(written(place, *(words.split()[5] for words in CONVERSIONS.values()))))


class TestGroupsAndSplit:
    def test_groups_then_split_then_enlarge(self, place):
        """Each command works on what the one before has made."""
        groups = [
            "data groups crops/data.yaml --out groups",
            r"data groups crops/data.yaml --out bursts --burst ^(p\d)_",
            "data groups crops/data.yaml --out groups --overwrite --json",
        ]
        splits = [
            "data split crops/data.yaml --ratio 3:1:1 --target split",
            "data split crops/data.yaml --groups bursts/groups.json --ratio 1:1 --seed 3 --target copied --copy",
            "data split crops/data.yaml --groups groups/groups.json --ratio 3:1 --folds 3 --target folds",
            "data split crops/data.yaml --ratio 3:1:1 --target split --overwrite --json",
            "data split split/data.yaml --ratio 1:1 --target later",
        ]
        enlarge = [
            "data enlarge split/data.yaml --times 3 --target enlarged",
            "data enlarge crops/data.yaml --times 2 --splits all --seed 1 --target all --json",
            "data groups enlarged/data.yaml --out enlarged-groups",
        ]
        done = [{words: call(place, words) for words in part} for part in (groups, splits, enlarge)]
        for name, calls in zip(("groups", "split", "enlarge"), done, strict=True):
            assert_golden(f"{name}.txt", printed(calls))
        assert_golden("groups.json", as_json(written(place, "groups", "bursts")), any_machine)
        assert_golden("split.json", as_json(written(place, "split", "copied", "folds")), any_machine)
        assert_golden("enlarge.json", as_json(written(place, "enlarged", "all")), any_machine)


class TestReleases:
    def test_releases(self, place):
        calls = [
            "data neu-det --source release-det --target det/grouped",
            "data neu-det --source release-det --target det/random --protocol random --seed 2",
            "data neu-seg --source release-seg --target seg/grouped",
            "data neu-seg --source release-seg --target seg/official --protocol official --json",
        ]
        assert_golden("releases.txt", printed({words: call(place, words) for words in calls}))
        assert_golden("releases.json", as_json(written(place, "det", "seg")))
