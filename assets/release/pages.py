"""The pages of a release, made from its view: an index with a tile for each measure, a page for each, and data quality.

Here: what stands on a page and in which order. Not here: how a figure is said (`words.py`), how a chart looks
(`charts.py`), markup (`templates/`). Pure: the same view gives the same bytes; no clock, no file but the templates and
styles beside this one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from pathlib import Path
from textwrap import wrap

from jinja2 import ChoiceLoader, Environment, FileSystemLoader, PackageLoader, PrefixLoader
from markupsafe import Markup

from assets.release import board, charts, maps, process, quality, words, written
from assets.release.grade import Grade, grade
from assets.release.headline import headline_figure
from assets.release.process import NoProcess, Process, Verdict
from assets.release.tables import Cell, Table
from assets.release.view import CommentaryView, Figure, MeasureView, PartView, ReleaseView, figures_of, parts_of

_HERE = Path(__file__).parent
_STYLES = ("govuk-frontend-6.3.0.min.css", "safer.css")
_GOVUK = "govuk_frontend_jinja"
_PLACES = "neighbourhood"
_NAMED = 3
_FISCAL_MONTHS = ("Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec", "Jan", "Feb", "Mar")
_TOP = 10
#: Lines that one chart can carry and still be told apart.
_LINES = 3
#: Letters in a line of the label beside one.
_LABEL_WIDTH = 12
#: Why a measure under disclosure regime B has no year to date (spec 4.8).
_NO_TO_DATE = "No year to date is published of it: quarters and financial years only, so that no two figures differ by a few people."
#: Rows of one table of the analysts' pages, and quarters of one part; all are in the file beside.
_ANALYSTS_ROWS, _ANALYSTS_QUARTERS = 150, 8


@dataclass(frozen=True)
class Drawing:
    """One chart in its two widths, and the words that explain its marks. It is drawn beside other work, and waited for here."""

    name: str
    key: tuple[str, ...]
    drawn: tuple[Future[str], Future[str]]

    @classmethod
    def of(cls, label: charts.Label, draw: Callable[[bool], str], *key: str) -> Drawing:
        """Begin to draw: `draw` is told whether the narrow one is wanted, and escapes every text that it is given."""
        return cls(label.name, key, (_pool().submit(draw, False), _pool().submit(draw, True)))

    @property
    def wide(self) -> Markup:
        """For a desk, and for paper."""
        return Markup(self.drawn[0].result())  # noqa: S704 - drawn and escaped in charts.py and maps.py

    @property
    def narrow(self) -> Markup:
        """For a phone."""
        return Markup(self.drawn[1].result())  # noqa: S704 - drawn and escaped in charts.py and maps.py


@cache
def _pool() -> ThreadPoolExecutor:
    """Two charts at a time: the library that draws holds no lock, so a second core draws while the first writes pages."""
    return ThreadPoolExecutor(2, thread_name_prefix="chart")


@dataclass(frozen=True)
class Section:
    """A finding in a sentence, its chart (if it has one), the tables right below it, and what is said last."""

    finding: str
    drawing: Drawing | None
    tables: tuple[Table, ...]
    said: tuple[str, ...] = ()


@dataclass(frozen=True)
class Headline:
    """The figure a reader asks for first, in words."""

    title: str
    value: str
    unit: str
    made_of: str
    period: str
    interval: str
    flags: tuple[str, ...]
    beside: tuple[tuple[str, words.Change | None], ...]
    change: words.Change | None
    newer: str
    rounded: str
    shown: bool = True
    brief_period: str = ""
    baseline: str = ""
    #: Whether `value` is the number counted and `made_of` its rate.
    counted: bool = False


@dataclass(frozen=True)
class Writing:
    """A commentary or position statement as markup, and whether it speaks of the figures that are shown."""

    by: str
    written: date
    as_at: date | None
    current: bool
    markup: Markup


@dataclass(frozen=True)
class Told:
    """What the release says of one measure: nothing at all where a gate is shut."""

    headline: Headline | None
    sections: tuple[Section, ...]
    verdict: Verdict | None = None
    so_what: str = ""
    grade: Grade | None = None
    commentary: Writing | None = None
    position: Writing | None = None


def render(view: ReleaseView) -> dict[str, bytes]:
    """All files of the release that people read: file name in the folder to its bytes.

    Raises ValueError when the figures of a measure lack a column of the outcome contract.
    """
    environment = _environment()
    told = {measure.id: _tell(view, measure) for measure in view.measures}
    common = {"view": view, "told": told, "words": words, "link": page_name}
    verdicts = {name: t.verdict for name, t in told.items()}
    pages = {
        "index.html": environment.get_template("index.html").render(
            common, agenda=board.agenda(view, verdicts), groups=_groups(view), glance=_glance(view, told)
        ),
        "quality.html": environment.get_template("quality.html").render(
            common, dimensions=quality.by_dimension(view), sources=quality.by_source(view), grades=quality.grades(view)
        ),
    }
    for measure in view.measures:
        pages[page_name(measure)] = environment.get_template("measure.html").render(
            common, m=measure, t=told[measure.id]
        )
    drawings = (section.drawing for t in told.values() for section in t.sections if section.drawing)
    pages |= {f"charts/{drawing.name}.svg": f"{drawing.wide}\n" for drawing in drawings}
    files = {name: text.encode() for name, text in pages.items()}
    files |= {f"static/{name}": (_HERE / "static" / name).read_bytes() for name in _STYLES}
    if view.brand:
        files["static/brand.css"] = f":root {{ --so-brand: {view.brand}; }}\n".encode()
    return dict(sorted(files.items()))


def page_name(measure: MeasureView) -> str:
    """File name of a measure's page, such as `sp01.html`."""
    return f"{measure.id.lower()}.html"


# ---- what is told of a measure


def _tell(view: ReleaseView, measure: MeasureView) -> Told:
    rows = measure.figures
    if measure.analysts:  # of years and quarters; the file beside the pages has the rest
        rows = rows[rows["period_kind"].isin(["fy", "quarter"])]
    figures = figures_of(rows, measure.id) if words.shows_values(measure) else ()
    headline, sections, verdict = _figures(measure, figures) if figures else (None, (), None)
    pages = frozenset({"index.html", "quality.html", *(page_name(m) for m in view.measures)})
    position = board.position_of(measure)
    commentary = next((c for c in measure.commentary if c.kind == "commentary"), None)
    shown = headline is not None and headline.shown
    return Told(
        headline,
        sections,
        verdict,
        board.so_what(measure, headline.change if headline else None, verdict, figure=shown),
        grade(measure, view.deliveries),
        _writing(measure, commentary, pages) if commentary and figures else None,
        _writing(measure, position, pages) if position else None,
    )


def _figures(
    measure: MeasureView, figures: Sequence[Figure]
) -> tuple[Headline | None, tuple[Section, ...], Verdict | None]:
    parts = parts_of(measure.id, figures)
    totals = tuple(f for f in figures if not f.breakdown)
    headline = _headline(measure, parts, totals)
    if measure.analysts:
        return headline, tuple(_everything(part, figures) for part in parts), None
    found = process.process_of(measure, parts, totals)
    sections = [
        *_SECTIONS.get(measure.id, _by_quarter)(measure, parts, totals, found),
        *_breakdowns(measure, parts, figures),
    ]
    return headline, tuple(s for s in sections if s is not None), process.verdict(measure, found)


def _writing(measure: MeasureView, said: CommentaryView, pages: frozenset[str]) -> Writing:
    current = said.kind == "position" or said.as_at == measure.as_at
    return Writing(said.by, said.written, said.as_at, current, written.rendered(said.text, pages))


def _headline(measure: MeasureView, parts: Sequence[PartView], figures: Sequence[Figure]) -> Headline | None:
    first = parts[0]
    chosen = headline_figure(figures, first.name)
    if chosen is None:
        return None
    figure, newest = chosen
    counted = first.count_first and figure.numerator is not None and figure.value is not None
    noun = figure.unit.partition(" per ")[0]
    return Headline(
        title=first.title,
        value=words.number(figure.numerator or 0, 0) if counted else _value(measure, figure).text,
        unit="" if figure.value is None or (figure.unit == "%") else noun if counted else words.unit_words(figure.unit),
        made_of=f"{words.quantity(figure.value or 0, figure.unit, measure.disclosure)}"
        if counted
        else words.counted(figure),
        period=words.period(figure),
        interval="" if figure.lower is None else words.interval(figure, measure.disclosure),
        flags=words.flags(figure),
        beside=tuple(_beside(measure, parts, figures, figure)),
        change=words.change(figure, measure),
        newer="" if newest is figure else _not_available(newest),
        rounded=words.ROUNDED if measure.disclosure == "B" and not measure.analysts else "",
        shown=figure.value is not None,
        brief_period=words.short_period(figure),
        baseline=_base(measure, figure),
        counted=counted,
    )


def _base(measure: MeasureView, figure: Figure) -> str:
    """What the headline is compared with; empty where the Board allows no comparison."""
    if not words.compares(measure):
        return ""
    against = bool(words.baseline_year(measure)) and figure.baseline is not None
    base = figure.baseline if against else figure.previous
    when = words.baseline_year(measure) if against else "the year before"
    return "" if base is None else f"{words.bare(base, figure.unit, measure.disclosure)} in {when}"


def _not_available(figure: Figure) -> str:
    why = next((note for note in _notes_of(figure) if "not delivered" in note), "") or figure.note
    return f"{words.period(figure)}: {words.absent(figure)}" + (f" ({why})" if why else "")


def _beside(
    measure: MeasureView, parts: Sequence[PartView], figures: Sequence[Figure], at: Figure
) -> Iterable[tuple[str, words.Change | None]]:
    for part in parts:
        figure = _same(figures, part.name, at) if part.beside else None
        if figure is not None:
            yield f"{part.title}: {_value(measure, figure).text}", words.change(figure, measure)


def _same(figures: Sequence[Figure], part: str, at: Figure) -> Figure | None:
    """The figure of another part for the same period."""
    period = (at.kind, at.start, at.end)
    return next((f for f in figures if f.part == part and (f.kind, f.start, f.end) == period), None)


def _groups(view: ReleaseView) -> list[tuple[str, list[MeasureView]]]:
    """Measures by theme, in the order of the register."""
    groups: dict[str, list[MeasureView]] = {}
    for measure in view.measures:
        groups.setdefault(measure.theme, []).append(measure)
    return list(groups.items())


def _in_full(headline: Headline) -> str:
    """The headline in a cell: interval and comparison beside it are of the rate, so a number counted has its rate with it."""
    said = f"{headline.value} {headline.unit}".strip()
    return f"{said}, {headline.made_of}" if headline.counted else said


def _glance(view: ReleaseView, told: dict[str, Told]) -> Table:
    """Every measure in one row (spec 5.2)."""
    rows = []
    for m in view.measures:
        t = told[m.id]
        h = t.headline
        said = (_in_full(h), h.interval or "not given", h.brief_period) if h else ("not shown",) * 3
        change = h.change.word if h and h.change else ""
        as_at = m.as_at or (m.held_as_at if m.state == "held" else view.as_at)
        rows.append(
            (
                Cell(f"{m.id} {m.name}"),
                Cell(words.state_words(m)),
                Cell(said[0], h.flags if h else ()),
                Cell(said[1]),
                Cell(said[2]),
                Cell((h.baseline if h else "") or "none"),
                Cell(change or "none made"),
                Cell(words.STATUS_WORDS[m.board_status]),
                Cell(t.grade.word if t.grade else "not graded"),
                Cell(words.day(as_at) if h and as_at else "not shown"),
            )
        )
    head = (
        "Measure", "State", "Value", "95% interval", "Period", "Compared with", "Comparison", "Board", "Data quality",
        "Data as at",
    )  # fmt: skip
    return Table("All measures at a glance", tuple((text, False) for text in head), tuple(rows))


# ---- sections: a finding, its chart, its tables


def _by_quarter(
    measure: MeasureView, parts: Sequence[PartView], figures: Sequence[Figure], found: Process | NoProcess
) -> list[Section | None]:
    """Counts and percentages apart, those of the headline first: each by quarter, then by financial year."""
    units = {f.part: f.unit for f in figures}
    groups: dict[bool, list[PartView]] = {}
    for part in parts:
        if part.name in units:
            groups.setdefault(units[part.name] == "%", []).append(part)
    sections: list[Section | None] = []
    for number, group in enumerate(groups.values()):
        further = f"years-{group[0].name}".replace("_", "-") if group[0].charted else ""
        several = sum(p is group[0] or p.charted for p in group) > 1
        if number == 0 and isinstance(found, Process):
            sections.append(_process(measure, found, figures, () if several else group))
            sections.append(_quarters(measure, group, figures, drawn=True) if several else None)
        else:
            sections.append(_quarters(measure, group, figures, drawn=number == 0, found=found if number == 0 else None))
        sections.append(_years(measure, group, figures, name=further if number else "years"))
    return sections


def _close_the_gap(
    measure: MeasureView, parts: Sequence[PartView], figures: Sequence[Figure], found: Process | NoProcess
) -> list[Section | None]:
    rates = [p for p in parts if p.name in ("ten", "city")]
    together = [p for p in parts if p.name != _PLACES]
    return [
        _process(measure, found, figures),
        _to_date(measure, together, figures),
        _years(measure, together, figures),
        _months(measure, rates, figures, "r12", [part.short for part in rates]),
        *_neighbourhoods(measure, figures),
    ]


def _acquisitive_crime(
    measure: MeasureView, parts: Sequence[PartView], figures: Sequence[Figure], found: Process | NoProcess
) -> list[Section | None]:
    total, groups = parts[0], [part for part in parts[1:] if part.count_first]
    made_of = _years_table(measure, "Offences by group", groups, [f for f in figures if f.kind == "fy"], counts=True)
    by_group = Section("What the total is made of, by financial year", None, (made_of,)) if made_of else None
    if isinstance(found, Process):
        first = _process(measure, found, figures)
    else:
        lines = _months(measure, [total], figures, "month", ("Offences",))
        first = replace(lines, said=(found.why,)) if lines else None
    return [first, _to_date(measure, [total], figures), _years(measure, [total], figures), by_group]


_Sections = Callable[[MeasureView, Sequence[PartView], Sequence[Figure], Process | NoProcess], list[Section | None]]
_SECTIONS: dict[str, _Sections] = {
    "SP01": _close_the_gap,
    "SP08": _acquisitive_crime,
}
_BY = {"month": "by month", "quarter": "by quarter"}


def _process(
    measure: MeasureView, found: Process | NoProcess, figures: Sequence[Figure], beside: Sequence[PartView] = ()
) -> Section | None:
    """The XmR chart, the series it is made from (quarters: with the parts beside it), its limits and its signals."""
    if isinstance(found, NoProcess):
        return None
    verdict = process.verdict(measure, found)
    unit = found.newest[0].unit
    noun = unit.partition(" per ")[0] if found.counts else words.unit_words(unit)
    finding = f"{found.part.title}, {_BY[found.kind]}. {verdict.sentence if verdict else ''}".rstrip()
    low, high = process.limits(found)
    mean = found.chart.mean
    texts = [process.number(measure, found, n) for n in (low, mean, high)]
    flags = zip(found.places, found.chart.flags, strict=True)
    points = [
        charts.Point(
            found.first + step * found.step - (found.step - 1),
            None if f is None else process.charted(f, found.counts),
            f is not None and "p" in f.symbols,
            process.RULES[flag][0] if flag in process.RULES else "",
        )
        for step, (f, flag) in enumerate(flags)
    ]
    runs = process.runs(found.signals, found.step)
    signals = [
        (_span(measure, found, first, last), process.rule_words(flag, found.chart.settings), n)
        for first, last, flag, n in runs
    ]
    told = "; ".join(f"{when}: {what}" for when, what, _ in signals) or "none"
    label = charts.Label(
        f"{measure.id.lower()}-process",
        finding,
        f"A line {_BY[found.kind]} with the mean, {texts[1]}, and the limits, {texts[0]} and {texts[2]}, in {noun}."
        f" Signals: {told}. The figures are in the table below.",
    )
    lines = charts.Limits(low, mean, high, ("lower limit", texts[0]), ("mean", texts[1]), ("upper limit", texts[2]))
    kept = process.stored_settings(found)
    shown = [f for f in found.places if f is not None]
    missing = any(p.value is None for p in points)
    drawing = Drawing.of(
        label,
        lambda narrow: charts.process(points, lines, label, narrow=narrow, kept=kept),
        f"Scale: {noun}, {_BY[found.kind]}; it need not begin at zero. Dashed: the limits.",
        *process.said_shapes(found),
        *_key(shown, missing),
    )
    return Section(
        finding,
        drawing,
        (*_series(measure, found, figures, beside), _limits_table(found, texts, noun, signals)),
        process.said_settings(found),
    )


def _span(measure: MeasureView, found: Process, first: Figure, last: Figure) -> str:
    def when(f: Figure) -> str:
        return words.short_period(f).split(",")[0] if found.kind == "quarter" else words.month(f.end)

    at = process.charted(first, found.counts)
    if first is last:
        return f"{when(first)} ({process.number(measure, found, at)})" if at is not None else when(first)
    return f"{when(first)} to {when(last)}"


def _series(
    measure: MeasureView, found: Process, figures: Sequence[Figure], beside: Sequence[PartView]
) -> Iterable[Table]:
    """The figures of the chart: months as a matrix of years, quarters as rows."""
    unit = found.newest[0].unit
    noun = unit.partition(" per ")[0] if found.counts else words.unit_words(unit)
    if found.kind == "month":
        rows = {found.first + i: f for i, f in enumerate(found.places) if f is not None}
        last = found.first + len(found.places) - 1
        caption = f"{noun.capitalize()} in each month"
        yield _matrix(measure, caption, [(found.part, found.part.short, rows)], found.first, last, found.counts)
        return
    mine = [f for f in figures if f.kind == "quarter"]
    caption = f"Quarters: {words.unit_words(unit)}"
    table = _years_table(
        measure, caption if beside else f"{found.part.title}, by quarter", beside or [found.part], mine
    )
    if table:
        yield table


def _limits_table(found: Process, texts: Sequence[str], noun: str, signals: Sequence[tuple[str, str, int]]) -> Table:
    head = (("What", False), (noun[:1].upper() + noun[1:], True))
    rows = tuple(
        (Cell(name), Cell(text)) for name, text in zip(("Lower limit", "Mean", "Upper limit"), texts, strict=True)
    )
    many = "points" if found.kind == "month" else "quarters"
    said = tuple(f"Signal: {when}: {what}{f' ({n} {many})' if n > 1 else ''}." for when, what, n in signals)
    return Table("Mean and limits of the process chart", head, rows, said or ("No point signals anything unusual.",))


def _to_date(measure: MeasureView, parts: Sequence[PartView], figures: Sequence[Figure]) -> Section | None:
    """The year to date beside the same months of every year, the baseline year's among them."""
    newest = _latest_to_date(figures, parts[0].name)
    if newest is None:
        return None
    same = [f for f in figures if f.kind == "ytd" and f.end.month == newest.end.month]
    return _levels(measure, parts, same, "to-date", f"Year to date (not annualised), {_months_of(newest)} of each year")


def _years(
    measure: MeasureView, parts: Sequence[PartView], figures: Sequence[Figure], *, name: str = "years"
) -> Section | None:
    """The first part by financial year, with its interval. `name` is the chart's; without one there is none."""
    return _levels(measure, parts, [f for f in figures if f.kind == "fy"], name, "Financial years")


def _levels(
    measure: MeasureView, parts: Sequence[PartView], figures: Sequence[Figure], name: str, what: str
) -> Section | None:
    """One kind of period of every year: the first part with its interval, as a chart and with all parts as a table."""
    first = parts[0]
    years = sorted((f for f in figures if f.part == first.name), key=lambda f: f.end)
    unit = next((words.unit_words(f.unit) for f in years), "")
    table = _years_table(measure, f"{what}: {unit}", parts, figures)
    if table is None:
        return None
    known = [f for f in years if f.value is not None]
    if not known:
        return Section(f"{first.title}, by year", None, (table,))
    latest = known[-1]
    regime = measure.disclosure
    change = words.change(latest, measure)
    finding = f"{first.title}: {words.quantity(latest.value or 0, latest.unit, regime)} {words.in_period(latest)}"
    finding += f". {change.sentence}" if change else ""
    if not name:
        return Section(finding, None, (table,))
    base = latest.baseline if words.baseline_year(measure) and words.compares(measure) else None
    points = [
        charts.Level(words.year_of(f.end), f.value, f.lower, f.upper, _value(measure, f).text, "p" in f.symbols)
        for f in years
    ]
    described = _described(
        "Dots by financial year, from zero, with bars for the 95% interval",
        latest.unit,
        ((words.year_of(f.end), _value(measure, f).text) for f in years),
    )
    label = charts.Label(f"{measure.id.lower()}-{name}", finding, described)
    baseline = (base, words.bare(base, latest.unit, regime)) if base is not None else None
    drawing = Drawing.of(
        label,
        lambda narrow: charts.levels(points, label, baseline=baseline, narrow=narrow),
        f"Scale: {words.unit_words(latest.unit)}. Bars: 95% interval.",
        *_key(years),
    )
    said = (_NO_TO_DATE,) if measure.disclosure == "B" and name == "years" else ()
    return Section(finding, drawing, (table,), said)


def _quarters(
    measure: MeasureView,
    parts: Sequence[PartView],
    figures: Sequence[Figure],
    *,
    drawn: bool,
    found: Process | NoProcess | None = None,
) -> Section | None:
    """The first part by quarter, with its interval and the parts beside it."""
    first, mine = parts[0], [f for f in figures if f.kind == "quarter"]
    unit = next((f.unit for f in mine if f.part == first.name), "")
    table = _years_table(measure, f"Quarters: {words.unit_words(unit)}", parts, mine)
    if table is None:
        return None
    units = {f.part: f.unit for f in mine}
    charted = [p for p in parts if (p is first or p.charted) and units.get(p.name) == unit][:_LINES]
    lines = _lines(measure, charted, mine, "quarter", [p.short for p in charted]) if drawn else None
    finding, drawing = (lines.finding, lines.drawing) if lines else (f"{first.title}, by quarter", None)
    return Section(finding, drawing, (table,), (found.why,) if isinstance(found, NoProcess) else ())


def _months(
    measure: MeasureView, parts: Sequence[PartView], figures: Sequence[Figure], kind: str, short: Sequence[str]
) -> Section | None:
    """Parts by month, absent months as gaps: 12 months to each month as rates, single months as counts."""
    lines = _lines(measure, parts, figures, kind, short)
    if lines is None:
        return None
    unit, counts = lines.unit, kind == "month"
    caption = (
        f"{unit.partition(' per ')[0].capitalize()} in each month"
        if counts
        else f"{words.unit_words(unit).capitalize()}, 12 months to the end of each month"
    )
    return Section(lines.finding, lines.drawing, (_matrix(measure, caption, lines.rows, *lines.span, counts),))


@dataclass(frozen=True)
class Lines:
    """A chart of lines and what stands with it: the finding, the unit, each line's figures by month, and their span."""

    finding: str
    drawing: Drawing
    unit: str
    rows: list[tuple[PartView, str, dict[int, Figure]]]
    span: tuple[int, int]


#: Kind of period of a line: the stem of the chart's name, months from one point to the next, and what it shows.
_LINE_KINDS = {
    "month": ("months", 1, "Counts by month"),
    "r12": ("rates", 1, "Rates over 12 months, by the month they end"),
    "quarter": ("quarters", 3, "Figures by quarter"),
}


def _lines(
    measure: MeasureView, parts: Sequence[PartView], figures: Sequence[Figure], kind: str, short: Sequence[str]
) -> Lines | None:
    """Parts as lines over time, absent periods as gaps; single months as counts, all else as its value."""
    counts = kind == "month"
    stem, step, what = _LINE_KINDS[kind]
    lines = [(part, name, _by_month(figures, part.name, kind)) for part, name in zip(parts, short, strict=True)]
    lines = [(part, name, rows) for part, name, rows in lines if any(f.value is not None for f in rows.values())]
    if not lines:
        return None
    first = min(min(rows) for _, _, rows in lines)
    last = max(max(i for i, f in rows.items() if f.value is not None) for _, _, rows in lines)
    series, newest, described = [], [], []
    for part, name, rows in lines:
        known = [f for f in rows.values() if f.value is not None]
        newest.append((part, known[-1]))
        last_text = _number(measure, known[-1], counts)
        series.append(
            charts.Series((*wrap(name, _LABEL_WIDTH), last_text), tuple(_run(rows, first, last, step, counts)))
        )
        described.append(
            f"{part.title}: from {_number(measure, known[0], counts)} {words.in_period(known[0])} to"
            f" {last_text} {words.in_period(known[-1])}"
        )
    finding = _finding([(part, f, _number(measure, f, counts)) for part, f in newest], counts)
    shown = [f for _, _, rows in lines for i, f in rows.items() if i <= last]
    gaps = any(m.value is None for s in series for m in s.months)
    absent = f"{'Quarters' if step > 1 else 'Months'} without a figure are gaps. " if gaps else ""
    label = charts.Label(
        f"{measure.id.lower()}-{stem}",
        finding,
        f"{what}, as lines from zero. {'; '.join(described)}. {absent}The figures are in the table below.",
    )
    unit = shown[0].unit
    scale = unit.partition(" per ")[0] if counts else words.unit_words(unit)
    drawing = Drawing.of(
        label,
        lambda narrow: charts.lines(series, label, narrow=narrow),
        f"Scale: {scale}, by {'quarter' if step > 1 else 'month'}.",
        *_key(shown, gaps),
    )
    return Lines(finding, drawing, unit, lines, (first, last))


def _neighbourhoods(measure: MeasureView, figures: Sequence[Figure]) -> list[Section | None]:
    """Single neighbourhoods in the newest year that has any: on a map where outlines are there, and always ranked."""
    years = [f for f in figures if f.part == _PLACES and f.kind == "fy"]
    end = max((f.end for f in years if f.value is not None), default=None)
    if end is None:
        return []
    places = sorted((f for f in years if f.end == end), key=lambda f: (f.value is None, -(f.value or 0), f.area_code))
    city = next(
        (f for f in figures if f.part == "city" and f.kind == "fy" and f.end == end and f.value is not None), None
    )
    return [_map(measure, places, city), _ranked(measure, places, city)]


def _ranked(measure: MeasureView, places: Sequence[Figure], city: Figure | None) -> Section:
    """Bars and a table, highest rate first, those of the priority set marked."""
    regime = measure.disclosure
    marked = [f.area_code in measure.priority_areas for f in places]
    year = words.year_of(places[0].end)
    finding = f"Of the {_TOP} highest rates in {year}, {sum(marked[:_TOP])} are in the ten priority neighbourhoods"
    bars = [
        charts.Bar(f.area_name, f.value, _value(measure, f).text, mark) for f, mark in zip(places, marked, strict=True)
    ]
    reference = (
        (city.value, f"city {words.bare(city.value, city.unit, regime)}") if city and city.value is not None else None
    )
    described = _described(
        "Bars in order of rate; solid bars with a diamond are the ten priority neighbourhoods",
        places[0].unit,
        ((f.area_name, _value(measure, f).text) for f in places),
    )
    label = charts.Label(f"{measure.id.lower()}-neighbourhoods", finding, described)
    drawing = Drawing.of(
        label,
        lambda narrow: charts.ranked(bars, label, reference=reference, narrow=narrow),
        f"Scale: {words.unit_words(places[0].unit)}.",
        "Solid bar with a diamond: one of the ten priority neighbourhoods.",
    )
    head = (
        ("Place in the ranking", False),
        ("Neighbourhood", False),
        ("One of the ten", False),
        ("Rate", True),
        ("95% interval", True),
        ("Crimes", True),
        ("Residents", True),
    )
    rows = tuple(
        (
            Cell(text),
            Cell(f.area_name),
            Cell("yes" if mark else "no"),
            _value(measure, f),
            Cell(words.interval(f, regime)),
            Cell(words.absent(f) if f.numerator is None else words.number(f.numerator, 0)),
            Cell(words.absent(f) if f.denominator is None else words.number(f.denominator, 0)),
        )
        for text, f, mark in zip(_rank(places), places, marked, strict=True)
    )
    caption = f"Single neighbourhoods, {year}: {words.unit_words(places[0].unit)}"
    return Section(finding, drawing, (Table(caption, head, rows, _notes([(f.area_name, f) for f in places])),))


def _rank(places: Sequence[Figure]) -> list[str]:
    """Place in the ranking, from 1; a letter for those that have none, so that the map can name them."""
    return [str(i) if f.value is not None else "none" for i, f in enumerate(places, start=1)]


def _map(measure: MeasureView, places: Sequence[Figure], city: Figure | None) -> Section | None:
    """The neighbourhoods by rate, in four classes around the city's rate; ranking and table stand right below it."""
    outlines = {area.code: area for area in measure.areas}
    if not outlines:
        return None
    year = words.year_of(places[0].end)
    title = f"Where crime is recorded, {year}"
    undrawn = sorted({f.area_code for f in places} ^ outlines.keys())
    if undrawn:
        named = ", ".join(undrawn[:_NAMED])
        why = f"No map: outlines and neighbourhoods do not agree on {len(undrawn)} code(s), such as {named}."
        return Section(title, None, (), (why,))
    steps, classes = _classes(measure, places, city)
    shapes = [
        maps.Shape(
            outlines[f.area_code],
            None if f.value is None else sum(f.value >= step for step in steps),
            "" if f.value is None else text,
            f.area_code in measure.priority_areas,
            "" if f.value is not None else "hidden" if "c" in f.symbols else "absent",
        )
        for text, f in zip(_rank(places), places, strict=True)
    ]
    known = [f for f in places if f.value is not None]
    top = [f for f in known if f.value is not None and f.value >= steps[-1]]
    unit = words.unit_words(places[0].unit)
    finding = (
        f"{title}: {len(top)} of {len(known)} neighbourhoods have {classes[-1]} {unit},"
        f" {sum(f.area_code in measure.priority_areas for f in top)} of them among the ten"
    )
    described = _described(
        "A map of neighbourhoods in four classes; thick outlines are the ten priority neighbourhoods",
        places[0].unit,
        ((f.area_name, _value(measure, f).text) for f in places),
    )
    label = charts.Label(f"{measure.id.lower()}-map", finding, described)
    counts = [sum(shape.level == level for shape in shapes) for level in range(len(classes))]
    rows = tuple((Cell(text), Cell(str(n))) for text, n in zip(classes, counts, strict=True))
    drawing = Drawing.of(
        label,
        lambda narrow: maps.choropleth(shapes, classes, label, narrow=narrow),
        f"Classes: {unit}, at 75%, 125% and 175% of the city's rate. Number: place in the ranking below, 1 the highest"
        f" rate. Thick outline: one of the ten priority neighbourhoods. {measure.areas_source}",
    )
    table = Table(
        f"Neighbourhoods in each class of the map, {year}", ((f"Class: {unit}", False), ("Neighbourhoods", True)), rows
    )
    return Section(
        finding, drawing, (table,), ("The rate of each neighbourhood stands in the table of the ranking below.",)
    )


def _classes(
    measure: MeasureView, places: Sequence[Figure], city: Figure | None
) -> tuple[tuple[float, float, float], list[str]]:
    """Where a class begins, and the classes in words: under, about, well above and far above the city's rate."""
    values = sorted(f.value for f in places if f.value is not None)
    middle = city.value if city and city.value else values[len(values) // 2]
    steps = (middle * 0.75, middle * 1.25, middle * 1.75)
    said = [words.bare(step, places[0].unit, measure.disclosure) for step in steps]
    return steps, [
        f"under {said[0]}",
        f"{said[0]} to under {said[1]}",
        f"{said[1]} to under {said[2]}",
        f"{said[2]} or more",
    ]


def _breakdowns(measure: MeasureView, parts: Sequence[PartView], figures: Sequence[Figure]) -> Iterable[Section | None]:
    """The newest year of each part by what it is broken down by: agency, role, strand."""
    for part in parts:
        by = [f for f in figures if f.part == part.name and f.breakdown and f.kind == "fy"]
        end = max((f.end for f in by), default=None)
        newest = [f for f in by if f.end == end]
        for dimension in sorted({f.breakdown.partition("=")[0] for f in newest}):
            rows = [f for f in newest if f.breakdown.startswith(f"{dimension}=")]
            name = dimension.replace("_", " ")
            head = ((name.capitalize(), False), (_column(part, rows[0], counts=False), True), ("95% interval", True))
            body = tuple(
                (Cell(_kind_of(f)), _value(measure, f), Cell(words.interval(f, measure.disclosure))) for f in rows
            )
            year = words.year_of(rows[0].end)
            notes = _notes([(_kind_of(f), f) for f in rows])
            yield Section(
                f"{part.title} by {name}, {year}",
                None,
                (Table(f"{words.unit_words(rows[0].unit).capitalize()} by {name}, {year}", head, body, notes),),
            )


def _kind_of(figure: Figure) -> str:
    return figure.breakdown.partition("=")[2].replace("_", " ").capitalize()


def _everything(part: PartView, figures: Sequence[Figure]) -> Section:
    """For analysts: a part exact and whole, newest first: years of everything, the newest quarters of the totals."""
    mine = sorted((f for f in figures if f.part == part.name), key=lambda f: f.end, reverse=True)
    quarters = [f for f in mine if f.kind == "quarter" and not f.breakdown]
    first = sorted({f.end for f in quarters})[-_ANALYSTS_QUARTERS:]
    rows = [f for f in mine if f.kind == "fy"] + [f for f in quarters if f.end in first]
    head = (
        *((text, False) for text in ("Period", "Of what")),
        *((text, True) for text in ("Value", "Lower", "Upper", "Numerator", "Denominator", "Change")),
        *((text, False) for text in ("Comparison", "Symbols", "Note")),
    )
    body = tuple(
        (
            Cell(words.short_period(f)),
            Cell(f.breakdown or f.area_name),
            *(Cell(_exact(n)) for n in (f.value, f.lower, f.upper, f.numerator, f.denominator, f.change)),
            Cell(f.comparison),
            Cell(" ".join(f"[{symbol}]" for symbol in f.symbols)),
            Cell(f.note),
        )
        for f in rows[:_ANALYSTS_ROWS]
    )
    more = (
        ("More rows are in outcomes.csv beside this page.",) if len(rows) < len(mine) or len(rows) > len(body) else ()
    )
    unit = words.unit_words(mine[0].unit)
    return Section(part.title, None, (Table(f"{part.name}: {unit}, exact", head, body, more, look="so-periods"),))


def _exact(number: float | None) -> str:
    return "" if number is None else f"{number:.10g}"


# ---- tables


def _years_table(
    measure: MeasureView, caption: str, parts: Sequence[PartView], figures: Sequence[Figure], *, counts: bool = False
) -> Table | None:
    """One row a period, newest first; the first part with its interval and change, the others beside it."""
    if not parts:
        return None
    first = parts[0]
    periods = sorted((f for f in figures if f.part == first.name), key=lambda f: f.end, reverse=True)
    if not periods:
        return None
    detailed = not counts
    counted = detailed and first.count_first
    changes = [words.change(f, measure) for f in periods]
    compared = detailed and any(changes)
    head: list[tuple[str, bool]] = [("Period", False)]
    if counted:
        head.append((periods[0].unit.partition(" per ")[0].capitalize(), True))
    head.append((_column(first, periods[0], counts), True))
    if detailed:
        head.append(("95% interval", True))
    others = [(p, next((f for f in figures if f.part == p.name), None)) for p in parts[1:]]
    head += [(_column(p, f, counts), True) for p, f in others if f]
    if compared:
        head.append((_compared_with(measure), False))
    rows = []
    for f, change in zip(periods, changes, strict=True):
        row = [Cell(words.short_period(f))]
        if counted:
            row.append(_count_cell(f))
        row.append(_count_cell(f) if counts else _value(measure, f))
        if detailed:
            row.append(Cell(words.interval(f, measure.disclosure)))
        for p, example in others:
            if example:
                other = _same(figures, p.name, f)
                row.append(
                    Cell("not available") if other is None else _count_cell(other) if counts else _value(measure, other)
                )
        if compared:
            row.append(Cell(change.brief if change else _no_change(measure, f)))
        rows.append(tuple(row))
    notes = _notes([(words.short_period(f), f) for f in periods])
    return Table(caption, tuple(head), tuple(rows), notes, look="so-periods")


def _column(part: PartView, figure: Figure, counts: bool) -> str:
    if counts:
        return part.short
    _, per, of = figure.unit.partition(" per ")
    if per:
        return f"{part.short} (per {int(of):,})" if of.isdigit() else f"{part.short} ({figure.unit})"
    return f"{part.short} (%)" if figure.unit == "%" else part.short


def _compared_with(measure: MeasureView) -> str:
    base = words.baseline_year(measure)
    return f"Compared with the baseline, {base}" if base else "Compared with the year before"


def _no_change(measure: MeasureView, figure: Figure) -> str:
    if words.year_of(figure.end) == words.baseline_year(measure):
        return "Baseline year"
    return "none made"


def _matrix(
    measure: MeasureView,
    caption: str,
    lines: Sequence[tuple[PartView, str, dict[int, Figure]]],
    first: int,
    last: int,
    counts: bool,
) -> Table:
    """Financial years down, months across, one row for each part."""
    rows = []
    for start in range(first - (first - 3) % 12, last + 1, 12):
        year = f"{start // 12}-{(start // 12 + 1) % 100:02}"
        for _, name, months in lines:
            cells = []
            for index in range(start, start + 12):
                figure = months.get(index)
                outside = index < first or index > last
                cells.append(
                    Cell("–" if outside else "not available")
                    if figure is None or outside
                    else _count_cell(figure)
                    if counts
                    else _value(measure, figure)
                )
            rows.append((Cell(f"{year} {name}" if len(lines) > 1 else year), *cells))
    head = (("Year", False), *((name, True) for name in _FISCAL_MONTHS))
    labelled = [(words.month(f.end), f) for i, f in sorted(lines[0][2].items()) if i <= last]
    return Table(caption, head, tuple(rows), _notes(labelled), look="so-periods so-dense")


def _notes(labelled: Sequence[tuple[str, Figure]]) -> tuple[str, ...]:
    """Distinct notes of the figures of a table; one that does not hold for all rows says for which."""
    found: dict[str, list[str]] = {}
    for label, figure in labelled:
        for note in _notes_of(figure):
            found.setdefault(note, []).append(label)
    said = []
    for note, labels in found.items():
        more = f" and {len(labels) - _NAMED} more" if len(labels) > _NAMED else ""
        said.append(note if len(labels) == len(labelled) else f"{note} ({', '.join(labels[:_NAMED])}{more})")
    return tuple(text[0].upper() + text[1:] + "." for text in said)


def _notes_of(figure: Figure) -> list[str]:
    return [note for note in figure.note.split("; ") if note]


def _value(measure: MeasureView, figure: Figure) -> Cell:
    if figure.value is None:
        return Cell(words.absent(figure))
    return Cell(words.bare(figure.value, figure.unit, measure.disclosure), words.flags(figure))


def _count_cell(figure: Figure) -> Cell:
    count = _count(figure)
    return Cell(words.absent(figure)) if count is None else Cell(words.number(count, 0), words.flags(figure))


def _count(figure: Figure) -> float | None:
    """The number counted: the numerator of a rate, else the figure itself."""
    if figure.value is None:
        return None
    return figure.numerator if " per " in figure.unit or figure.unit == "%" else figure.value


def _number(measure: MeasureView, figure: Figure, counts: bool) -> str:
    return (_count_cell(figure) if counts else _value(measure, figure)).text


def _finding(said: Sequence[tuple[PartView, Figure, str]], counts: bool) -> str:
    """The newest figure of each line in one sentence; a period and a unit that all share are said once."""
    figures = [figure for _, figure, _ in said]
    unit = figures[0].unit.partition(" per ")[0] if counts else words.unit_words(figures[0].unit)
    if len({(f.start, f.end) for f in figures}) == 1:
        numbers = "; ".join(f"{part.title}: {text}" for part, _, text in said)
        return f"{numbers} {unit} {words.in_period(figures[0])}"
    return "; ".join(f"{part.title}: {text} {unit} {words.in_period(figure)}" for part, figure, text in said)


# ---- what charts are made from


def _by_month(figures: Sequence[Figure], part: str, kind: str) -> dict[int, Figure]:
    """Figures by months since year 0, without the absent ones before the first that is there."""
    rows = {f.end.year * 12 + f.end.month - 1: f for f in figures if f.part == part and f.kind == kind}
    start = min((i for i, f in rows.items() if f.value is not None), default=0)
    return {i: f for i, f in sorted(rows.items()) if i >= start}


def _run(rows: dict[int, Figure], first: int, last: int, step: int, counts: bool) -> Iterable[charts.Month]:
    """Every period from the first to the last, those without a row too; a new run starts at a break in the series."""
    run = 0
    for index in range(first, last + 1, step):
        figure = rows.get(index)
        # A quarter stands at its first month, so that the first of a year stands at April.
        at = index - (step - 1)
        if figure is None:
            yield charts.Month(at, None, run=run)
            continue
        run += "b" in figure.symbols
        yield charts.Month(at, _count(figure) if counts else figure.value, "p" in figure.symbols, run)


def _latest_to_date(figures: Sequence[Figure], part: str) -> Figure | None:
    """The newest year to date that is there and is no full year."""
    mine = [f for f in figures if f.part == part and f.kind == "ytd" and f.value is not None]
    newest = max(mine, key=lambda f: f.end, default=None)
    return newest if newest and newest.end.month != 3 else None


def _months_of(figure: Figure | None) -> str:
    if figure is None:
        return ""
    first, last = words.MONTHS[figure.start.month - 1], words.MONTHS[figure.end.month - 1]
    return first if first == last else f"{first} to {last}"


def _key(figures: Sequence[Figure], gaps: bool = False) -> tuple[str, ...]:
    """What the marks of a chart mean, as far as they are on it."""
    marks = (
        ("Hollow marker: provisional.", any("p" in f.symbols for f in figures if f.value is not None)),
        ("Cross on the axis: no figure; no line is drawn across it.", gaps or any(f.value is None for f in figures)),
        ("Dashed upright line: break in the series.", any("b" in f.symbols for f in figures)),
    )
    return tuple(text for text, there in marks if there)


def _described(what: str, unit: str, points: Iterable[tuple[str, str]]) -> str:
    return f"{what}. In {words.unit_words(unit)}: {'; '.join(f'{name} {text}' for name, text in points)}."


# ---- markup


@cache
def _environment() -> Environment:
    return Environment(
        loader=ChoiceLoader([FileSystemLoader(_HERE / "templates"), PrefixLoader({_GOVUK: PackageLoader(_GOVUK)})]),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
