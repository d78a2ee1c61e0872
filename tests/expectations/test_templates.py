"""Templates: what a partner fills in is what the contract accepts; the same bytes every time."""

from __future__ import annotations

import csv
import io
import time
from pathlib import Path

import pytest
from openpyxl import load_workbook
from openpyxl.utils import get_column_letter

from expectations.contracts import PARTNERS, Field, Source
from expectations.register import load_register
from expectations.templates import csv_template, xlsx_template
from resources.tabular import read_rows
from tests.paths import ROOT

EACH = pytest.mark.parametrize("source", PARTNERS.values(), ids=lambda source: source.name)


def filled_in(one: Field) -> str:
    """A value that fits."""
    if one.allowed:
        return one.allowed[-1]
    if one.type == "int":
        return f"{one.minimum or one.maximum or 7:g}"
    words = {"date": "2015-04-01", "timestamp": "2015-04-01 09:30", "quarter": "2015-16Q1", "flag": "Y"}
    return words.get(one.type, "E01015021" if "lsoa" in one.name else "abc")


@EACH
def test_a_row_added_to_the_csv_is_accepted(source: Source) -> None:
    template = csv_template(source.delivery)
    assert template.decode("ascii").splitlines() == [",".join(source.delivery.field_names)]
    row = [filled_in(one) for one in source.delivery.fields]
    text = io.StringIO(newline="")
    csv.writer(text).writerow(row)
    read = read_rows(source.delivery, template + text.getvalue().encode(), "csv")
    assert read.rows.to_numpy().tolist() == [row]
    assert read.faults == {}


@EACH
@pytest.mark.parametrize("named", ["", "Sheet of the register"])
def test_a_row_added_to_the_workbook_is_accepted(source: Source, named: str) -> None:
    book = load_workbook(io.BytesIO(xlsx_template(source.delivery, named)))
    row = [filled_in(one) for one in source.delivery.fields]
    book[named or source.name].append(row)
    saved = io.BytesIO()
    book.save(saved)
    read = read_rows(source.delivery, saved.getvalue(), "xlsx", named)
    assert read.rows.to_numpy().tolist() == [row]
    assert read.faults == {}


@pytest.mark.parametrize("name", ["synthetic", "plymouth_open"])
def test_a_sheet_of_the_register_can_be_the_name_of_a_sheet(name: str) -> None:
    for source in load_register(ROOT / "partnership" / name).sources.values():
        assert len(source.sheet) <= 31
        assert not set(source.sheet) & set("[]:*?/\\")


@EACH
def test_the_workbook_explains_every_column(source: Source) -> None:
    book = load_workbook(io.BytesIO(xlsx_template(source.delivery)))
    assert book.sheetnames == [source.name, "Columns", "How to send"]
    assert [[cell.value for cell in row] for row in book[source.name].iter_rows()] == [source.delivery.field_names]
    rows = [[cell.value or "" for cell in row] for row in book["Columns"].iter_rows()]
    assert rows[0] == ["Column", "Type", "Meaning", "Unit", "Allowed values or form", "When empty", "Class of data"]
    assert [row[0] for row in rows[1:]] == source.delivery.field_names
    for row, one in zip(rows[1:], source.delivery.fields, strict=True):
        assert row[2] == one.meaning
        assert row[3] == one.unit
        assert all(value in row[4] for value in one.allowed)
        assert (row[5] == "never empty") is not one.nullable
    said = "\n".join(str(cell.value) for row in book["How to send"].iter_rows() for cell in row)
    assert f"{source.name}_2015-04-01_2016-03-31" in said
    assert source.delivery.period in said
    assert "Names, addresses, dates of birth" in said


def test_cells_are_text_so_that_excel_changes_nothing() -> None:
    delivery = PARTNERS["asb_survey"].delivery
    sheet = load_workbook(io.BytesIO(xlsx_template(delivery)))["asb_survey"]
    formats = [sheet.column_dimensions[get_column_letter(n + 1)].number_format for n in range(len(delivery.fields))]
    assert formats == ["@"] * len(delivery.fields)


def test_the_same_bytes_every_time() -> None:
    """Times of a zip have two seconds, so a second template a little later shows whether any is kept."""
    delivery = PARTNERS["police_incident"].delivery
    first = xlsx_template(delivery), csv_template(delivery)
    time.sleep(2.1)
    assert (xlsx_template(delivery), csv_template(delivery)) == first


def test_a_template_names_nobody(tmp_path: Path) -> None:
    """No account of the machine stands in the properties of the file."""
    path = tmp_path / "template.xlsx"
    path.write_bytes(xlsx_template(PARTNERS["hate_report"].delivery))
    properties = load_workbook(path).properties
    assert (properties.creator, properties.lastModifiedBy) == ("safer-outcomes", None)
