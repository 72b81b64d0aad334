"""Plans and the figures printed in them: the packaged ones against the papers, and what is said of a wrong one."""

import re
from pathlib import Path

import pytest
import yaml

from lidd_yolo import names
from lidd_yolo.compare.plan import runs_of
from lidd_yolo.errors import InputError
from lidd_yolo.paths import find_cfg, packaged_plans
from lidd_yolo.results.plan_file import (
    NOTHING_PRINTED,
    PlanModel,
    PrintedRow,
    PrintedTable,
    find_plan,
    read_plan,
    read_printed,
)

GOOD = {
    "name": "p",
    "data": "d.yaml",
    "imgsz": 64,
    "epochs": 2,
    "seeds": [0],
    "models": [{"model": "lidd.yaml"}],
}


def written(folder, content):
    file = folder / "plan.yaml"
    file.write_text(content if isinstance(content, str) else yaml.safe_dump(content))
    return file


def rows(name):
    """Return label -> printed figures of a packaged plan."""
    printed = read_printed(name)
    return {row.label: dict(row.figures) for row in (*printed.models, *printed.quoted)}


class TestReadPlan:
    @pytest.mark.parametrize("text", ["name: [", "name: !!bool x", "name: \x01"])
    def test_read__no_yaml__one_line(self, tmp_path, text):
        with pytest.raises(InputError, match=r"plan\.yaml(, line 1)?: no valid YAML \(.+\)$"):
            read_plan(written(tmp_path, text))

    def test_read__long_value__not_repeated(self, tmp_path):
        with pytest.raises(InputError, match="name has to be a text, not") as raised:
            read_plan(written(tmp_path, {**GOOD, "name": ["x"] * 10**5}))
        assert len(str(raised.value)) < 400

    def test_read__least(self, tmp_path):
        plan = read_plan(written(tmp_path, GOOD))
        assert (plan.name, plan.data, plan.imgsz, plan.epochs, plan.seeds) == (
            "p",
            ({"": "d.yaml"},),
            (64,),
            (2,),
            (0,),
        )
        assert plan.models == (PlanModel("lidd.yaml", "lidd"),)
        assert (plan.batch, plan.arguments) == (None, {})
        assert plan.printed == PrintedTable("plan", "", (PrintedRow("lidd", {}, "lidd.yaml"),), (), imgsz=64)

    def test_read__most(self, tmp_path):
        more = {
            "data": {"grouped": "a.yaml", "paper": "b.yaml"},
            "batch": 8,
            "source": "a paper",
            "note": "a note",
            "arguments": {"amp": False},
            "models": [
                {"model": "a.yaml", "label": "A", "recipe": ["own", "lidd"], "printed": {"map50": 0.5}, "note": "n"}
            ],
            "quoted": [{"label": "Q", "printed": {"macs": 7}, "note": "m"}],
        }
        plan = read_plan(written(tmp_path, {**GOOD, **more}))
        assert plan.data == (more["data"],)
        assert (plan.batch, plan.arguments) == (8, {"amp": False})
        assert plan.models == (PlanModel("a.yaml", "A", ("own", "lidd")),)
        printed = PrintedRow("A", {"map50": 0.5}, "a.yaml", "n"), PrintedRow("Q", {"macs": 7}, note="m")
        assert plan.printed == PrintedTable("a paper", "a note", printed[:1], printed[1:], imgsz=64)

    def test_read__several_data_sets_sizes_and_budgets(self, tmp_path):
        several = {"data": ["neu-seg.yaml", {"hard": "a.yaml"}], "imgsz": [192, 320], "epochs": [60, 10]}
        plan = read_plan(written(tmp_path, {**GOOD, **several}))
        assert [list(data) for data in plan.data] == [["grouped", "official", "paper"], ["hard"]]
        assert (plan.imgsz, plan.epochs) == ((192, 320), (60, 10))
        assert plan.printed.imgsz == 192  # operations are counted at the first size

    def test_read__shares_of_the_training_pictures_are_data_sets(self, tmp_path):
        plan = read_plan(written(tmp_path, {**GOOD, "data": ["neu-det-10.yaml", "neu-det-25.yaml"]}))
        assert plan.data == ({"": "neu-det-10.yaml"}, {"": "neu-det-25.yaml"})

    def test_read__the_documented_one(self, tmp_path):
        page = (Path(__file__).parents[2] / "docs" / "compare.md").read_text(encoding="utf-8")
        plan = read_plan(written(tmp_path, re.search(r"```yaml\n(.*?)```", page, re.DOTALL)[1]))
        assert [data.get("grouped", data.get("")) for data in plan.data] == ["neu-det.yaml", "my-data.yaml"]
        assert (plan.imgsz, plan.epochs, plan.seeds, plan.arguments) == ((192, 320), (60,), (0, 1, 2), {"amp": False})
        assert len(runs_of(plan)) == 2 * 2 * 3 * 3

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"epoch": 3}, "unknown key epoch; known: name, source"),
            ({"imgsz": "64"}, "imgsz has to be a whole number or a list, not '64'"),
            ({"imgsz": True}, "imgsz has to be a whole number or a list, not True"),
            ({"epochs": 0}, "epochs has to be at least 1, not 0"),
            ({"imgsz": []}, "imgsz is missing"),
            ({"imgsz": [64, 64]}, r"imgsz have to be different whole numbers, not \[64, 64\]"),
            ({"epochs": [5, 0]}, "epochs has to be at least 1, not 0"),
            ({"epochs": [[5]]}, "epochs have to be different whole numbers"),
            ({"batch": -1}, "batch has to be at least 1, not -1"),
            ({"seeds": [0, 0]}, r"seeds have to be different whole numbers, not \[0, 0\]"),
            ({"seeds": ["a"]}, "seeds have to be different whole numbers"),
            ({"seeds": []}, "seeds is missing"),
            ({"data": 5}, "data has to be a text or a mapping or a list, not 5"),
            ({"data": ["a.yaml", 5]}, r"data\[1\] has to be a text or a mapping, not 5"),
            ({"data": [{"paper": 5}]}, r"data\[0\].paper has to be a text, not 5"),
            ({"data": {"paper": 5}}, "data.paper has to be a text, not 5"),
            ({"models": []}, "models is missing"),
            ({"models": ["lidd.yaml"]}, r"models\[0\] has to map keys to values"),
            ({"models": [{"label": "x"}]}, r"models\[0\].model is missing"),
            ({"models": [{"model": "a", "map": 1}]}, r"unknown key models\[0\].map; known: model"),
            ({"models": [{"model": "a", "recipe": [1]}]}, r"models\[0\].recipe has to be a name or a list"),
            (
                {"models": [{"model": "a", "printed": {"macs": "high"}}]},
                "is not a number: could not convert",
            ),
            (
                {"models": [{"model": "a", "printed": {"map50": 98.3}}]},
                r"models\[0\].printed.map50 has to be a share of 1, not 98.3",
            ),
            ({"models": [{"model": "a", "printed": [1]}]}, r"models\[0\].printed has to be a mapping, not \[1\]"),
            (
                {"models": [{"model": "a", "printed": {"ap": 1}}]},
                r"models\[0\].printed has unknown figures ap",
            ),
            ({"quoted": [{"label": "a", "printed": {"ap": 1}}]}, r"quoted\[0\].printed has unknown figures ap"),
            ({"quoted": [{"label": "a", "map": 1}]}, r"unknown key quoted\[0\].map; known: label, printed, note"),
            ({"quoted": [{"label": "a", "model": "b"}]}, r"unknown key quoted\[0\].model; known: label"),
            ({"quoted": [{"printed": {"map": 1}}]}, r"quoted\[0\].label is missing"),
            ({"quoted": ["a"]}, r"quoted\[0\] has to map keys to values"),
        ],
    )
    def test_read__wrong(self, tmp_path, change, message):
        file = written(tmp_path, {**GOOD, **change})
        with pytest.raises(InputError, match=message) as error:
            read_plan(file)
        assert str(error.value).startswith(f"{file}: ")

    @pytest.mark.parametrize("key", GOOD)
    def test_read__missing_key(self, tmp_path, key):
        with pytest.raises(ValueError, match=f"{key} is missing"):
            read_plan(written(tmp_path, {k: v for k, v in GOOD.items() if k != key}))

    @pytest.mark.parametrize("text", ["", "- a", "a: [", "\x00"])
    def test_read__no_plan_at_all(self, tmp_path, text):
        with pytest.raises(ValueError, match=r"plan\.yaml(, line 1)?: "):
            read_plan(written(tmp_path, text))

    def test_read__no_file(self, tmp_path):
        with pytest.raises(ValueError, match=r"nowhere\.yaml"):
            read_plan(tmp_path / "nowhere.yaml")


class TestReadPrinted:
    def test_printed__of_no_plan(self):
        assert read_printed(None) is NOTHING_PRINTED

    def test_printed__of_a_plan(self):
        assert read_printed("lidd-table3") == read_plan("lidd-table3").printed

    def test_printed__of_rows_alone(self, tmp_path):
        row = {"model": "yolov8n.yaml", "label": "YOLOv8n", "printed": {"macs": "110.4e6"}}
        printed = read_printed(written(tmp_path, {"models": [row]}))
        assert printed == PrintedTable("plan", "", (PrintedRow("YOLOv8n", {"macs": 110.4e6}, "yolov8n.yaml"),), ())

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            ([1, 2], "a plan has to map keys"),
            ({"source": "x"}, "models is missing"),
            ({"models": ["a.yaml"]}, r"models\[0\] has to map keys"),
            ({"models": [{"model": "a"}], "imgsz": "large"}, "imgsz has to be a whole number or a list, not 'large'"),
            ({"models": [{"model": "a"}], "epoch": 3}, "unknown key epoch"),
        ],
    )
    def test_printed__wrong(self, tmp_path, content, message):
        with pytest.raises(InputError, match=rf"plan\.yaml: {message}"):
            read_printed(written(tmp_path, content))


class TestFindPlan:
    def test_find__own_file_wins(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        (tmp_path / "lidd-table3").write_text("")
        assert find_plan("lidd-table3").resolve() == tmp_path / "lidd-table3"

    @pytest.mark.parametrize("word", ["lidd-table9", "folder/lidd-table3.yaml"])
    def test_find__names_the_packaged(self, word):
        with pytest.raises(ValueError, match=f"no plan '{word}'.*lidd-table2, lidd-table3"):
            find_plan(word)


PAPERS = ("lidd-table2", "lidd-table3", "lidd-table4", "wlnet-table1", "wlnet-table2")


class TestPackaged:
    def test_packaged__all(self):
        assert packaged_plans() == sorted([*PAPERS, "distil", "pretrain", "start"])

    @pytest.mark.parametrize("name", ["distil", "pretrain", "start"])
    def test_packaged__own_question(self, name):
        plan = read_plan(name)
        assert plan.name == name
        assert len(runs_of(plan)) == len(plan.models) * len(plan.seeds)

    @pytest.mark.parametrize("name", PAPERS)
    def test_packaged__can_be_run(self, name):
        """Data and models of ours exist; every run has a name of its own."""
        plan = read_plan(name)
        assert plan.name == name
        assert plan.printed.source
        (data,) = plan.data
        assert set(data.values()) <= {f"{stem}.yaml" for stem in names.data_yamls()}
        ours = [row.model for row in plan.models if names.is_ours(row.model)]
        assert ours
        assert all(find_cfg(model, "models") for model in ours)
        assert len(runs_of(plan, list(data))) == len(data) * len(plan.models) * 3

    def test_lidd_table2(self):
        """The paper's table 2, row by row: mAP50, mAP50-95 in per cent, parameters in M, MACs in G."""
        printed = {
            "BaseLine": (95.37, 64.78, 1.1718, 0.1632),
            "+LATM": (96.68, 66.76, 1.1718, 0.1632),
            "+CISB-Net": (98.06, 72.42, 0.6203, 0.1097),
            "+RepGhostPAN": (98.30, 73.26, 0.6287, 0.1104),
        }
        assert {
            label: tuple(
                pytest.approx(v) for v in (100 * f["map50"], 100 * f["map"], f["parameters"] / 1e6, f["macs"] / 1e9)
            )
            for label, f in rows("lidd-table2").items()
        } == printed

    @pytest.mark.parametrize(
        ("name", "printed"),
        [
            (
                "lidd-table3",
                {
                    "YOLOv5n": (93.28, 59.10, 1.7720),
                    "YOLOv8n": (90.43, 57.93, 3.0068),
                    "YOLO-Fastestv2": (88.02, 55.72, 0.2376),
                    "YOLOX-Nano": (95.92, 61.14, 0.8977),
                    "PP-PicoDet-S": (93.44, 64.12, 0.9894),
                    "Nanodet": (94.02, 61.64, 0.9285),
                    "Nanodet-plus": (96.62, 66.79, 1.1726),
                    "TOOD": (89.37, 63.42, 31.234),
                    "Foveabox": (90.76, 56.53, 36.244),
                    "LIDD-Net": (98.30, 73.26, 0.6287),
                },
            ),
            (
                "lidd-table4",
                {
                    "YOLOv5n": (96.48, 51.89, 1.7720),
                    "YOLOv8n": (95.53, 50.82, 3.0068),
                    "YOLO-Fastestv2": (80.51, 44.83, 0.2376),
                    "YOLOX-Nano": (91.69, 50.99, 0.8977),
                    "PP-PicoDet-S": (96.24, 51.64, 0.9894),
                    "Nanodet": (95.84, 51.31, 0.9285),
                    "Nanodet-plus": (96.43, 50.82, 1.1726),
                    "TOOD": (82.74, 43.62, 31.234),
                    "Foveabox": (83.62, 43.86, 36.244),
                    "LIDD-Net": (98.12, 52.76, 0.6287),
                },
            ),
        ],
    )
    def test_lidd_comparisons(self, name, printed):
        found = rows(name)
        assert found.keys() == printed.keys()
        for label, (map50, map_, millions) in printed.items():
            assert found[label]["map50"] == pytest.approx(map50 / 100)
            assert found[label]["map"] == pytest.approx(map_ / 100)
            assert found[label]["parameters"] == pytest.approx(1e6 * millions)

    def test_lidd_costs__grow_with_the_area(self):
        """192 and 320 px: a network's cost grows 2.78 times; where the printed ones do not, no cost is given."""
        small, large = rows("lidd-table3"), rows("lidd-table4")
        compared = 0
        for label in small.keys() & large.keys():
            for key in ("macs", "gflops"):
                if key in small[label] and key in large[label]:
                    assert large[label][key] / small[label][key] == pytest.approx((320 / 192) ** 2, rel=0.01)
                    compared += 1
        assert compared == 6

    def test_wlnet_table1(self):
        """Precision, recall, mAP50, mAP50-95 of boxes and of masks in per cent; parameters in M; GFLOPs."""
        printed = {
            "1 (baseline)": (90.1, 88.5, 93.3, 70.4, 88.4, 87.2, 91.0, 53.6, 14.17, 47.8),
            "2 (+NWD loss)": (90.5, 90.5, 93.6, 69.4, 89.2, 88.8, 91.1, 53.8, 14.17, 47.8),
            "3 (+NWD loss +VoVGSCSP)": (92.9, 88.9, 93.9, 70.5, 91.5, 86.8, 91.2, 54.1, 12.57, 39.8),
        }
        keys = ("precision", "recall", "map50", "map")
        for label, figures in rows("wlnet-table1").items():
            if figures:
                boxes = [100 * figures[key] for key in keys]
                masks = [100 * figures[f"mask_{key}"] for key in keys]
                found = (*boxes, *masks, figures["parameters"] / 1e6, figures["gflops"])
                assert found == pytest.approx(printed.pop(label))
        assert not printed

    def test_wlnet_table2(self):
        """MAP50, mAP50-95 of boxes (None: not printed) and of masks in per cent; parameters in M."""
        printed = {
            "Mask-RCNN, ResNet50": (80.5, 48.6, 72.9, 37.4, 43.98),
            "Mask-RCNN, ResNet101": (82.5, 50.4, 74.7, 38.9, 62.97),
            "SOLO, ResNet50": (None, None, 81.8, 44.3, 36.12),
            "SOLOV2, ResNet50": (None, None, 82.4, 47.2, 46.24),
            "SOLOV2, ResNet101": (None, None, 83.2, 49.3, 68.37),
            "YOLOACT, ResNet50": (76.1, 43.7, 69.6, 35.3, 34.74),
            "YOLOACT, ResNet101": (75.9, 45.0, 69.7, 36.1, 53.73),
            "Mamba-YOLO": (91.3, 61.6, 87.8, 48.4, 56.33),
            "YOLO12m-seg (printed as YOLO12s)": (79.2, 44.5, 76.6, 38.0, 22.41),
            "WLNet": (93.9, 70.5, 91.2, 54.1, 12.57),
        }
        keys = ("map50", "map", "mask_map50", "mask_map")
        for label, figures in rows("wlnet-table2").items():
            if figures:
                shares = [100 * figures[key] if key in figures else None for key in keys]
                assert (*shares, figures["parameters"] / 1e6) == pytest.approx(printed.pop(label))
        assert not printed
