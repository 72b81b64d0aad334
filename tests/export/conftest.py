"""What all tests of exports share: a little data and checkpoints of both networks, made once."""

import pytest

from lidd_yolo.data.readers.data_yaml import read_yolo_set
from lidd_yolo.export.formats import InputShape, Variant
from lidd_yolo.export.making import make_export
from lidd_yolo.export.reference import load_reference
from tests.helpers.checkpoints import write_lidd, write_wlnet
from tests.helpers.tiny import write_tiny_data


@pytest.fixture(scope="session")
def tiny_yaml(tmp_path_factory):
    return write_tiny_data(tmp_path_factory.mktemp("data") / "tiny")


@pytest.fixture(scope="session")
def tiny(tiny_yaml):
    return read_yolo_set(tiny_yaml)


@pytest.fixture(scope="session")
def pictures(tiny):
    return tiny.pictures["val"]


@pytest.fixture(scope="session")
def lidd_weights(tmp_path_factory):
    return write_lidd(tmp_path_factory.mktemp("lidd") / "best.pt")


@pytest.fixture(scope="session")
def wlnet_weights(tmp_path_factory):
    return write_wlnet(tmp_path_factory.mktemp("wlnet") / "best.pt")


@pytest.fixture(scope="session")
def lidd(lidd_weights):
    return load_reference(lidd_weights)


@pytest.fixture(scope="session")
def wlnet(wlnet_weights):
    return load_reference(wlnet_weights)


@pytest.fixture(scope="session")
def exact_file(tmp_path_factory):
    """Return a function that exports a network in float32 for 64 x 64 pixels, each format once."""
    made = {}

    def export(reference, name):
        key = (reference.weights, name)
        if key not in made:
            folder = tmp_path_factory.mktemp("exact") / name
            shape = Variant(InputShape(64, 64))
            made[key] = make_export(reference.weights, folder, name, shape, half=False, arguments={})
        return made[key]

    return export
