"""Every ``--help`` of the command ``lidd``, and exit statuses and last words of typical calls.

A change that is meant is written into ``tests/golden`` with the environment variable ``LIDD_YOLO_REWRITE_GOLDEN=1``.
"""

import re

import pytest
import yaml

from tests.helpers.command_line import lidd
from tests.helpers.golden import assert_golden, without
from tests.helpers.made_up_ledger import made_up_entry, write_entry
from tests.helpers.pictures import encoded, noise
from tests.helpers.plates import voc, voc_object
from tests.helpers.yolo_sets import GOOD, write_yolo_set

BOTH = GOOD + "1 0.2 0.2 0.3 0.3\n"


def sub_commands(text):
    """Return the sub-commands that a help lists."""
    if not re.search(r"\b(COMMAND|ACTION) \.\.\.", text):
        return []
    return re.findall(r"^    ([a-z][a-z0-9-]*)\b", text, re.MULTILINE)


def helps(*words):
    """Return the help of a command and of everything below it by their words."""
    done = lidd(*words, "--help")
    assert (done.status, done.err) == (0, "")
    found = {" ".join(("lidd", *words)): done.out}
    for word in sub_commands(done.out):
        found |= helps(*words, word)
    return found


def any_python(text):
    """Return a help or an error as every supported Python words it: unwrapped, choices without quotation marks."""
    sections = re.split(r"^(=== .*)$", text.replace("optional arguments:", "options:"), flags=re.MULTILINE)
    told = re.sub(r"-\s+", "-", "\n".join(" ".join(section.split()) for section in sections))
    return re.sub(r"\(choose from .*?\)", lambda found: found[0].replace("'", ""), told)


@pytest.fixture(scope="module")
def found():
    return helps()


class TestHelp:
    def test_commands__all_are_reached(self, found):
        assert {name.partition(" ")[2] for name in found if name.count(" ") < 2} - {""} == {
            "data", "compare", "ablate", "reproduce", "export", "inspect", "predict", "report", "bench", "doctor",
        }  # fmt: skip
        assert {"lidd data check", "lidd data neu-det", "lidd bench latency"} <= found.keys()

    def test_texts(self, found):
        text = "\n".join(f"=== {name} --help\n\n{help_}" for name, help_ in found.items())
        assert_golden("help.txt", text, any_python)


CALLS = {
    # status, words; what stands in the folder of the calls: see `place`
    "nothing": (2, ""),
    "help": (0, "--help"),
    "version": (0, "--version"),
    "unknown command": (2, "doktor"),
    "unknown option": (2, "--verbose"),
    "one word too many": (2, "doctor now"),
    "data alone": (2, "data"),
    "data, unknown action": (2, "data neu"),
    "check nothing": (2, "data check"),
    "check a missing file": (2, "data check none.yaml"),
    "check a clean set": (0, "data check clean/data.yaml"),
    "check a clean set as JSON": (0, "data check clean/data.yaml --json"),
    "check a damaged set": (1, "data check damaged/data.yaml"),
    "check a damaged set as JSON": (1, "data check damaged/data.yaml --json"),
    "check a folder": (2, "data check clean"),
    "check with a bad limit": (2, "data check clean/data.yaml --max-pixels 0"),
    "check with a limit in words": (2, "data check clean/data.yaml --max-pixels many"),
    "check a YOLO set with names": (2, "data check clean/data.yaml --names a"),
    "check an unknown format": (2, "data check clean --format pascal"),
    "check a folder of VOC": (0, "data check voc --format voc"),
    "check VOC with other classes": (1, "data check voc --format voc --names crack"),
    "check and repair": (1, "data check damaged/data.yaml --fix repaired"),
    "check what was repaired": (0, "data check repaired/data.yaml"),
    "repair into what is there": (2, "data check damaged/data.yaml --fix clean"),
    "repair VOC": (2, "data check voc --format voc --fix more"),
    "check a data YAML without pictures": (2, "data check empty.yaml"),
    "check a YAML that is none": (2, "data check broken.yaml"),
    "convert without a format": (2, "data convert voc made"),
    "convert a missing folder": (2, "data convert --from voc --to yolo none made"),
    "convert": (0, "data convert --from voc --to yolo voc made"),
    "convert into what is there": (2, "data convert --from voc --to yolo voc made"),
    "convert with other classes": (2, "data convert --from voc --to coco voc other --names crack"),
    "convert with an empty name": (2, "data convert --from voc --to yolo voc more --names a,,b"),
    "convert damaged labels": (1, "data convert --from yolo --to coco damaged/data.yaml whole"),
    "groups of nothing": (2, "data groups none.yaml"),
    "groups": (0, "data groups clean/data.yaml --out groups"),
    "groups by a bad pattern": (2, "data groups clean/data.yaml --out more --burst ("),
    "split by a bad ratio": (2, "data split clean/data.yaml --ratio 8:x"),
    "split with a file that is none": (2, "data split clean/data.yaml --groups none.json --target half"),
    "split": (0, "data split clean/data.yaml --ratio 1:1 --target half"),
    "split where a split is": (2, "data split clean/data.yaml --ratio 1:1 --target half"),
    "split anew": (0, "data split clean/data.yaml --ratio 1:1 --target half --overwrite --json"),
    "split a set that is not balanced": (1, "data split lonely/data.yaml --ratio 8:1:1 --target lone"),
    "enlarge": (0, "data enlarge clean/data.yaml --times 2 --target large"),
    "enlarge by nothing": (2, "data enlarge clean/data.yaml --times 0"),
    "enlarge damaged labels": (1, "data enlarge damaged/data.yaml --times 2 --target larger"),
    "tile into what is there": (2, "data tile clean/data.yaml clean --tile 64"),
    "tiles that are too small": (2, "data tile clean/data.yaml tiles --tile 16"),
    "tiles that overlap wholly": (2, "data tile clean/data.yaml tiles --tile 64:64"),
    "a release without its folder": (2, "data neu-det"),
    "a release that is not there": (2, "data neu-det --source none --target made-neu"),
    "a release by an unknown protocol": (2, "data neu-seg --source none --protocol usual"),
    "compare nothing": (2, "compare"),
    "compare by a missing plan": (2, "compare --plan nowhere.yaml"),
    "compare by a plan and models": (2, "compare --plan lidd-table3 --models lidd.yaml"),
    "compare, no number": (2, "compare --models lidd.yaml --data clean/data.yaml --epochs few"),
    "compare, dry run": (
        0,
        "compare --models lidd.yaml --data clean/data.yaml --epochs 2 --dry-run --ledger led --project runs",
    ),
    "compare on a missing set": (1, "compare --models lidd.yaml --data none.yaml --ledger led --project runs"),
    "ablate nothing": (2, "ablate"),
    "ablate another paper": (2, "ablate yolo"),
    "reproduce another table": (2, "reproduce lidd-table9"),
    "export nothing": (2, "export"),
    "export without data": (2, "export best.pt"),
    "export a missing checkpoint": (2, "export best.pt --data clean/data.yaml"),
    "export to an unknown format": (2, "export best.pt --data clean/data.yaml --formats tflite9"),
    "export, rows in float without int8": (2, "export best.pt --data clean/data.yaml --keep-float 22"),
    "predict nothing": (2, "predict"),
    "predict with missing weights": (2, "predict none.pt clean --operating none.yaml"),
    "predict in millimetres of zero": (2, "predict best.pt clean --mm-per-pixel 0"),
    "predict by two thresholds": (2, "predict best.pt clean --conf 0.5 --operating point.yaml"),
    "report of no ledger": (2, "report --ledger none"),
    "report of unknown entries": (2, "report other-* --ledger ledger"),
    "report": (0, "report --ledger ledger --out page.html"),
    "report as Markdown": (0, "report --ledger ledger --markdown"),
    "verify": (0, "report --ledger ledger --verify"),
    "verify a changed file": (1, "report --ledger changed --verify"),
    "bench nothing": (2, "bench"),
    "bench an unknown thing": (2, "bench colours"),
    "record a missing run": (2, "bench --ledger led record none"),
    "latency of no size": (2, "bench --ledger led latency --imgsz 0"),
    "latency in an unknown runtime": (2, "bench --ledger led latency --runtimes abacus"),
}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with small data sets, one of them damaged, and two ledgers, one of them changed by hand."""
    folder = tmp_path_factory.mktemp("place").resolve()
    clean = {f"{side}/{side}{k}": BOTH for side, count in (("train", 4), ("val", 2)) for k in range(count)}
    write_yolo_set(folder / "clean", clean)
    write_yolo_set(folder / "damaged", {"train/a": BOTH + "0 1\n", "val/b": BOTH, "val/c": "0 0.95 0.5 0.3 0.2\n"})
    write_yolo_set(folder / "lonely", {"train/a": BOTH, "train/b": GOOD, "train/c": GOOD})
    (folder / "voc").mkdir()
    (folder / "voc/a.png").write_bytes(encoded(noise(3), ".png"))
    text = voc(voc_object("pit", (1, 1, 9, 9)), (40, 30)).replace(">1</depth", ">3</depth")
    (folder / "voc/a.xml").write_text(text)
    (folder / "empty.yaml").write_text(yaml.safe_dump({"path": str(folder), "train": "nothing", "names": ["a"]}))
    (folder / "broken.yaml").write_text("names: [a\n")
    for name in ("ledger", "changed"):
        (folder / name).mkdir()
        write_entry(folder / name, made_up_entry("good-s0"), quality=0.9)
    (evidence,) = (folder / "changed").glob("*.npz")
    evidence.write_bytes(evidence.read_bytes() + b"more")
    return folder


@pytest.fixture(scope="module")
def done(place):
    """The calls in the order of the table: later ones use what earlier ones made."""
    return {title: lidd(*words.split(), folder=place) for title, (_, words) in CALLS.items()}


class TestCalls:
    @pytest.mark.parametrize("title", CALLS)
    def test_status(self, done, title):
        assert done[title].status == CALLS[title][0], done[title].err

    def test_errors__alone_on_standard_error(self, done):
        """What goes wrong is said in one last line, with the command's name, and nothing stands on the output."""
        for title, (status, words) in CALLS.items():
            if status == 2 and words:
                assert done[title].out == "", title
                assert done[title].err.splitlines()[-1].startswith("lidd"), title

    def test_texts(self, done, place):
        parts = []
        for title, (_, words) in CALLS.items():
            said = "" if title in ("nothing", "help") else done[title].out
            last = (done[title].err.splitlines() or [""])[-1].rpartition("\r")[2]
            title_line = f"=== lidd {words}".rstrip()
            parts.append(f"{title_line}\n{done[title].status}\n{said}{last}\n")
        text = re.sub(r"\b(lidd[-_]yolo) \d[\w.+-]*", r"\1 N", without("\n".join(parts), folder=place))
        assert_golden("calls.txt", text, any_python)
