"""The HTML page: what stands in it, that text stays text, and how a browser shows it."""

from html.parser import HTMLParser

import cv2
import numpy as np
import pytest

from lidd_yolo.errors import InputError
from lidd_yolo.report.page import report, report_page
from lidd_yolo.results.plan_file import read_printed
from tests.helpers.browser import find_browser, open_page
from tests.helpers.made_up_certificate import format_of, int8_entry, write_certificate
from tests.helpers.made_up_ledger import made_up_entry, write_entry, write_latency
from tests.helpers.two_splits import write_two_splits

PLAN = """
name: table
data: d.yaml
imgsz: 192
epochs: 2
seeds: [0]
source: Paper, table 3
models: [{model: lidd.yaml, label: LIDD-Net, printed: {map50: 0.983}}]
quoted: [{label: NanoDet, printed: {map: 0.5}, note: cannot be right}]
"""
EVIL = '<script>alert("1")</script>'
needs_browser = pytest.mark.skipif(find_browser() is None, reason="no Chromium here: apt-get install chromium")


class Reader(HTMLParser):
    """Collects tags, addresses and text, and sees that every tag is closed."""

    def __init__(self):
        super().__init__()
        self.open, self.tags, self.addresses, self.text = [], [], [], ""

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.addresses += [value for name, value in attrs if name in {"src", "href", "srcset", "xlink:href", "data"}]
        if tag not in {"meta", "link", "img", "br"}:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def read(page):
    reader = Reader()
    reader.feed(page)
    assert reader.open == []
    return reader


@pytest.fixture
def plan(tmp_path):
    (tmp_path / "plan.yaml").write_text(PLAN)
    return read_printed(tmp_path / "plan.yaml")


@pytest.fixture
def entries(tmp_path):
    networks = (("lidd.yaml", 0.8), ("yolov8n.yaml", 0.5), ("yolo12s.yaml", 0.78))
    made = [
        write_entry(tmp_path, made_up_entry(f"{model[:-5]}-s{seed}", model=model, seed=seed, map50=q), quality=q)
        for model, q in networks
        for seed in (0, 1)
    ]
    return [*made, write_latency(tmp_path, {"lidd.yaml": 0.002, "yolov8n.yaml": 0.005})]


@pytest.fixture
def certificate(tmp_path):
    formats = {
        "onnx": format_of("onnx", 1e-6),
        "ncnn": format_of("ncnn", 0.02, failures=(EVIL,), iou=0.91, alone=2),
        "onnx-int8": int8_entry(),
    }
    formats["onnx"]["notes"] = [EVIL]
    return write_certificate(tmp_path / "best.parity.json", formats)


class TestReport:
    @pytest.fixture
    def ledger(self, entries, tmp_path):
        assert len(entries) == len(list(tmp_path.glob("*.json")))
        return tmp_path

    @pytest.mark.usefixtures("plan")
    def test_report__ledger(self, ledger):
        certificate = write_certificate(ledger / "export" / "best.parity.json", {"onnx": format_of("onnx", 1e-6)})
        page = ledger / "new" / "page.html"
        written = report(ledger, out=page, plan=ledger / "plan.yaml", certificates=[certificate])
        assert (written.page, written.warnings, written.certificates) == (page, (), (certificate,))
        assert (written.runs, written.contents) == (6, "6 training runs, 1 certificate")
        assert repr(written) == (
            f"WrittenReport({page}: 6 training runs, 1 certificate)\n"
            "  steel, grouped split 51515151, 192 px, 5 epochs: LIDD-Net, yolo12s, yolov8n"
        )
        text = page.read_text(encoding="utf-8")
        assert "over time of a prediction" in text
        assert "LIDD-Net is higher" in text
        assert [file.name for file in page.parent.iterdir()] == ["page.html"]

    def test_report__some_runs_of_a_ledger_that_was_edited(self, ledger):
        (ledger / "runs" / "later-s0").mkdir(parents=True)
        (ledger / "runs" / "later-s0" / "run.json").touch()
        file = ledger / "lidd-s0.json"
        file.write_text(file.read_text(encoding="utf-8").replace('"map50": 0.8', '"map50": 0.9'), encoding="utf-8")
        written = report(str(ledger), runs=["lidd-*", str(ledger / "runs")], out=str(ledger / "page.html"))
        assert [len(block.entries) for block in written.blocks] == [2]
        left_out, edited = written.warnings
        assert left_out == f"left out, not in {ledger} yet: later-s0"
        assert edited.startswith("the ledger is not what was written (")
        assert repr(written).endswith(f"\n  ! {edited}")

    def test_report__entries_are_not_compared(self, entries, tmp_path):
        page = tmp_path / "page.html"
        assert report(entries, out=page).contents == "6 training runs"
        text = page.read_text(encoding="utf-8")
        assert "Which differences are shown" not in text
        assert "; <span" not in text[text.index("<footer") :]  # nothing was verified

    def test_report__certificate_alone(self, certificate, tmp_path):
        assert report(certificates=[str(certificate)], out=tmp_path / "page.html").contents == "1 certificate"

    @pytest.mark.parametrize(
        ("words", "reason"),
        [
            ({}, "no training run in the ledger"),
            ({"entries_or_ledger": "none"}, r"no training run \* in none"),
            ({"entries_or_ledger": ".", "runs": ["x-*"]}, r"no training run x-\* in \."),
            ({"entries_or_ledger": ".", "pictures": "p.bmp"}, "p.bmp is no picture for a page"),
        ],
    )
    def test_report__refused(self, ledger, monkeypatch, words, reason):
        monkeypatch.chdir(ledger)
        (ledger / "report.html").write_text("old")
        with pytest.raises(InputError, match=reason):
            report(**words)
        assert (ledger / "report.html").read_text() == "old"

    def test_report__page_that_cannot_be_written_leaves_the_old_one(self, ledger, monkeypatch):
        """A disk that is full after half of the page."""
        (ledger / "page.html").write_text("old")

        def half(self, text, **_):
            with self.open("w") as file:
                file.write(text[: len(text) // 2])
            raise OSError("disk full")

        monkeypatch.setattr("pathlib.Path.write_text", half)
        with pytest.raises(OSError, match="disk full"):
            report(ledger, out=ledger / "page.html")
        assert (ledger / "page.html").read_text() == "old"
        assert not list(ledger.glob("*page*.new")) + list(ledger.glob(".page*"))


class TestReportPage:
    def test_report_page__content(self, entries, tmp_path, plan):
        reader = read(report_page(entries, tmp_path, printed=plan))
        text = " ".join(reader.text.split())
        for told in (
            "6 training runs, 2026-01-02",
            "paper 0.983 (−0.183)",
            "FLOPs in G = 2 MACs",
            "12.5 % of test pictures show a spot that training shows too",
            "Rows in italics are quoted",
            "cannot be right",
            "LIDD-Net is higher",
            "no difference shown",
            "mAP50-95 over time of a prediction",
            "lidd-s0, lidd-s1",
        ):
            assert told in text
        assert reader.tags.count("figure") == 4
        assert "script" not in reader.tags

    def test_report_page__one_network_on_two_splits(self, tmp_path):
        reader = read(report_page(write_two_splits(tmp_path), tmp_path))
        text = " ".join(reader.text.split())
        assert "random (leak 80.0 %, 100 pictures, 5 epochs)" in text
        assert "− grouped (leak 0.0 %, 100 pictures, 5 epochs)" in text
        assert text.count("random is higher") == 2
        assert "#splits" in reader.addresses

    def test_report_page__asks_for_nothing(self, entries, tmp_path):
        addresses = read(report_page(entries, tmp_path)).addresses
        assert addresses
        assert all(address.startswith(("data:", "#")) for address in addresses)

    def test_report_page__text_is_no_markup(self, tmp_path):
        made = made_up_entry("a-s0", label=EVIL, note=EVIL, commit=EVIL)
        made["data"] = {**made["data"], "dataset": EVIL}
        for split in made["results"].values():
            split["map_of_class"] = {EVIL: 0.5}
        other = {**made, "name": EVIL, "model": "other.yaml", "label": f"{EVIL}2"}
        page = report_page([made, other], tmp_path, findings=[EVIL])
        assert "<script" not in page
        assert page.count("&lt;script&gt;") >= 10
        assert "script" not in read(page).tags

    def test_report_page__findings_stand_at_the_top(self, entries, tmp_path):
        page = report_page(entries, tmp_path, findings=["x.json was edited"])
        assert page.index("x.json was edited") < page.index("<section")
        assert "follows from it" not in page
        assert "follows from it" in report_page(entries, tmp_path)

    def test_report_page__pictures(self, entries, tmp_path):
        cv2.imwrite(str(tmp_path / "p.png"), np.zeros((2, 2, 3), np.uint8))
        page = report_page(entries, tmp_path, pictures=tmp_path / "p.png")
        assert '<img src="data:image/png;base64,iVBOR' in page
        with pytest.raises(ValueError, match="is no picture for a page"):
            report_page(entries, tmp_path, pictures=tmp_path / "p.bmp")

    def test_report_page__nothing_trained(self, tmp_path):
        with pytest.raises(ValueError, match="no training run"):
            report_page([], tmp_path)


class TestCertificates:
    def test_report_page__certificate_alone(self, certificate, tmp_path):
        page = report_page([], tmp_path, certificates=[certificate])
        reader = read(page)
        text = " ".join(reader.text.split())
        for told in (
            "Export certificates",
            "best.pt: LIDDModel, detect FAILED",
            "ncnn failed.",
            "first layer that differs: model.5 (CSEB)",
            "36 matched",
            "6.0e-02 of 1e-02",
            "onnx-int8: recall of each class",
            "best.onnxSHA-256",
        ):
            assert told in text
        assert reader.tags.count("figure") == 3
        assert "Comparison" not in text
        assert "follows from it" not in text

    def test_report_page__text_of_a_certificate_is_no_markup(self, certificate, tmp_path):
        page = report_page([], tmp_path, certificates=[certificate])
        assert "<script" not in page
        assert page.count("&lt;script&gt;") == 2

    def test_report_page__beside_runs(self, entries, certificate, tmp_path):
        other = write_certificate(tmp_path / "other" / "best.parity.json", {"onnx": format_of("onnx", 1e-6)})
        page = report_page(entries, tmp_path, certificates=[certificate, other])
        assert "Comparison of networks" in page
        assert page.index('id="block-1"') < page.index('id="certificate-1"') < page.index('id="certificate-2"')
        assert all(address.startswith(("data:", "#")) for address in read(page).addresses)


@pytest.mark.trains
@needs_browser
class TestInABrowser:
    @pytest.fixture
    def page(self, entries, tmp_path, plan):
        cv2.imwrite(str(tmp_path / "p.png"), np.full((20, 20, 3), 128, np.uint8))
        file = tmp_path / "report.html"
        file.write_text(report_page(entries, tmp_path, printed=plan, pictures=tmp_path / "p.png"), encoding="utf-8")
        return file

    @pytest.mark.parametrize("width", [390, 1200])
    def test_page__not_blank_and_silent(self, page, tmp_path, width):
        shot = open_page(page, tmp_path / "shot.png", width=width)
        assert shot.picture.shape == (1600, width, 3)
        assert shot.console == []
        assert shot.requests == []
        rows_with_content = (np.ptp(shot.picture.reshape(1600, -1), axis=1) > 100).mean()
        assert rows_with_content > 0.25

    def test_page__dark(self, page, tmp_path):
        light, dark = (open_page(page, tmp_path / "shot.png", dark=dark).picture for dark in (False, True))
        assert np.median(light) > 200
        assert np.median(dark) < 60

    def test_page__colours_of_the_plots_are_seen(self, page, tmp_path):
        shot = open_page(page, tmp_path / "shot.png", height=3000).picture
        blue = np.array([0xB0, 0x68, 0x00])
        assert (np.abs(shot.astype(int) - blue).max(axis=2) < 8).sum() > 200

    def test_page__does_not_overflow_a_phone(self, page, tmp_path):
        """Wide tables scroll in their own box: the window's right edge shows the ground alone."""
        shot = open_page(page, tmp_path / "shot.png", width=390, height=4000).picture
        assert np.ptp(shot[:, -3:].reshape(-1, 3), axis=0).max() < 8

    @pytest.mark.parametrize("width", [390, 1200])
    def test_certificate__seen_and_silent(self, certificate, tmp_path, width):
        file = tmp_path / "certificate.html"
        file.write_text(report_page([], tmp_path, certificates=[certificate]), encoding="utf-8")
        shot = open_page(file, tmp_path / "shot.png", width=width, height=4000)
        assert (shot.console, shot.requests) == ([], [])
        assert np.ptp(shot.picture[:, -3:].reshape(-1, 3), axis=0).max() < 8
        failed, limit = np.array([0x1E, 0x26, 0xB3]), np.array([0x3B, 0x24, 0xC0])
        for colour in (failed, limit):
            assert (np.abs(shot.picture.astype(int) - colour).max(axis=2) < 8).sum() > 50

    def test_open_page__sees_requests_and_errors(self, tmp_path):
        """The two lists above are not empty for want of looking."""
        page = tmp_path / "bad.html"
        page.write_text('<img src="http://example.invalid/a.png"><script>console.error("boo")</script>')
        shot = open_page(page, tmp_path / "shot.png")
        assert shot.requests == ["http://example.invalid/a.png"]
        assert any("boo" in line for line in shot.console)
