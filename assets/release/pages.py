"""The pages of a release, made from its view: an index with a tile a measure, and a page for each measure.

Here: what stands on a page and in which order. Not here: how a figure is said (`words.py`), how a chart looks (`charts.py`).
Pure: the same view gives the same bytes; no clock, no file but the templates and styles beside this one.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from jinja2 import ChoiceLoader, Environment, FileSystemLoader, PackageLoader, PrefixLoader, select_autoescape
from markupsafe import Markup

from assets.release import charts, words
from assets.release.view import PARTS, Figure, MeasureView, PartView, ReleaseView, figures_of

_HERE = Path(__file__).parent
_STYLES = ("govuk-frontend-6.3.0.min.css", "safer.css")
_GOVUK = "govuk_frontend_jinja"
_TABLE_PERIODS = ("fy", "ytd")
_CHART_MONTHS = 60
_QUARTER_DAYS = 88


def render(view: ReleaseView) -> dict[str, bytes]:
    """All files of the release that people read: file name in the folder to its bytes."""
    files = {f"static/{name}": (_HERE / "static" / name).read_bytes() for name in _STYLES}
    environment = _environment()
    told = {m.id: _Told(m) for m in view.measures}
    index = environment.get_template("index.html").render(view=view, told=told, groups=_groups(view), words=words)
    files["index.html"] = index.encode()
    for measure in view.measures:
        drawn = _charts(measure, told[measure.id])
        for name, (_, wide, _) in drawn.items():
            files[f"charts/{name}.svg"] = _standalone(wide).encode()
        page = environment.get_template("measure.html").render(
            view=view,
            m=measure,
            told=told[measure.id],
            charts=[(title, Markup(wide), Markup(narrow), name) for name, (title, wide, narrow) in drawn.items()],  # noqa: S704
            words=words,
        )
        files[f"{measure.id.lower()}.html"] = page.encode()
    return dict(sorted(files.items()))


class _Told:
    """What one measure's page says, picked from its published figures."""

    def __init__(self, measure: MeasureView):
        self.figures = figures_of(measure.figures, measure.id) if words.shows_values(measure) else ()
        self.parts = PARTS.get(measure.id, tuple(PartView(p, p) for p in sorted({f.part for f in self.figures})))
        self.headline = self._latest(self.parts[0].name) if self.parts else None
        self.beside = [f for p in self.parts[1:] if p.beside and (f := self._same(p.name))]
        self.change = words.change(self.headline, measure) if self.headline else None
        self.yearly = [(p, rows) for p in self.parts if (rows := self._rows(p.name, _TABLE_PERIODS))]
        self.places = self._places()

    def _rows(self, part: str, kinds: Sequence[str]) -> list[Figure]:
        """Years, and of the years to date the last of each year, newest first."""
        mine = [f for f in self.figures if f.part == part and f.kind in kinds]
        if len({f.area_code for f in mine}) > 1:
            return []
        last = {(f.kind, words.year_of(f.end)): f for f in sorted(mine, key=lambda f: f.end)}
        complete = {words.year_of(f.end) for f in mine if f.kind == "fy"}
        kept = [f for (kind, year), f in last.items() if kind == "fy" or year not in complete]
        return sorted(kept, key=lambda f: (f.end, f.kind), reverse=True)

    def _latest(self, part: str) -> Figure | None:
        """The newest year, or year to date once it holds a quarter; else 12 months or a month: what a reader asks first."""
        for kinds in (("fy", "ytd"), ("r12",), ("month",)):
            known = [
                f
                for f in self.figures
                if f.part == part and f.kind in kinds and f.value is not None and (f.kind != "ytd" or _quarter_long(f))
            ]
            if known:
                return max(known, key=lambda f: (f.end, f.kind == "fy"))
        return next((f for f in self.figures if f.part == part), None)

    def _same(self, part: str) -> Figure | None:
        h = self.headline
        return next(
            (f for f in self.figures if h and f.part == part and (f.kind, f.start, f.end) == (h.kind, h.start, h.end)),
            None,
        )

    def _places(self) -> list[Figure]:
        """Single neighbourhoods in the newest year that has them, highest first."""
        mine = [f for f in self.figures if f.part == "neighbourhood" and f.kind == "fy" and f.value is not None]
        newest = max((f.end for f in mine), default=None)
        return sorted((f for f in mine if f.end == newest), key=lambda f: (-(f.value or 0), f.area_code))


def _quarter_long(figure: Figure) -> bool:
    return (figure.end - figure.start).days >= _QUARTER_DAYS


def _groups(view: ReleaseView) -> list[tuple[str, list[MeasureView]]]:
    """Measures that need a decision or are held first, the others by theme."""
    first = [m for m in view.measures if m.state == "held" or words.review_overdue(m, view.as_of)]
    groups: dict[str, list[MeasureView]] = {"Needs attention": first} if first else {}
    for measure in view.measures:
        if measure not in first:
            groups.setdefault(measure.theme, []).append(measure)
    return list(groups.items())


def _charts(measure: MeasureView, told: _Told) -> dict[str, tuple[str, str, str]]:
    """Charts of a measure by file name: title, wide and narrow drawing."""
    drawn: dict[str, tuple[str, str, str]] = {}
    lines = _monthly_lines(measure, told)
    if lines:
        newest = told.headline
        title = f"{measure.title}: month by month"
        if newest and newest.value is not None:
            title = (
                f"{measure.title}: {words.quantity(newest.value, newest.unit, measure.disclosure)}"
                f" {words.in_period(newest)}"
            )
        label = charts.Label(
            f"{measure.id.lower()}-months",
            title,
            "Line by month, from zero; a cross marks a month that is not available, and no line is drawn across it."
            " The figures are in the table below.",
        )
        drawn[label.name] = (title, charts.lines(lines, label, narrow=False), charts.lines(lines, label, narrow=True))
    if told.places:
        city = next(
            (f for f in told.figures if f.part == "city" and (f.kind, f.end) == ("fy", told.places[0].end)), None
        )
        title = f"Rate of each neighbourhood, {words.year_of(told.places[0].end)}, the ten marked"
        bars = [
            charts.Bar(
                f.area_name,
                f.value,
                words.bare(f.value or 0, f.unit, measure.disclosure),
                f.area_code in measure.priority_areas,
            )
            for f in told.places
        ]
        label = charts.Label(
            f"{measure.id.lower()}-neighbourhoods",
            title,
            "Bars in order of rate; solid bars with a diamond are the ten priority neighbourhoods. The figures are in the"
            " table below.",
        )
        reference = (city.value, "city") if city and city.value is not None else None
        drawn[label.name] = (
            title,
            charts.ranked(bars, label, reference=reference, narrow=False),
            charts.ranked(bars, label, reference=reference, narrow=True),
        )
    return drawn


def _monthly_lines(measure: MeasureView, told: _Told) -> list[charts.Series]:
    wanted = ("ten", "city") if measure.id == "SP01" else tuple(p.name for p in told.parts[:1])
    named = {p.name: p.title for p in told.parts}
    series = []
    for part in wanted:
        rows = sorted((f for f in told.figures if f.part == part and f.kind == "month"), key=lambda f: f.end)
        rows = rows[-_CHART_MONTHS:]
        if any(f.value is not None for f in rows):
            months = tuple(charts.Month(f.end.year * 12 + f.end.month - 1, f.value, "p" in f.symbols) for f in rows)
            short = {"ten": ("The ten",), "city": ("City",)}.get(part, tuple(named[part].split(" and ")[:1]))
            series.append(charts.Series(short, months))
    return series


def _standalone(svg: str) -> str:
    """The drawing as a file of its own."""
    return svg if svg.endswith("\n") else svg + "\n"


@cache
def _environment() -> Environment:
    return Environment(
        loader=ChoiceLoader([FileSystemLoader(_HERE / "templates"), PrefixLoader({_GOVUK: PackageLoader(_GOVUK)})]),
        autoescape=select_autoescape(default=True, default_for_string=True),
        trim_blocks=True,
        lstrip_blocks=True,
    )
