"""Data sets: annotations, formats, groups, splits; numpy and OpenCV only."""
