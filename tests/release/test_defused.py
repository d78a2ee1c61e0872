"""No text of a file that people open in a spreadsheet is taken for a formula, and each is read back as it was."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.release import folder
from assets.release.defused import defused, restored
from assets.release.folder import COLUMNS, NUMBERS, Released, csv_bytes
from assets.release.workbook import workbook_bytes
from tests.release.downloaded import with_figures
from tests.release.test_workbook import small

FORMULAS = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "＝1", "'=1", '=HYPERLINK("http://x","y")', "-")
HARMLESS = ("", "Quay", "2015-16", "'Quay", "[c] [p]", "agency=police", "a-b", "c@d", "−1 is a minus sign")


@pytest.mark.parametrize("text", FORMULAS)
def test_a_formula_is_defused(text: str) -> None:
    assert defused(text) == f"'{text}"
    assert restored(defused(text)) == text


@pytest.mark.parametrize("text", HARMLESS)
def test_any_other_text_stays(text: str) -> None:
    assert defused(text) == text == restored(text)


@given(st.text(alphabet="'=+-@＝ \t\r\na1", max_size=8))
def test_every_text_comes_back(text: str) -> None:
    assert restored(defused(text)) == text
    assert defused(text).lstrip()[:1] not in ("=", "+", "-", "@", "＝")


def test_the_csv_holds_no_formula_its_numbers_stay_and_the_release_reads_it_back(tmp_path: Path) -> None:
    row = {name: -1.5 if name in NUMBERS else "x" for name in COLUMNS}
    rows = pd.DataFrame([{**row, "note": text, "area_name": text, "breakdown": text} for text in FORMULAS])
    (tmp_path / folder.FIGURES).write_bytes(csv_bytes(rows))
    with (tmp_path / folder.FIGURES).open(newline="") as handle:
        said = list(csv.DictReader(handle))
    for name in ("note", "area_name", "breakdown"):
        assert [one[name] for one in said] == [f"'{text}" for text in FORMULAS]
    assert {one["change"] for one in said} == {"-1.5"}
    pd.testing.assert_frame_equal(
        Released(tmp_path, {"id": "x"}).figures()[list(COLUMNS)], rows[list(COLUMNS)], check_dtype=False
    )


def test_the_workbook_holds_no_formula_wherever_a_text_comes_from() -> None:
    hostile = FORMULAS[0]
    view = with_figures(small(), "SP01", note="@SUM(A1)", area_name="+1+1", area_code="-2")
    view = replace(
        view,
        partnership=hostile,
        notes=(hostile,),
        measures=tuple(
            replace(m, name=hostile, title=hostile, theme=hostile, reasons=(hostile,)) for m in view.measures
        ),
        deliveries=tuple(replace(d, source=hostile, owner=hostile, note=hostile) for d in view.deliveries),
    )
    book = openpyxl.load_workbook(io.BytesIO(workbook_bytes(view, hostile)))
    texts = [(s.title, c.value) for s in book for row in s.iter_rows() for c in row if isinstance(c.value, str)]
    assert not any(c.data_type == "f" for s in book for row in s.iter_rows() for c in row)
    assert [one for one in texts if one[1].lstrip()[:1] in ("=", "+", "-", "@")] == []
    assert ("SP01", "'@SUM(A1)") in texts
    assert ("SP01", "'+1+1") in texts
    assert ("Cover", "'=1+1") in texts
