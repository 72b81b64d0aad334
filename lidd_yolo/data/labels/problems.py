"""What is wrong where: collected while files are read, so that one bad line never costs the good ones."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from lidd_yolo.data.labels.annotation import WHOLE_FILE, Annotation, Place

NONE_USABLE = "none of its objects is usable"
"""Reason to leave a picture out: without objects it would teach that it shows no defect."""


class Kind(str, Enum):
    """Kind of a problem, the graver ones first: its name in ``check.json``, its heading in a list, and what to do."""

    heading: str
    fix: str

    def __new__(cls, word: str, heading: str, fix: str) -> Kind:
        """Return the member that is equal to its word."""
        kind = str.__new__(cls, word)
        kind._value_, kind.heading, kind.fix = word, heading, fix
        return kind

    # fmt: off
    PICTURE_MISSING = "picture-missing", "pictures named but not there", "copy the picture there, or take its name out"
    PICTURE_EMPTY = "picture-empty", "pictures of zero bytes", "copy the picture again"
    PICTURE_TEXT = "picture-text", "texts named as pictures", "download the picture again; this is often an error page"
    PICTURE_UNREADABLE = ("picture-unreadable", "pictures that cannot be read",
        "copy or export the picture again, with 8 bits")
    PICTURE_TRUNCATED = "picture-truncated", "pictures that end early or are damaged inside", "copy the picture again"
    PICTURE_TOO_LARGE = ("picture-too-large", "pictures over the limit of pixels",
        "cut it into tiles, or raise --max-pixels")
    PICTURE_CHANNELS = ("picture-channels", "pictures of another number of channels",
        "save it with all its channels, or correct channels: in the data YAML")
    PICTURE_16_BIT = ("picture-16-bit", "pictures of 16 bits",
        "save all with 8 bits, one scale for the whole set; --fix does")
    PICTURE_ALPHA = ("picture-alpha", "pictures with transparency (RGBA)",
        "save it without the fourth channel; --fix does")
    PICTURE_CMYK = "picture-cmyk", "pictures in printing colours (CMYK)", "save it as RGB; --fix does"
    PICTURE_PALETTE = "picture-palette", "pictures with a colour palette", "save it as RGB or grey; --fix does"
    PICTURE_ROTATED = ("picture-rotated", "pictures to be turned by their EXIF mark",
        "save it turned, and look at its labels; --fix does the first")
    PICTURE_ANIMATED = ("picture-animated", "pictures with several frames",
        "save the frame that is labelled; --fix takes the first")
    PICTURE_ENDING = "picture-ending", "pictures whose ending names another format", "rename it; --fix does"
    PICTURE_SMALL = ("picture-small", "pictures under 10 pixels a side",
        "enlarge it, or take it out; training leaves it out")
    PICTURE_PASSED_OVER = ("picture-passed-over", "files that training takes for no pictures",
        "save it as PNG, or take it out")
    NONE_USABLE = "none-usable", "pictures whose objects are all unusable", "mark its objects again"
    SPLIT_MISSING = ("split-missing", "splits without a picture",
        "correct the data YAML, or make a split with `lidd data split`")
    IN_TWO_SPLITS = "in-two-splits", "same picture in two splits", "keep it in one; --fix takes it out of train"
    TWICE_IN_SPLIT = "twice-in-split", "same picture twice in one split", "keep one, with the better labels"
    NAME_IN_TWO_SPLITS = ("name-in-two-splits", "different pictures of one name",
        "never put them into one folder; rename them")
    NO_LABEL = "no-label", "pictures without labels", "mark its objects, or add an empty label file if it shows none"
    NO_PICTURE = "no-picture", "labels without a picture", "add the picture, or delete the file"
    SHARED_LABEL = ("shared-label", "pictures that share one label file",
        "rename one of the pictures and copy its labels")
    LABEL_UNREADABLE = "label-unreadable", "label files that cannot be read", "export the file again"
    LABEL_ENCODING = "label-encoding", "label files in UTF-16", "save it as UTF-8; --fix does"
    WRONG_FORMAT = "wrong-format", "files of another format", "look for the right --format, or delete the file"
    CLASS_RANGE = ("class-range", "classes out of range",
        "correct the number, or add the class to names: in the data YAML")
    CLASS_NAME = "class-name", "classes that are not in the list", "correct the name, or add it to --names"
    NAME_TWICE = "name-twice", "class names used twice", "give every class a name of its own"
    NOT_A_NUMBER = "not-a-number", "numbers that are NaN or infinite", "mark the object again"
    COLUMNS = ("columns", "lines with a wrong number of columns",
        "write class and 4 numbers, or class and 3 corners or more")
    NOT_NUMERIC = "not-numeric", "lines that are not numbers", "mark the object again"
    OUTSIDE = "outside", "boxes outside the picture", "mark the object again; pixels may stand where fractions belong"
    OVER_EDGE = "over-edge", "boxes over the picture's edge", "clip the box to the picture; --fix does"
    NO_SIZE = "no-size", "boxes or outlines without area", "mark the object again; its corners may be swapped"
    TWO_CORNERS = "two-corners", "outlines of two corners", "draw it with three corners or more"
    MIXED = "mixed", "boxes among outlines in one file", "draw the object's outline; --fix takes the box's corners"
    SELF_CROSSING = "self-crossing", "outlines that cross themselves", "draw the outline again"
    LONG_OUTLINE = "long-outline", "outlines too long to look for crossings", "draw it with fewer corners"
    DUPLICATE = "duplicate", "objects marked twice", "delete one; --fix does"
    TWO_CLASSES = "two-classes", "one box with two classes", "decide on one class"
    SPECK = "speck", "objects of at most 2x2 pixels", "delete it if it is a slip of the pen"
    OBJECT_DAMAGED = "object-damaged", "damaged objects", "mark the object again"
    SHAPE_TYPE = "shape-type", "shapes without area", "draw it as a polygon or a rectangle"
    CROWD = "crowd", "crowd regions", "mark its objects one by one, or leave it out"
    XML_DTD = "xml-dtd", "XML with entities or a DTD, refused", "remove the <!DOCTYPE ...> part"
    NO_STATED_SIZE = ("no-stated-size", "annotations that do not state the picture's size",
        "write the picture's own size into it")
    WRONG_SIZE = ("wrong-size", "annotations with a wrong size of the picture",
        "make sure that it belongs to this picture")
    PATH_TRAVERSAL = "path-traversal", "file names that lead out of the folder", "write the bare name of the picture"
    WRONG_FILENAME = ("wrong-filename", "annotations that name another picture",
        "pair by the annotation's own name; correct it")
    MASK_VALUE = "mask-value", "masks with an unknown value", "export the mask again, without loss or smoothed edges"
    MASK_SIZE = "mask-size", "masks of another size than their picture", "export the mask at the picture's size"
    MASK_KIND = "mask-kind", "masks with colours or another depth", "save the class numbers themselves as grey, 8 bit"
    CLASS_NOT_IN_NAME = ("class-not-in-name", "objects of another class than the file's name says",
        "decide which of the two is right")
    CLASS_UNTRAINED = "class-untrained", "classes that train lacks", "move pictures that show it into train"
    CLASS_UNUSED = "class-unused", "classes without any object", "take it out of names:, or add pictures of it"
    WRONG_DEPTH = ("wrong-depth", "annotations with a wrong number of channels",
        "correct <depth>; training does not use it")
    OTHER = "other", "other findings", "see the reason"
    # fmt: on


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong in one file.

    Args:
        file: The file it was found in.
        kind: What kind of problem it is.
        reason: What is wrong, in one clause.
        remedy: What a reader did about it, or what to do; empty from checks, which have the fix of the kind.
        place: Place in the file.
        repaired: Whether everything in question was kept, perhaps corrected (a note); False if something was left out.
    """

    file: Path
    kind: Kind
    reason: str
    remedy: str = ""
    place: Place = WHOLE_FILE
    repaired: bool = False

    @property
    def where(self) -> str:
        """Place in the file in words; empty for the whole file."""
        return str(self.place)

    def __str__(self) -> str:
        return self._with(self.remedy)

    def as_finding(self) -> str:
        """Return the problem with what a person can do about it in place of the remedy."""
        return self._with(self.kind.fix)

    def as_dict(self) -> dict[str, str | bool]:
        """Return a form for the JSON of a conversion; the file by its name alone."""
        return {
            "file": self.file.name,
            "where": self.where,
            "reason": self.reason,
            "remedy": self.remedy,
            "repaired": self.repaired,
        }

    def _with(self, advice: str) -> str:
        place = f"{self.file}, {self.where}" if self.where else str(self.file)
        return f"{place}: {self.reason}; {advice}"


class UnusableError(Exception):
    """Something cannot be used, see `Problem`; with a place if it is another than the one that is read."""

    def __init__(self, kind: Kind, reason: str, remedy: str, place: Place | None = None) -> None:
        super().__init__(reason)
        self.kind, self.remedy, self.place = kind, remedy, place


class Problems(list[Problem]):
    """Problems collected while files are read, each with the file and the place that is read at the time."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.file, self.place = file, WHOLE_FILE

    def note(self, kind: Kind, reason: str, remedy: str, *, repaired: bool = False) -> None:
        """Add a problem of the file and the place that is read."""
        self.append(Problem(self.file, kind, reason, remedy, self.place, repaired))

    @contextmanager
    def collect(self, place: Place = WHOLE_FILE, file: Path | None = None) -> Iterator[None]:
        """Read at a place, of another file if one is given: an `UnusableError` ends that and is a problem, no more."""
        before = self.file, self.place
        self.file, self.place = file or self.file, place
        try:
            yield
        except UnusableError as error:
            self.place = error.place or place
            self.note(error.kind, str(error), error.remedy)
        finally:
            self.file, self.place = before

    @contextmanager
    def collect_entry(self, place: Place, remedy: str) -> Iterator[None]:
        """As `collect`, of an entry of a JSON file, in which any value may be missing or of another type."""
        with self.collect(place):
            try:
                yield
            except (KeyError, TypeError, ValueError, OverflowError) as error:
                reason = f"it is damaged ({type(error).__name__}: {error})"
                raise UnusableError(Kind.OBJECT_DAMAGED, reason, remedy) from error


Reading = tuple[Annotation | None, list[Problem]]
"""What a file says about one picture, None if it is unusable as a whole; and every problem found in it."""
