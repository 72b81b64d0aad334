"""Kinds of findings: how each is called on the screen, and what a person can do about it.

Readers of `lidd_yolo.data.formats` state a reason in words, so their findings are recognised by these words;
a test feeds every fault that a reader knows through the table.
"""

from __future__ import annotations

import re
from typing import NamedTuple


class Kind(NamedTuple):
    """One kind of finding.

    Args:
        title: What it is, for a list with counts.
        fix: What to do about it.
    """

    title: str
    fix: str


KINDS = {
    "picture-missing": Kind("pictures named but not there", "copy the picture there, or take its name out"),
    "picture-empty": Kind("pictures of zero bytes", "copy the picture again"),
    "picture-text": Kind("texts named as pictures", "download the picture again; this is often an error page"),
    "picture-unreadable": Kind("pictures that cannot be read", "copy or export the picture again"),
    "picture-truncated": Kind("pictures that end early or are damaged inside", "copy the picture again"),
    "picture-too-large": Kind("pictures over the limit of pixels", "cut it into tiles, or raise --max-pixels"),
    "picture-16-bit": Kind("pictures of 16 bits", "save all with 8 bits, one scale for the whole set; --fix does"),
    "picture-alpha": Kind("pictures with transparency (RGBA)", "save it without the fourth channel; --fix does"),
    "picture-cmyk": Kind("pictures in printing colours (CMYK)", "save it as RGB; --fix does"),
    "picture-palette": Kind("pictures with a colour palette", "save it as RGB or grey; --fix does"),
    "picture-rotated": Kind(
        "pictures to be turned by their EXIF mark", "save it turned, and look at its labels; --fix does the first"
    ),
    "picture-animated": Kind("pictures with several frames", "save the frame that is labelled; --fix takes the first"),
    "picture-ending": Kind("pictures whose ending names another format", "rename it; --fix does"),
    "in-two-splits": Kind("same picture in two splits", "keep it in one; --fix takes it out of train"),
    "twice-in-split": Kind("same picture twice in one split", "keep one, with the better labels"),
    "name-in-two-splits": Kind("different pictures of one name", "never put them into one folder; rename them"),
    "no-label": Kind("pictures without labels", "mark its objects, or add an empty label file if it shows none"),
    "no-picture": Kind("labels without a picture", "add the picture, or delete the file"),
    "shared-label": Kind("pictures that share one label file", "rename one of the pictures and copy its labels"),
    "label-unreadable": Kind("label files that cannot be read", "export the file again"),
    "label-encoding": Kind("label files in UTF-16", "save it as UTF-8; --fix does"),
    "wrong-format": Kind("files of another format", "look for the right --format, or delete the file"),
    "class-range": Kind("classes out of range", "correct the number, or add the class to names: in the data YAML"),
    "class-name": Kind("classes that are not in the list", "correct the name, or add it to --names"),
    "not-a-number": Kind("numbers that are NaN or infinite", "mark the object again"),
    "columns": Kind(
        "lines with a wrong number of columns", "write class and 4 numbers, or class and 3 corners or more"
    ),
    "not-numeric": Kind("lines that are not numbers", "mark the object again"),
    "outside": Kind("boxes outside the picture", "mark the object again; pixels may stand where fractions belong"),
    "over-edge": Kind("boxes over the picture's edge", "clip the box to the picture; --fix does"),
    "no-size": Kind("boxes or outlines without area", "mark the object again; its corners may be swapped"),
    "two-corners": Kind("outlines of two corners", "draw it with three corners or more"),
    "mixed": Kind("boxes among outlines in one file", "draw the object's outline; --fix takes the box's corners"),
    "self-crossing": Kind("outlines that cross themselves", "draw the outline again"),
    "long-outline": Kind("outlines too long to look for crossings", "draw it with fewer corners"),
    "duplicate": Kind("objects marked twice", "delete one; --fix does"),
    "two-classes": Kind("one box with two classes", "decide on one class"),
    "speck": Kind("objects of at most 2x2 pixels", "delete it if it is a slip of the pen"),
    "object-damaged": Kind("damaged objects", "mark the object again"),
    "shape-type": Kind("shapes without area", "draw it as a polygon or a rectangle"),
    "crowd": Kind("crowd regions", "mark its objects one by one, or leave it out"),
    "xml-dtd": Kind("XML with entities or a DTD, refused", "remove the <!DOCTYPE ...> part"),
    "no-stated-size": Kind("annotations that do not state the picture's size", "write the picture's own size into it"),
    "wrong-size": Kind("annotations with a wrong size of the picture", "make sure that it belongs to this picture"),
    "path-traversal": Kind("file names that lead out of the folder", "write the bare name of the picture"),
    "wrong-filename": Kind("annotations that name another picture", "pair by the annotation's own name; correct it"),
    "mask-value": Kind("masks with an unknown value", "export the mask again, without loss or smoothed edges"),
    "mask-size": Kind("masks of another size than their picture", "export the mask at the picture's size"),
    "mask-kind": Kind("masks with colours or another depth", "save the class numbers themselves as grey, 8 bit"),
    "class-not-in-name": Kind("objects of another class than the file's name says", "decide which of the two is right"),
    "class-untrained": Kind("classes that train lacks", "move pictures that show it into train"),
    "class-unused": Kind("classes without any object", "take it out of names:, or add pictures of it"),
    "wrong-depth": Kind("annotations with a wrong number of channels", "correct <depth>; training does not use it"),
    "other": Kind("other findings", "see the reason"),
}
"""Kind -> its texts, the graver ones first."""

_WORDS = {
    "columns": "fields where a box has",
    "not-numeric": "is not a whole number and",
    "class-range": r"class -?\d+ is none of",
    "not-a-number": "a number that is not finite",
    "no-size": "pixels wide and .* pixels high|its outline is empty",
    "outside": "lies outside",
    "over-edge": "reaches over the",
    "two-corners": r"an outline of \d corners",
    "xml-dtd": "defines a DTD or entities",
    "wrong-format": "the outermost element is|lacks one of the lists|no list of shapes",
    "wrong-size": "<size> says|it says the picture is",
    "no-stated-size": "no usable <size>|no usable size",
    "crowd": "a crowd region",
    "shape-type": "has no area that is known",
    "mask-value": r"values? \d.* in \d+ pixels|values besides 0",
    "mask-kind": "a colour palette|it has colours|bits a pixel",
    "mask-size": r"it is \d+x\d+, its picture",
    "object-damaged": "it is damaged|it has no <name>|lacks a number for|lacks a file_name|neither box nor outline",
    "label-unreadable": "damaged XML|cannot be read|cannot be decoded|its header says",
}
"""Kind -> words by which a reader's reason is known to be of it."""


def kind_of(reason: str) -> str:
    """Return the kind of a reader's finding; ``other`` if its words are new here."""
    return next((kind for kind, words in _WORDS.items() if re.search(words, reason)), "other")
