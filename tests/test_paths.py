"""Packaged files, and where Ultralytics keeps data sets."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from ultralytics.utils import SETTINGS

from lidd_yolo import paths


@pytest.fixture
def home(tmp_path, monkeypatch):
    """An empty home directory on Linux."""
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    monkeypatch.setattr(paths.sys, "platform", "linux")
    for name in ("YOLO_CONFIG_DIR", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def write_settings(folder, text='{"datasets_dir": "/data/sets"}'):
    folder.mkdir(parents=True)
    file = folder / "settings.json"
    file.write_text(text, encoding="utf-8")
    return file


class TestCfgDir:
    def test_folder__of_the_checkout(self):
        assert paths.cfg_dir() == Path(__file__).resolve().parents[1] / "cfg"

    def test_folder__inside_the_package_of_a_wheel(self, tmp_path, monkeypatch):
        inside, beside = tmp_path / "package" / "cfg", tmp_path / "cfg"
        (inside / "models").mkdir(parents=True)
        (beside / "models").mkdir(parents=True)
        monkeypatch.setattr(paths, "_PACKAGE", tmp_path / "package")
        assert paths.cfg_dir() == inside

    def test_folder__missing(self, tmp_path, monkeypatch):
        monkeypatch.setattr(paths, "_PACKAGE", tmp_path / "package")
        with pytest.raises(FileNotFoundError, match=r"no cfg folder in .*package; reinstall it with pip"):
            paths.cfg_dir()


class TestFindCfg:
    @pytest.mark.parametrize("name", ["lidd", "lidd.yaml", "lidd.yml", "far/away/lidd.yaml"])
    def test_name__found(self, name):
        assert paths.find_cfg(name, "models") == paths.cfg_dir() / "models" / "lidd.yaml"

    def test_name__in_a_folder_below(self):
        assert paths.find_cfg("lidd-baseline", "models").parent.name == "ablation"

    @pytest.mark.parametrize(("name", "kind"), [("lid", "models"), ("neu-det", "models"), ("lidd", "datasets")])
    def test_name__not_found(self, name, kind):
        assert paths.find_cfg(name, kind) is None


class TestUltralyticsSettings:
    @pytest.mark.parametrize(
        ("platform", "folder"),
        [
            ("linux", ".config/Ultralytics"),
            ("darwin", "Library/Application Support/Ultralytics"),
            ("win32", "AppData/Roaming/Ultralytics"),
        ],
    )
    def test_file__of_each_system(self, home, monkeypatch, platform, folder):
        monkeypatch.setattr(paths.sys, "platform", platform)
        assert paths.ultralytics_settings() is None
        file = write_settings(home / folder)
        assert paths.ultralytics_settings() == file

    @pytest.mark.parametrize("below", ["Ultralytics", "."])
    def test_file__where_the_variable_says(self, home, monkeypatch, below):
        write_settings(home / ".config" / "Ultralytics")
        monkeypatch.setenv("YOLO_CONFIG_DIR", str(home / "chosen"))
        assert paths.ultralytics_settings() is None
        file = write_settings(home / "chosen" / below)
        assert paths.ultralytics_settings() == file

    def test_file__where_xdg_says(self, home, monkeypatch):
        monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "xdg"))
        file = write_settings(home / "xdg" / "Ultralytics")
        assert paths.ultralytics_settings() == file


class TestDatasetsDir:
    def test_folder__from_the_settings(self, home):
        write_settings(home / ".config" / "Ultralytics")
        assert paths.datasets_dir() == Path("/data/sets")

    @pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"datasets_dir": null}'])
    def test_folder__settings_damaged(self, home, text):
        write_settings(home / ".config" / "Ultralytics", text)
        assert paths.datasets_dir() == Path(SETTINGS["datasets_dir"])

    def test_folder__is_what_ultralytics_uses(self, tmp_path):
        """In a fresh interpreter, before and after Ultralytics has written its settings."""
        code = "import sys; from lidd_yolo.paths import datasets_dir as d; print(d(), 'ultralytics' in sys.modules)"
        env = {**paths.os.environ, "YOLO_CONFIG_DIR": str(tmp_path / "settings")}
        (tmp_path / "settings").mkdir()
        env["PYTHONPATH"] = str(Path(__file__).resolve().parents[1])
        answers = []
        for _ in range(2):
            done = subprocess.run(
                [sys.executable, "-c", code], cwd=tmp_path, env=env, capture_output=True, text=True, check=True
            )
            answers += done.stdout.splitlines()  # nothing but the answer: some callers print JSON
        first, second = answers
        (settings,) = (tmp_path / "settings").rglob("settings.json")
        folder = json.loads(settings.read_text(encoding="utf-8"))["datasets_dir"]
        assert first == f"{folder} True"
        assert second == f"{folder} False"
