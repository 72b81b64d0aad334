"""The plots of a certificate: where marks lie beside the limit."""

import pytest

from lidd_yolo.export.certificate import Certificate
from lidd_yolo.report.certificate_chart import SERIES, limit_charts

APART = {"difference": 1e-6, "output": "boxes", "picture": "a.png"}
FINAL = {"matched": 3, "unmatched": 0, "score": 5e-4, "box_iou": 0.998, "mask_iou": 1.0}
LIMITS = {"raw": 1e-4, "raw_to_trained": 1e-4, "score": 0.005, "box_iou": 0.98, "mask_iou": 0.95}
FOLD = {"passed": True, "limit": 1e-4, "to_trained": {**APART, "difference": 1e-5}}


def case(name="static", folded=1e-6, trained=1e-5, **final):
    apart = {"to_folded": {**APART, "difference": folded}, "to_trained": {**APART, "difference": trained}}
    return {"case": name, **apart, "final": {**FINAL, **final}}


def charts(*cases, **formats):
    entry = {"passed": True, "limits": LIMITS, "cases": list(cases)}
    return limit_charts(Certificate({}, FOLD, {"onnx": entry, **formats}))


def limit(chart):
    return float(chart.curves[0].points.split(",")[0])


class TestLimitCharts:
    def test_marks__equal_steps_of_ten(self):
        """Shares of the limit by hand: folded 0.01, trained 0.1, scores 0.1, boxes 0.1."""
        fold, onnx = charts(case())
        assert (fold.title, onnx.title) == ("folding", "onnx")
        assert [mark.series for mark in onnx.marks] == [0, 1, 2, 3]
        tenth = limit(onnx) - onnx.marks[1].x
        assert tenth > 0
        assert limit(onnx) - onnx.marks[0].x == pytest.approx(2 * tenth, abs=0.2)
        assert [mark.x for mark in onnx.marks[1:]] == pytest.approx([onnx.marks[1].x] * 3, abs=0.2)
        assert fold.marks[0].x == onnx.marks[1].x  # one axis for all
        assert [tick.text for tick in onnx.x_ticks] == ["10⁻²", "10⁻¹", "limit", "10¹"]

    def test_marks__out_of_tolerance_are_right_of_the_limit(self):
        chart = charts(case(folded=2e-4, trained=2e-4, score=0.01, box_iou=0.9))[1]
        assert all(mark.x > limit(chart) for mark in chart.marks)

    def test_marks__nothing_and_no_bound_lie_on_the_edges(self):
        chart = charts(case(folded=0.0, trained=None))[1]
        assert chart.marks[0].x == chart.x_ticks[0].place
        assert chart.marks[1].x == chart.right
        assert "no number, or another shape (boxes in a.png)" in chart.marks[1].text

    def test_marks__what_was_not_compared_has_none(self):
        chart = charts(case("no detections", matched=0), case("masks", mask_iou=0.99))[1]
        assert [mark.series for mark in chart.marks] == [0, 1, 0, 1, 2, 3, 4]
        assert len(SERIES) == 5

    def test_rows__a_row_for_each_case(self):
        chart = charts(case("static"), case("dynamic"))[1]
        assert [tick.text for tick in chart.y_ticks] == ["static", "dynamic"]
        assert chart.marks[0].text == f"static: {SERIES[0]}: 1.0e-06, limit 1e-04 (boxes in a.png)"
        assert chart.marks[0].y < chart.y_ticks[1].place - 15 < chart.marks[4].y

    def test_format_without_cases__no_chart(self):
        assert [
            chart.title for chart in charts(case(), ncnn={"passed": False}, int8={"passed": True, "cases": []})
        ] == [
            "folding",
            "onnx",
        ]
