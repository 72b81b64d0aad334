"""Message for a data set that is not there, alone and through the packaged YAML files."""

import pytest
import yaml

from lidd_yolo.data.readers.missing import FETCHED, explain, explain_packaged
from lidd_yolo.data.releases import aluminium_sheet, neu_det, neu_seg
from lidd_yolo.data.releases.download import PUBLISHERS
from lidd_yolo.data.splits.training_shares import SHARES, list_name
from lidd_yolo.paths import find_cfg


class TestExplain:
    def test_fetched__those_of_a_publisher(self):
        assert set(FETCHED) == set(PUBLISHERS)

    def test_neu_det__command_place_and_release(self):
        with pytest.raises(FileNotFoundError) as caught:
            explain("neu-det", "some/folder")
        message = str(caught.value)
        assert "lidd data neu-det --source FOLDER" in message
        assert "some/folder" in message
        assert "10.1109/TIM.2019.2915404" in message
        assert "`--download` in place of `--source FOLDER`" in message

    def test_unknown_name(self):
        with pytest.raises(ValueError, match="no data set 'coco'; known: neu-det, neu-seg, aluminium-sheet"):
            explain("coco", ".")

    def test_neu_seg__protocol_in_the_command(self):
        with pytest.raises(FileNotFoundError) as caught:
            explain("neu-seg", "some/neu-seg-paper", "paper")
        message = str(caught.value)
        assert "The data set neu-seg-paper is not at some" in message
        assert "lidd data neu-seg --source FOLDER --protocol paper\n" in message
        assert "10.1109/TII.2019.2958826" in message


class TestExplainPackaged:
    @pytest.mark.parametrize(
        ("stem", "command"),
        [
            ("neu-det", "lidd data neu-det --source FOLDER\n"),
            ("neu-seg-official", "lidd data neu-seg --source FOLDER --protocol official\n"),
            ("neu-det-10", "lidd data neu-det --source FOLDER\n"),
            ("aluminium-sheet", "lidd data aluminium-sheet --source FOLDER\n"),
            ("aluminium-sheet-paper", "lidd data aluminium-sheet --source FOLDER --protocol paper\n"),
        ],
    )
    def test_release__command_with_protocol(self, stem, command):
        with pytest.raises(FileNotFoundError, match=command):
            explain_packaged(stem, "some/folder")

    @pytest.mark.parametrize("stem", ["defects-demo", "neu", "neu-detail"])
    def test_no_release__nothing(self, stem):
        explain_packaged(stem, "some/folder")


@pytest.mark.parametrize(
    "name",
    [
        "neu-det",
        "neu-det-random",
        "neu-det-paper",
        "neu-seg",
        "neu-seg-paper",
        "neu-seg-official",
        "aluminium-sheet",
        "aluminium-sheet-paper",
    ],
)
class TestYaml:
    @pytest.fixture
    def data(self, name):
        return yaml.safe_load(find_cfg(name, "datasets").read_text(encoding="utf-8"))

    @pytest.fixture
    def release(self, name):
        """Return the release's name, its module and the protocol."""
        modules = {"neu-det": neu_det, "neu-seg": neu_seg, "aluminium-sheet": aluminium_sheet}
        release = next(known for known in modules if name.startswith(known))
        return release, modules[release], name[len(release) + 1 :]

    def test_classes_and_sides__those_of_the_conversion(self, data, release):
        _, module, protocol = release
        assert data["names"] == dict(enumerate(module.CLASS_NAMES))
        sides = {*module.PROTOCOLS[protocol or "grouped"], *(["test"] if protocol == "official" else [])}
        assert {side: data.get(side) for side in ("train", "val", "test")} == {
            side: f"images/{side}" if side in sides else None for side in ("train", "val", "test")
        }

    def test_path__default_folder_of_the_command(self, data, name):
        assert data["path"] == name

    def test_download__explains(self, data, name, release):
        base, _, protocol = release
        command = f"lidd data {base} --source FOLDER" + (f" --protocol {protocol}" if protocol else "") + "\n"
        with pytest.raises(FileNotFoundError) as caught:
            exec(data["download"], {"yaml": {"path": f"datasets/{name}"}})
        assert command in str(caught.value)

    def test_leak__said_in_the_header(self, name, release):
        header = find_cfg(name, "datasets").read_text(encoding="utf-8").partition("path:")[0]
        assert ("THIS SPLIT LEAKS" in header) == bool(release[2])


@pytest.mark.parametrize("name", ["neu-det", "neu-seg"])
@pytest.mark.parametrize("percent", SHARES)
def test_yaml_of_a_share__the_other_but_for_train(name, percent):
    whole, share = (yaml.safe_load(find_cfg(n, "datasets").read_text()) for n in (name, f"{name}-{percent}"))
    assert share == {**whole, "train": list_name(percent)}
