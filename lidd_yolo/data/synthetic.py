"""Old name of `lidd_yolo.data.demo.synthetic`, which data YAMLs copied by users import."""

from lidd_yolo.data.demo.synthetic import generate

__all__ = ["generate"]
