"""Command ``lidd data``: make, check, group, split, enlarge and tile data sets.

Exit status of every command: 0 clean, 1 findings (the rest is done), 2 nothing could be done, 130 stopped by the user.
"""

COMMANDS = {
    "neu-det": ("lidd_yolo.cli.data_releases", "NEU-DET, hot-rolled steel strip, six classes, boxes"),
    "neu-seg": ("lidd_yolo.cli.data_releases", "NEU-Seg, hot-rolled steel strip, three classes, outlines"),
    "aluminium-sheet": (
        "lidd_yolo.cli.data_releases",
        "aluminium sheet, photographs of a few small sheets, four classes, outlines",
    ),
    "generate": (
        "lidd_yolo.cli.data_generate",
        "drawn pictures of surfaces with defects, to pretrain on or to try things out",
    ),
    "check": ("lidd_yolo.cli.data_check", "say what is wrong with a data set, file by file, line by line"),
    "convert": (
        "lidd_yolo.cli.data_convert",
        "annotations of other tools (VOC, COCO, labelme, masks, YOLO) to YOLO or COCO",
    ),
    "groups": (
        "lidd_yolo.cli.data_groups",
        "find pictures that show the same thing, and what the present split leaks by that",
    ),
    "split": ("lidd_yolo.cli.data_split", "divide a data set so that pictures of one thing stay on one side"),
    "enlarge": (
        "lidd_yolo.cli.data_enlarge",
        "turned, mirrored, brighter and darker copies of the training pictures (offline augmentation)",
    ),
    "tile": ("lidd_yolo.cli.data_tile", "cut large pictures into overlapping tiles, labels and groups with them"),
}
"""Command -> its module and its line in the help."""
