"""The command ``lidd predict``: which words are ours, output and exit status."""

import shutil
from dataclasses import asdict

import pytest
from ultralytics import YOLO

from lidd_yolo.cli.main import main
from lidd_yolo.export.formats import InputShape, Variant
from lidd_yolo.export.making import make_export
from lidd_yolo.inspection.operating_file import carried_point
from tests.helpers.points import write_point


@pytest.fixture
def photos(tiny_yaml, tmp_path):
    return shutil.copytree(tiny_yaml.parent / "images/val", tmp_path / "photos")


@pytest.fixture
def run(lidd_weights, photos, tmp_path, capsys):
    def call(*words, source=photos):
        status = main(["predict", str(lidd_weights), str(source), "--out", str(tmp_path / "out"), *words])
        return status, *capsys.readouterr()

    return call


class TestRun:
    def test_all_ok__status_0(self, run, tmp_path):
        status, out, err = run("--conf", "1")
        assert status == 0
        assert out.startswith("4 pictures: 4 OK, 0 NOT OK\nthreshold 1 for all classes: no operating point was given")
        assert out.endswith(f"results: {tmp_path / 'out/results.csv'}\n")
        assert "NOT OK" not in err

    def test_found__status_1_and_a_line_for_each(self, run, photos):
        status, out, err = run("--conf", "0.01")
        assert status == 1
        assert "0 OK, 4 NOT OK" in out
        assert err.count(": NOT OK: ") == 4
        assert f"{photos / '0.png'}: NOT OK: " in err

    def test_carried__said(self, lidd_weights, photos, tmp_path, capsys):
        """Thresholds in the metadata of an exported file."""
        thresholds = dict.fromkeys(YOLO(lidd_weights).names.values(), 1.0)
        point = carried_point(write_point(tmp_path / "operating.yaml", lidd_weights, thresholds))
        given = {"half": False, "arguments": {}, "metadata": {"operating": asdict(point)}}
        exported = make_export(lidd_weights, tmp_path / "made", "torchscript", Variant(InputShape(64, 64)), **given)
        assert main(["predict", str(exported), str(photos), "--out", str(tmp_path / "out")]) == 0
        each = ", ".join(f"{name} 1" for name in thresholds)
        assert f"\nthresholds of operating.yaml in {exported}: {each}\n" in capsys.readouterr().out

    def test_tiles_of_the_point__said(self, run, lidd_weights, tmp_path):
        pytest.importorskip("sahi", reason="places the tiles")
        thresholds = dict.fromkeys(YOLO(lidd_weights).names.values(), 1.0)
        point = write_point(tmp_path / "operating.yaml", lidd_weights, thresholds, tile="64:32")
        assert "\npictures cut into tiles of 64:32 pixels\n" in run("--operating", str(point))[1]

    def test_unreadable__status_2_and_the_rest_done(self, run, photos, tmp_path):
        (photos / "1.png").write_bytes(b"")
        status, out, err = run("--conf", "1")
        assert status == 2
        assert f"3 OK, 0 NOT OK, 1 could not be judged, neither OK nor NOT OK:\n  {photos / '1.png'}: it cannot" in out
        assert f"{photos / '1.png'}: UNREADABLE: it cannot be decoded" in err
        assert len((tmp_path / "out/results.csv").read_text().splitlines()) == 5

    def test_pictures_without_a_scale__counted(self, run, tmp_path):
        (tmp_path / "mm.csv").write_text("picture,mm_per_pixel\n0.png,1\n")
        _, out, _ = run("--conf", "1", "--mm-per-pixel", str(tmp_path / "mm.csv"))
        assert f"3 pictures are not in {tmp_path / 'mm.csv'}: their sizes are in pixels alone" in out

    @pytest.mark.parametrize(
        ("words", "line"),
        [
            (("--mm-per-pixel", "0"), "mm per pixel: millimetres per pixel are above 0, not 0"),
            (("--tile", "16"), "tile: a tile has at least 32 pixels a side, not 16"),
            (("--operating", "none.yaml"), "none.yaml: [Errno 2] No such file or directory: 'none.yaml'"),
        ],
    )
    def test_could_not_run__status_2_and_one_line(self, run, tmp_path, words, line):
        status, out, err = run(*words)
        assert (status, out) == (2, "")
        assert err.splitlines()[-1] == f"lidd predict: {line}"
        assert not (tmp_path / "out").exists()

    def test_empty_folder__status_2(self, run, tmp_path):
        (tmp_path / "empty").mkdir()
        status, out, err = run(source=tmp_path / "empty")
        assert (status, out) == (2, "")
        assert "lidd predict: No images or videos found in" in err.splitlines()[-1]
