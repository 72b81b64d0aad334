"""Which names are ours, which scale they ask for, which file they mean."""

from pathlib import Path

import pytest
import yaml
from ultralytics.nn.tasks import yaml_model_load

from lidd_yolo import names, paths
from lidd_yolo.errors import InputError
from tests.helpers.hostile_yaml import IN_LISTS

PACKAGED = paths.cfg_dir() / "models" / "lidd.yaml"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty working directory whose path holds a digit and a scale letter, which Ultralytics cuts out of paths."""
    here = tmp_path / "steel3s"
    here.mkdir()
    monkeypatch.chdir(here)
    return here


def write(file, **keys):
    """Write a model YAML of one's own; ``marker`` tells which file was read."""
    config = {"nc": 6, "scales": {"n": [1, 1, 64]}, "backbone": [], "head": [], **keys}
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
    return file


class TestIsOurs:
    @pytest.mark.parametrize(
        "name",
        [
            "lidd.yaml",
            "lidds.yaml",
            "lidd-s.yaml",
            "lidd_s.yaml",
            "lidd.yml",
            "some/where/lidd.yaml",
            Path("lidd.yaml"),
            "lidd-baseline.yaml",
            "lidd-s-baseline.yaml",
            "wlnet.yaml",
            "wlnets-seg.yaml",
            "maskrcnn.yaml",
        ],
    )
    def test_name__ours(self, name):
        assert names.is_ours(name)

    @pytest.mark.parametrize(
        "name", ["liddle.yaml", "mylidd.yaml", "lidd", "lidd.pt", "lidd/yolov8n.yaml", "LIDD.yaml", "", None, 3, {}]
    )
    def test_name__not_ours(self, name):
        assert not names.is_ours(name)


class TestBaseName:
    @pytest.mark.parametrize(
        ("name", "want"),
        [
            ("lidd.yaml", "lidd.yaml"),
            ("lidds.yaml", "lidd.yaml"),
            ("some/lidd-s.yaml", "lidd.yaml"),
            ("lidd_m.yml", "lidd.yaml"),
            ("lidd-baseline.yaml", "lidd-baseline.yaml"),
            ("lidds-baseline.yaml", "lidd-baseline.yaml"),
            ("wlnet-n-seg.yaml", "wlnet-seg.yaml"),
        ],
    )
    def test_value(self, name, want):
        assert names.base_name(name) == want

    def test_name__not_ours(self):
        with pytest.raises(ValueError, match=r"yolov8n\.yaml is not a model name of lidd_yolo"):
            names.base_name("yolov8n.yaml")


@pytest.mark.usefixtures("folder")
class TestLookUp:
    """Through Ultralytics' own loader: what the user has wins over what we ship."""

    @pytest.mark.parametrize(
        ("name", "scale"), [("lidd.yaml", "n"), ("lidds.yaml", "s"), ("lidd-m.yaml", "m"), ("nowhere/liddn.yaml", "n")]
    )
    def test_packaged__from_any_folder(self, name, scale):
        config = yaml_model_load(name)
        assert config["scale"] == scale
        assert config["head"] == yaml.safe_load(PACKAGED.read_text(encoding="utf-8"))["head"]

    @pytest.mark.parametrize(
        ("name", "scale", "block"),
        [
            ("wlnet.yaml", "s", "VoVGSCSP"),
            ("wlnets.yaml", "s", "VoVGSCSP"),
            ("wlnet-t.yaml", "t", "VoVGSCSP"),
            ("wlnetl.yaml", "l", "VoVGSCSP"),
            ("wlnet_x.yaml", "x", "VoVGSCSP"),
            ("wlnet-vov.yaml", "s", "VoVGSCSP"),
            ("wlnetn-vov.yaml", "n", "VoVGSCSP"),
            ("wlnet-base.yaml", "s", "MANet"),
            ("wlnet-m-base.yaml", "m", "MANet"),
        ],
    )
    def test_packaged__wlnet(self, name, scale, block):
        config = yaml_model_load(name)
        assert config["scale"] == scale
        assert config["head"][12][2] == block

    def test_packaged__peer(self):
        config = yaml_model_load("maskrcnn.yaml")
        assert config["head"][-1][2] == "MaskRCNNSegment"
        assert not config.get("scale")
        with pytest.raises(ValueError, match=r"maskrcnns\.yaml: no scale 's', only one size"):
            yaml_model_load("maskrcnns.yaml")

    def test_packaged__ablation_by_name_alone(self):
        assert yaml_model_load("lidd-baseline.yaml")["head"][-1][2] == "LIDDDetect"

    @pytest.mark.parametrize("name", ["lidd.yaml", "lidds.yaml", "lidd-s.yml"])
    def test_own_file__of_that_name(self, folder, name):
        write(folder / name, marker=1, scales={"s": [1, 1, 64]})
        assert yaml_model_load(name)["marker"] == 1

    @pytest.mark.parametrize("relative", [True, False])
    def test_own_base_file__beside(self, folder, relative):
        write(folder / "mine" / "lidd.yaml", marker=2, scales={"n": [1, 1, 64], "s": [1, 2, 64]})
        name = Path("mine" if relative else folder / "mine") / "lidds.yaml"
        config = yaml_model_load(name)
        assert (config["marker"], config["scale"]) == (2, "s")

    def test_own_exact_file__before_own_base_file(self, folder):
        write(folder / "lidd.yaml", marker=1, scales={"s": [1, 1, 64]})
        write(folder / "lidds.yaml", marker=2, scales={"s": [1, 1, 64]})
        assert yaml_model_load("lidds.yaml")["marker"] == 2

    def test_own_file__by_absolute_path(self, folder):
        """Up to 8.4.150 Ultralytics first asks for ``.../steel3/lidd.yaml``; ours must not answer to that."""
        file = write(folder / "lidd.yaml", marker=3)
        assert yaml_model_load(str(file))["marker"] == 3

    def test_other_names__as_before(self):
        with pytest.raises(FileNotFoundError, match=r"'liddle\.yaml' does not exist"):
            yaml_model_load("liddle.yaml")
        with pytest.raises(FileNotFoundError, match=r"'lidd-nothing\.yaml' does not exist"):
            yaml_model_load("lidd-nothing.yaml")


@pytest.mark.usefixtures("folder")
class TestScale:
    @pytest.mark.parametrize("name", ["lidd-x.yaml", "liddx.yaml", "some/lidd_x.yaml"])
    def test_unknown__names_those_there_are(self, name):
        with pytest.raises(ValueError, match=f"^{Path(name).name}: no scale 'x', only n, s, m$"):
            yaml_model_load(name)

    def test_unknown__in_a_file_without_scales(self, folder):
        write(folder / "lidd.yaml", scales=None)
        with pytest.raises(ValueError, match=r"^lidds\.yaml: no scale 's', only one size$"):
            names.scale("lidds.yaml")

    def test_default__the_first(self, folder):
        write(folder / "lidd.yaml", scales={"q": [1, 1, 64], "n": [1, 1, 64]})
        assert names.scale("lidd.yaml") == "q"

    def test_default__the_one_stated(self, folder):
        write(folder / "lidd.yaml", scales={"n": [1, 1, 64], "s": [1, 1, 64]}, lidd_yolo={"default_scale": "s"})
        assert names.scale("lidd.yaml") == "s"
        assert names.scale("liddn.yaml") == "n"

    @pytest.mark.parametrize("section", [True, "light", None])
    def test_default__section_of_a_wrong_kind(self, folder, section):
        """The section itself is checked, with a message, when the model is built."""
        write(folder / "lidd.yaml", lidd_yolo=section)
        assert names.scale("lidd.yaml") == "n"

    def test_file__without_scales(self, folder):
        write(folder / "lidd.yaml", scales=None)
        assert names.scale("lidd.yaml") == ""

    @pytest.mark.timeout(60)
    @pytest.mark.parametrize("text", [IN_LISTS, "nc: !!bool x", "- a"], ids=lambda text: text[:8])
    def test_file__that_cannot_be_read(self, folder, text):
        """A bomb of aliases would be printed; a tag without a value ended in ``KeyError``."""
        (folder / "lidd.yaml").write_text(text, encoding="utf-8")
        for name in ("lidd.yaml", "lidds.yaml"):
            with pytest.raises(InputError, match=r"lidd\.yaml(, line \d+)?: [^\n]+$"):
                names.scale(name)

    @pytest.mark.parametrize("name", ["yolov8n.yaml", "lidd-nothing.yaml"])
    def test_file__not_ours_or_not_there(self, name):
        assert names.scale(name) == ""


class TestFindDataYaml:
    @pytest.mark.parametrize("name", ["neu-det.yaml", "neu-det.yml", "neu-det", Path("neu-det.yaml")])
    def test_name__packaged(self, name):
        assert names.find_data_yaml(name) == paths.cfg_dir() / "datasets" / "neu-det.yaml"

    @pytest.mark.parametrize("name", ["coco8.yaml", "some/neu-det.yaml", "neu-det.zip", "", None, 5])
    def test_name__not_ours(self, name):
        assert names.find_data_yaml(name) is None


class TestDataYamls:
    def test_names__of_the_folder(self):
        assert {"neu-det", "defects-demo"} <= names.data_yamls().keys()
        assert all(file.is_file() and file.stem == name for name, file in names.data_yamls().items())
