"""Published data sets, one file each: what the release looks like and how it becomes a YOLO data set."""
