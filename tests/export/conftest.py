"""What all tests of exports share, made once."""

import pytest

from lidd_yolo.data.readers.data_yaml import read_yolo_set
from lidd_yolo.export.formats import InputShape, Variant
from lidd_yolo.export.making import make_export
from lidd_yolo.export.reference import load_reference


@pytest.fixture(scope="session")
def tiny(tiny_yaml):
    return read_yolo_set(tiny_yaml)


@pytest.fixture(scope="session")
def pictures(tiny):
    return tiny.pictures["val"]


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
