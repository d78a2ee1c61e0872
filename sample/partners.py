"""What each partner delivers: rows, coverage and form of every source, as files (spec 3.1, 3.3 to 3.8).

Here: the list of the twelve sources and their files without fault. Not here: the rows (one module a partner), forms
(`sample/forms.py`), faults (`sample/partner_faults.py`), anything written to disk (`sample/generator.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from sample import asb, crc, forms, hate, pdas, police, training
from sample.street import Row, parse, render
from sample.world import CITY, World, first_day, last_day

#: First and last day that a delivery says it covers.
Coverage = tuple[date, date]


def _whole_months(months: range) -> Coverage:
    return first_day(months[0]), last_day(months[-1])


def _with_look_back(months: range) -> Coverage:
    return first_day(pdas.first_month(months)), last_day(months[-1])


def _since_commencement(months: range) -> Coverage:
    return crc.COMMENCED, last_day(months[-1])


@dataclass(frozen=True)
class Partner:
    """One source of a partner: what is in its file, and its form.

    Attributes:
        source: name of the source and of its folder.
        header: columns as delivered.
        make: rows of a range of months, numbered as in `month_number`.
        covers: coverage of a range of months.
        sheet: name of the sheet for a source kept in a workbook; empty for CSV.
        dates: columns that hold real dates in the workbook.
        numbers: columns that hold real numbers in the workbook.
        sender: role that makes a manifest; empty where there is none.
    """

    source: str
    header: Row
    make: Callable[[World, range], Sequence[Row]]
    covers: Callable[[range], Coverage] = _whole_months
    sheet: str = ""
    dates: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    sender: str = ""

    @property
    def suffix(self) -> str:
        """Ending of its file names."""
        return "xlsx" if self.sheet else "csv"

    def path(self, covers: Coverage, folder: str = "", suffix: str = "") -> str:
        """Where a delivery of that coverage lies below the landing folder."""
        return f"{self.source}/{folder}{self.source}_{covers[0]}_{covers[1]}.{suffix or self.suffix}"

    def banner(self, covers: Coverage) -> list[str]:
        """Lines above the header of a workbook."""
        return [f"{CITY} (synthetic): {self.sheet}", f"Extract {covers[0]:%d/%m/%Y} to {covers[1]:%d/%m/%Y}", ""]

    def write(self, header: Row, rows: Sequence[Row], covers: Coverage) -> bytes:
        """Rows in the form of the source."""
        if not self.sheet:
            return render(header, rows)
        return forms.workbook(self.sheet, self.banner(covers), header, rows, self.dates, self.numbers)

    def read(self, data: bytes, covers: Coverage) -> tuple[Row, list[list[str]]]:
        """The inverse of `write`, as text."""
        return forms.read_workbook(data, self.sheet, len(self.banner(covers))) if self.sheet else parse(data)


#: Every source of a partner by name.
PARTNERS: dict[str, Partner] = {
    partner.source: partner
    for partner in (
        Partner("police_crime", police.CRIME_HEADER, police.police_crime),
        Partner("police_incident", police.INCIDENT_HEADER, police.police_incident),
        Partner("pdas_referral", pdas.HEADER, pdas.pdas_referral, _with_look_back),
        Partner(
            "dash_training",
            training.HEADER,
            training.dash_training,
            sheet="Register",
            dates=training.DATES,
            numbers=training.NUMBERS,
        ),
        Partner(
            "asb_case",
            asb.CASE_HEADER,
            asb.asb_case,
            sheet="Cases",
            dates=asb.CASE_DATES,
            numbers=asb.CASE_NUMBERS,
        ),
        Partner("asb_star", asb.STAR_HEADER, asb.asb_star),
        Partner("asb_survey", asb.SURVEY_HEADER, asb.asb_survey),
        Partner(
            "crc_licence", crc.LICENCE_HEADER, crc.crc_licence, _since_commencement, sender="CRC performance analyst"
        ),
        Partner("crc_event", crc.EVENT_HEADER, crc.crc_event, _since_commencement),
        Partner("crc_reoffence", crc.REOFFENCE_HEADER, crc.crc_reoffence, _since_commencement),
        Partner("hate_report", hate.REPORT_HEADER, hate.hate_report),
        Partner("hate_survey", hate.SURVEY_HEADER, hate.hate_survey),
    )
}


def partner_files(world: World, months: range, source: str) -> dict[str, bytes]:
    """The delivery of a source by path below the landing folder; none where the months have no rows of it.

    That is so for surveys when no quarter ends in the months, and for the CRC before licences began in February 2015.
    """
    partner = PARTNERS[source]
    rows = partner.make(world, months)
    if not rows:
        return {}
    covers = partner.covers(months)
    path, data = partner.path(covers), partner.write(partner.header, rows, covers)
    files = {path: data}
    if partner.sender:
        files |= forms.manifest(path, data, len(rows), partner.sender, covers, days_after=8)
    return files
