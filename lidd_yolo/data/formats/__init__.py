"""Annotation formats, one file each, all to and from ``lidd_yolo.data.labels.annotation``."""
