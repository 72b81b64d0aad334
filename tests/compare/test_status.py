"""Exit statuses are told apart."""

from lidd_yolo.compare import process as status


def test_statuses__all_different():
    found = [value for name, value in vars(status).items() if name.isupper()]
    assert sorted(found) == [0, 1, 2, 75, 130]
