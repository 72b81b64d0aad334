"""Old name of `lidd_yolo.data.readers.missing`, which data YAMLs copied by users import."""

from lidd_yolo.data.readers.missing import explain

__all__ = ["explain"]
