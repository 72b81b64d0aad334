"""The command ``lidd data generate``: arguments, output and exit status."""

import json

import pytest
import yaml

from lidd_yolo.cli.main import main
from lidd_yolo.data.demo import corpus, synthetic


def _run(*words):
    return main(["data", "generate", *map(str, words)])


class TestRun:
    @pytest.mark.parametrize(
        ("name", "module", "counts"),
        [
            ("defects-pretrain", corpus, {"train": 20, "val": 1}),
            ("defects-demo", synthetic, {"train": 20, "val": 4, "test": 2}),
        ],
    )
    def test_settings_handed_on(self, tmp_path, capsys, name, module, counts):
        assert _run(name, tmp_path / "made", "--pictures", 20, "--size", 64, "--seed", 5) == 0
        about = json.loads((tmp_path / "made/about.json").read_text())
        assert (about["generator"], about["images"], about["size"], about["seed"]) == (module.__name__, counts, 64, 5)
        content = yaml.safe_load((tmp_path / "made/data.yaml").read_text())
        assert content == {**{s: f"images/{s}" for s in counts}, "names": dict(enumerate(module.CLASSES))}
        out = capsys.readouterr().out
        assert f"{sum(counts.values())} pictures of 64 px, seed 5, in {tmp_path / 'made'}" in out
        assert f"Train with data={tmp_path / 'made/data.yaml'}" in out

    def test_processes__handed_on(self, tmp_path, monkeypatch):
        asked = []
        generate = corpus.generate
        monkeypatch.setattr(corpus, "generate", lambda *a, **k: asked.append(k["processes"]) or generate(*a, **k))
        assert _run("defects-pretrain", tmp_path / "made", "--pictures", 2, "--size", 64, "--processes", 3) == 0
        assert asked == [3]

    def test_usual_settings(self, tmp_path, monkeypatch):
        asked = {}

        def generate(target, **settings):
            target.mkdir()
            asked.update(settings)

        monkeypatch.setattr(corpus, "generate", generate)
        assert _run("defects-pretrain", tmp_path / "made") == 0
        assert asked == {"counts": {"train": 16000, "val": 500}, "size": 224, "seed": 0, "processes": None}

    def test_again__left_alone(self, tmp_path):
        words = "defects-demo", tmp_path / "made", "--pictures", 3, "--size", 64
        assert _run(*words) == 0
        (tmp_path / "made/data.yaml").write_text("mine")
        assert _run(*words) == 0
        assert (tmp_path / "made/data.yaml").read_text() == "mine"

    def test_could_not_run__status_2_and_one_line(self, tmp_path, capsys):
        (tmp_path / "mine").mkdir()
        (tmp_path / "mine/a.txt").write_text("a")
        for words in (
            ("defects-demo", tmp_path / "mine"),
            ("defects-demo", tmp_path / "made", "--pictures", 0),
            ("defects-pretrain", tmp_path / "made", "--size", 8),
            ("defects-pretrain", tmp_path / "made", "--processes", 0),
            ("defects-demo", tmp_path / "made", "--processes", 2),
        ):
            assert _run(*words) == 2
        captured = capsys.readouterr()
        assert captured.out == ""
        assert captured.err.count("lidd data generate: ") == captured.err.count("\n") == 5
        assert [path.name for path in tmp_path.iterdir()] == ["mine"]
