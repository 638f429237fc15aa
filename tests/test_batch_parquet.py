"""Tables of Parquet for `imagegs batch`: types of columns, and what is refused."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from imagegs.cli import batch_parquet
from imagegs.cli.app import make_parser
from imagegs.cli.batch_options import encode_options, row_parser
from imagegs.cli.batch_parquet import parquet_rows
from imagegs.cli.batch_table import TableRow, read_table
from imagegs.cli.exit_codes import FileError, error_line, exit_code
from requirements import need_modules

pa = need_modules("pyarrow")
parquet = need_modules("pyarrow.parquet")


def written(path: Path, columns: dict[str, Any]) -> Path:
    parquet.write_table(pa.table(columns), path)
    return path


def rows_of(path: Path) -> list[TableRow]:
    given = make_parser().parse_args(["batch", "--table", str(path), "--effort", "2"])
    return list(read_table(path, row_parser(), encode_options(given)))


def test_columns_of_all_types_become_options(tmp_path: Path) -> None:
    table = written(
        tmp_path / "jobs.parquet",
        {
            "input": pa.array(["a.png", "b.png", "ä.png"], pa.large_string()),
            "output": pa.array([None, "deep/b.gsimg", ""]),
            "bpp": pa.array([0.1, None, math.nan], pa.float32()),
            "n-gaussians": pa.array([math.nan, 20.0, None], pa.float64()),
            "seed": pa.array([3, None, 2**40], pa.int64()),
            "tune": pa.array(["psnr", None, "psnr"]).dictionary_encode(),
            "wrap": pa.array([True, False, None]),
            "mask": pa.nulls(3),
        },
    )
    first, second, third = rows_of(table)
    assert [(row.input, row.output) for row in (first, second, third)] == [
        ("a.png", None),
        ("b.png", "deep/b.gsimg"),
        ("ä.png", None),
    ]
    told = [
        (r.options.bpp, r.options.gaussians, r.options.seed, r.options.tune, r.options.wrap)
        for r in (first, second)
    ]
    assert told == [(0.1, None, 3, "psnr", True), (None, 20, 0, None, False)]
    assert (third.options.bpp, third.options.seed, third.options.tune) == (None, 2**40, "psnr")
    assert first.options.effort == 2


def test_long_tables_come_whole(tmp_path: Path) -> None:
    n = 2 * batch_parquet._ROWS_AT_ONCE + 1
    table = written(tmp_path / "long.parquet", {"input": [f"{i}.png" for i in range(n)]})
    assert [row["input"] for row in parquet_rows(table)] == [f"{i}.png" for i in range(n)]


@pytest.mark.parametrize(
    ("columns", "code", "part"),
    [
        ({"input": ["a"], "bpp": [[0.5]]}, 3, "the column 'bpp' holds list<"),
        ({"input": [{"file": "a"}]}, 3, "the column 'input' holds struct<"),
        ({"input": [b"a"]}, 3, "the column 'input' holds binary, not text, numbers or booleans"),
        ({"input": ["a"], "colour": [1]}, 2, "row 1: no option has the name of the column 'colour'"),
        ({"input": ["a"], "bpp": ["x"]}, 2, "row 1: argument --bpp"),
        ({"input": ["a", None]}, 2, "row 2: no input is named"),
        ({"input": [1]}, 2, "row 1: no input is named"),
        ({"picture": ["a"]}, 3, "row 1 has no column 'input'"),
    ],
)
def test_tables_that_are_wrong(tmp_path: Path, columns: dict[str, Any], code: int, part: str) -> None:
    table = written(tmp_path / "jobs.parquet", columns)
    with pytest.raises(FileError) as raised:
        rows_of(table)
    assert exit_code(raised.value) == code and f"{table}: {part}" in error_line(raised.value)


def test_two_columns_of_one_name_are_refused(tmp_path: Path) -> None:
    table = tmp_path / "jobs.parquet"
    parquet.write_table(pa.Table.from_arrays([pa.array(["a"])] * 2, names=["input", "input"]), table)
    with pytest.raises(FileError) as raised:
        rows_of(table)
    assert "several columns 'input'" in error_line(raised.value)


def test_what_is_no_parquet_is_refused(tmp_path: Path) -> None:
    table = tmp_path / "jobs.parquet"
    table.write_text("input\na.png\n")
    with pytest.raises(FileError) as raised:
        rows_of(table)
    assert exit_code(raised.value) == 3 and "the table is damaged" in error_line(raised.value)
    with pytest.raises(FileError) as raised:
        rows_of(tmp_path / "none.parquet")
    assert exit_code(raised.value) == 4


def test_without_pyarrow_the_package_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch_parquet, "find_spec", lambda name: None)
    with pytest.raises(FileError) as raised:
        rows_of(tmp_path / "jobs.parquet")
    assert exit_code(raised.value) == 1 and "pip install 'imagegs[parquet]'" in error_line(raised.value)
