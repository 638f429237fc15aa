"""The tables of docs/ are those that the committed results make."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT / "benchmarks"))

import doc_tables  # noqa: E402

DOCUMENTS = [path for path in sorted((ROOT / "docs").glob("*.md")) if "<!-- table: " in path.read_text()]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_no_number_is_another_than_in_the_results(path: Path) -> None:
    text = path.read_text()
    assert text.count("<!-- table: ") == text.count("<!-- end -->") == len(doc_tables.PLACE.findall(text))
    assert doc_tables.renewed(text) == (text, [])


def test_another_number_is_noticed() -> None:
    table = f"before\n<!-- table: regions -->\n{doc_tables.text_of('regions')}<!-- end -->\nafter\n"
    digit = table.rindex("MB | ") + len("MB | ")
    typed = table[:digit] + str((int(table[digit]) + 1) % 10) + table[digit + 1 :]
    assert doc_tables.renewed(typed) == (table, ["regions"])


def test_a_table_that_nothing_makes() -> None:
    with pytest.raises(KeyError, match="no such"):
        doc_tables.renewed("<!-- table: no such -->\n<!-- end -->\n")
