"""How far every case of a certificate stays below its limits, on one log axis for all formats.

1 is the limit; what lies right of it is out of tolerance.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, floor, inf, isfinite, log10

from lidd_yolo.export.certificate import SIDES, CaseEntry, Certificate, DifferenceEntry
from lidd_yolo.report.charts import BOTTOM, RIGHT, TOP, WIDTH, Axis, Chart, Curve, Mark, Tick, points

SERIES = (
    "outputs, from the folded network",
    "outputs, from the trained network",
    "scores",
    "1 − IoU of boxes",
    "1 − IoU of masks",
)
_LIMIT = 5  # colour of the line at the limit
_ROW = 34  # SVG units of a case
_FEWEST = 1e-9  # share of a limit that is drawn as nothing
_UP = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True)
class Share:
    """One difference of one case: number in `SERIES`, share of its limit (infinity without bound), both in words."""

    case: str
    series: int
    value: float
    text: str


def limit_charts(certificate: Certificate) -> list[Chart]:
    """Return a chart for folding and for each format that has cases, all with one horizontal axis."""
    fold = certificate.fold
    shares = {"folding": [_raw("folded network", 1, fold["to_trained"], fold["limit"])]} if "limit" in fold else {}
    for name, entry in certificate.formats.items():
        shares[name] = [share for case in entry.get("cases") or () for share in _case_shares(case, entry["limits"])]
    drawn = [share for of_form in shares.values() for share in of_form]
    values = [share.value for share in drawn if share.value > _FEWEST and isfinite(share.value)]
    low = min((floor(log10(value)) for value in values), default=-1)
    high = max((ceil(log10(value)) for value in values), default=1)
    powers = range(min(low, -1), max(high, 1) + 1)
    left = min(20 + 6 * max((len(share.case) for share in drawn), default=0), WIDTH // 2)
    return [_chart(name, of_form, powers, left) for name, of_form in shares.items() if of_form]


def _case_shares(case: CaseEntry, limits: Mapping[str, float]) -> Iterator[Share]:
    name, final = case["case"], case["final"]
    for series, (side, limit) in enumerate(SIDES):
        yield _raw(name, series, case[side], limits[limit])
    if final["matched"]:
        yield _final(name, 2, final["score"], limits["score"])
        yield _final(name, 3, 1 - final["box_iou"], 1 - limits["box_iou"])
        if final["mask_iou"] < 1:
            yield _final(name, 4, 1 - final["mask_iou"], 1 - limits["mask_iou"])


def _raw(case: str, series: int, apart: DifferenceEntry, limit: float) -> Share:
    difference, where = apart["difference"], f"({apart['output']} in {apart['picture']})"
    if difference is None:  # how JSON holds a difference without bound
        return Share(case, series, inf, f"no number, or another shape {where}")
    return Share(case, series, difference / limit, f"{difference:.1e}, limit {limit:.0e} {where}")


def _final(case: str, series: int, difference: float, limit: float) -> Share:
    return Share(case, series, difference / limit, f"{difference:.1e}, limit {limit:g}")


def _chart(name: str, shares: Sequence[Share], powers: range, left: int) -> Chart:
    cases = list(dict.fromkeys(share.case for share in shares))
    rows = {case: TOP + _ROW * (i + 0.5) for i, case in enumerate(cases)}
    axis = Axis(10.0 ** powers[0], 10.0 ** powers[-1], left + 8, WIDTH - RIGHT, log=True)
    step = 1 + (len(powers) - 1) // 7
    ticks = [Tick(axis.place(10.0**p), f"10{str(p).translate(_UP)}" if p else "limit") for p in powers if p % step == 0]
    marks = []
    for share in shares:
        x, y = axis.place(min(max(share.value, axis.low), axis.high)), rows[share.case] + 5 * (share.series - 2)
        marks.append(Mark(share.series, x, y, f"{share.case}: {SERIES[share.series]}: {share.text}"))
    height, limit = TOP + _ROW * len(cases) + BOTTOM, axis.place(1.0)
    return Chart(
        name,
        "difference as a share of its limit (log scale)",
        tuple(ticks),
        tuple(Tick(y, case) for case, y in rows.items()),
        marks=tuple(marks),
        curves=(Curve(_LIMIT, points([(limit, TOP), (limit, height - BOTTOM)]), dashed=True),),
        height=height,
        left=left,
    )
