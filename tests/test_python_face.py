"""``lidd_yolo`` from Python: light to import, every name resolves, and what the page on it shows runs."""

import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

import lidd_yolo
from tests.helpers.folders import picture, text
from tests.helpers.generated import generated_data
from tests.helpers.plates import voc, voc_object

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "python.md"
BLOCKS = dict(re.findall(r"^## `(\w+)`.*?^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.M | re.S))


class TestImport:
    def test_import__light(self):
        """No package but the standard library, and at most 20 ms, the best of three."""
        heavy = {"torch", "ultralytics", "numpy", "cv2", "yaml", "typing"}
        code = f"""
import sys, time
begun = time.process_time()
import lidd_yolo
print(time.process_time() - begun, *sorted({heavy!r} & set(sys.modules)))
"""
        words = [sys.executable, "-S", "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r}){code}"]
        runs = [subprocess.run(words, capture_output=True, text=True, check=True).stdout.split() for _ in range(3)]
        assert min(float(run[0]) for run in runs) < 0.02
        assert [run[1:] for run in runs] == [[], [], []]

    def test_names__listed_before_they_are_imported(self):
        assert set(lidd_yolo.FACE) <= set(dir(lidd_yolo))
        with pytest.raises(AttributeError, match="no attribute 'train'"):
            lidd_yolo.train  # noqa: B018 - the access is what is tested

    @pytest.mark.parametrize("name", sorted(lidd_yolo.FACE))
    def test_names__resolve(self, name):
        found = getattr(lidd_yolo, name)
        assert callable(found)
        assert found is getattr(lidd_yolo, name)

    def test_folder__is_the_function_and_holds_modules(self):
        """Whether or not a module of it was imported before."""
        import lidd_yolo.compare.plan  # noqa: PLC0415 - sets the attribute `compare`

        assert inspect.ismodule(lidd_yolo.compare)
        with pytest.raises(lidd_yolo.InputError, match="what to compare"):
            lidd_yolo.compare()

    def test_input_error__is_a_value_error(self):
        assert issubclass(lidd_yolo.InputError, ValueError)


class TestPage:
    @pytest.fixture
    def folder(self, tmp_path):
        """Photographs with VOC files, and a data set of generated pictures."""
        folder = tmp_path
        for name, kind in (("a", "rust"), ("b", "crack")):
            picture(folder / f"photos/{name}.png")
            text(folder / f"photos/{name}.xml", voc(voc_object(kind, (1, 1, 20, 5)), (20, 10)))
        (folder / "parts").mkdir()
        generated_data(folder / "parts")
        return folder

    def test_blocks__of_every_function(self):
        assert set(BLOCKS) == set(lidd_yolo.FACE) - {"InputError"}

    @pytest.mark.trains
    def test_page__from_top_to_bottom(self, folder, monkeypatch, capsys):
        monkeypatch.chdir(folder)
        for name, block in BLOCKS.items():
            exec(compile(block, f"{PAGE.name}: {name}", "exec"), {})
            assert capsys.readouterr().out, name
