"""What a reader sees of a report on a made-up ledger, as a page and as Markdown, compared with golden files.

A change that is meant is written into ``tests/golden`` with the environment variable ``LIDD_YOLO_REWRITE_GOLDEN=1``.
"""

import html
import re

import pytest

from tests.helpers.command_line import lidd
from tests.helpers.golden import assert_golden, without
from tests.helpers.made_up_certificate import format_of, int8_entry, write_certificate
from tests.helpers.made_up_ledger import made_up_entry, write_entry, write_latency

pytest.importorskip("jinja2", reason="a page needs the extra lidd-yolo[compare]")
pytest.importorskip("scipy", reason="comparisons need the extra lidd-yolo[compare]")

PLAN = """
source: Paper, table 3
models:
  - {model: lidd.yaml, label: LIDD-Net, printed: {map50: 0.983}}
  - {model: yolov8n.yaml, label: YOLOv8n, printed: {map50: 0.95, map: 0.5}}
quoted: [{label: NanoDet, printed: {map: 0.5}, note: cannot be right}]
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Runs of two detectors with three seeds each, of two segmenters with one, times, and two certificates."""
    folder = tmp_path_factory.mktemp("report").resolve()
    ledger = folder / "ledger"
    ledger.mkdir()
    for seed in range(3):
        ours = made_up_entry(f"steel-lidd-s{seed}", seed=seed, map50=0.6 + 0.01 * seed)
        theirs = made_up_entry(f"steel-yolov8n-s{seed}", model="yolov8n.yaml", seed=seed, map50=0.5 + 0.02 * seed)
        write_entry(ledger, ours, quality=0.9, groups=10)
        write_entry(ledger, theirs, quality=0.4, groups=10)
    for model, quality in (("wlnet-seg.yaml", 0.8), ("yolov8s-seg.yaml", 0.7)):
        write_entry(ledger, made_up_entry(f"masks-{model[:5]}-s0", model=model, map50=quality), quality=quality)
    write_latency(ledger, {"lidd.yaml": 0.002, "yolov8n.yaml": 0.004})
    (folder / "plan.yaml").write_text(PLAN)
    good = {"onnx": format_of("onnx", 2e-6), "openvino": format_of("openvino", 3e-6)}
    bad = {"onnx": format_of("onnx", 2e-6, failures=("scores differ",), alone=2), "onnx-int8": int8_entry()}
    write_certificate(folder / "good/best.parity.json", good)
    write_certificate(folder / "bad/best.parity.json", bad, fold=2e-4)
    return folder


def report(place, *words):
    done = lidd("report", "--ledger", "ledger", *words, folder=place)
    assert (done.status, done.err) == (0, "")
    return done.out


def any_time(text, place):
    """Return a text without folder, dates, the machine and versions."""
    text = re.sub(r"20\d\d-\d\d-\d\d(T[\d:+]+)?", "DATE", without(text, folder=place))
    text = re.sub(r"\b(lidd[-_]yolo|ultralytics) \d[\w.+-]*", r"\1 N", text)
    return re.sub(r"(<dt>(Machine|Versions)</dt><dd>)[^<]*(Linux|macOS|Windows|onnx)[^<]*", r"\1HERE", text)


def visible(page):
    """Return the words of a page, one line for each element that holds some; styles and scripts are none."""
    page = re.sub(r"<(style|script)\b.*?</\1>|<!--.*?-->", "", page, flags=re.DOTALL)
    lines = (" ".join(part.split()) for part in re.split(r"<[^>]*>", page))
    return html.unescape("\n".join(filter(None, lines))) + "\n"


def words_of(file, place):
    return visible(any_time(file.read_text(encoding="utf-8"), place))


class TestReport:
    def test_visible(self):
        page = "<style>a</style><h1>One</h1>\n<p>two <b>&amp; three</b><!-- four --><svg><title>5</title></svg>"
        assert visible(page) == "One\ntwo\n& three\n5\n"

    def test_page(self, place):
        certificates = "--certificates", "good/best.parity.json", "bad/best.parity.json"
        assert report(place, "*", "--plan", "plan.yaml", "--out", "page.html", *certificates)
        assert_golden("report.html.txt", words_of(place / "page.html", place))

    def test_markdown(self, place):
        parts = [report(place, "--markdown"), report(place, "steel-*", "--markdown", "--plan", "plan.yaml")]
        assert_golden("report.md", any_time("\n".join(parts), place))

    def test_certificates_alone(self, place):
        assert report(place, "--out", "proof.html", "--certificates", "good/best.parity.json")
        assert_golden("certificate.html.txt", words_of(place / "proof.html", place))
