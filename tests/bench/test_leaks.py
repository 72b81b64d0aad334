"""What splits leak: from the groups in split.json, for random splits and the set's own."""

import json

import pytest

from lidd_yolo.bench.data_tools import measure_leaks


def write(folder, groups, protocol="grouped", dataset="set", leak=0.0, sha="aa", **further):
    """Write the ``split.json`` of a data set whose pictures have these groups."""
    folder.mkdir()
    report = {
        **{"dataset": dataset, "protocol": protocol, "group_sha256": sha, "leak": {"val": leak}},
        "images": {"train": 1, "val": 1},
        **further,
        "groups": {"count": len(set(groups)), "largest": max(map(groups.count, groups))},
        "pictures": {f"{number}.jpg": {"group": group} for number, group in enumerate(groups)},
    }
    (folder / "split.json").write_text(json.dumps(report))
    return folder


class TestMeasureLeaks:
    def test_random__pictures_alone_cannot_leak(self, tmp_path):
        [entry] = measure_leaks([write(tmp_path / "a", list(range(40)))], draws=5)
        assert entry["results"]["random 8:2"]["leak"] == {"val": 0.0}
        assert entry["results"]["random 8:1:1"]["images"] == {"train": 32, "val": 4, "test": 4}

    def test_random__pairs_leak_as_chance_says(self, tmp_path):
        """A picture of val leaks unless its only partner is in val too: 1 - 39 / 199 of 40 in 200."""
        [entry] = measure_leaks([write(tmp_path / "a", [k // 2 for k in range(200)])], draws=100)
        found = entry["results"]["random 8:2"]
        assert found["leak"]["val"] == pytest.approx(1 - 39 / 199, abs=0.01)
        assert found["range"]["val"][0] < found["leak"]["val"] < found["range"]["val"][1]

    def test_protocols__of_one_release_in_one_entry(self, tmp_path):
        groups = [0, 0, 1, 2, 3]
        folders = [
            write(tmp_path / "a", groups),
            write(tmp_path / "b", groups, "official", leak=0.9),
            write(tmp_path / "c", groups, "paper", leak=0.7),
            write(tmp_path / "d", groups, dataset="other"),
        ]
        first, second = measure_leaks(folders, draws=2)
        assert (first["name"], second["name"]) == ("leak-set", "leak-other")
        assert list(first["results"]) == ["random 8:2", "random 8:1:1", "grouped", "official"]
        assert first["results"]["official"]["leak"] == {"val": 0.9}
        assert (first["images"], first["groups"], first["largest"]) == (5, 4, 2)

    def test_enlarged__beside_the_originals_whatever_the_order(self, tmp_path):
        folders = [
            write(tmp_path / "a", [0, 0, 0, 0, 1, 1], "paper", leak=0.99, sha="bb", enlarged={"times": 2}),
            write(tmp_path / "b", [0, 0, 1]),
        ]
        [entry] = measure_leaks(folders, draws=1)
        assert (entry["images"], entry["group_sha256"]) == (3, "aa")
        assert list(entry["results"]) == ["random 8:2", "random 8:1:1", "grouped", "paper, enlarged"]
        assert entry["results"]["paper, enlarged"]["leak"] == {"val": 0.99}

    def test_grouped_differently__refused(self, tmp_path):
        folders = [write(tmp_path / "a", [0, 0, 1]), write(tmp_path / "b", [0, 1, 1], "official", sha="bb")]
        with pytest.raises(ValueError, match="set is grouped differently here"):
            measure_leaks(folders, draws=1)

    @pytest.mark.parametrize("text", [None, "", "{}"])
    def test_no_data_set(self, tmp_path, text):
        if text is not None:
            (tmp_path / "split.json").write_text(text)
        with pytest.raises(ValueError, match="is no data set made by lidd data"):
            measure_leaks([tmp_path])
