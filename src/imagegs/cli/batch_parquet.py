"""`imagegs batch --table jobs.parquet`: the rows of a Parquet file."""

from __future__ import annotations

import math
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imagegs.errors import FormatError, ImageGSError, reading

if TYPE_CHECKING:
    from pyarrow import DataType, Schema

_ROWS_AT_ONCE = 4096
# Names in pyarrow.types of what a cell may be; a dictionary (categories) holds one of them.
_TEXT_OR_NUMBERS = ("string", "large_string", "string_view", "integer", "floating", "boolean", "null")


def parquet_rows(path: Path) -> Iterator[dict[str, Any]]:
    """The rows by the names of their columns. Null and NaN are None; whole numbers are int, also where the
    column has floats, as that of whole numbers with gaps has where pandas wrote it.

    Raises ImageGSError where pyarrow is not installed, FormatError for what is no Parquet file and for
    columns of other types than text, numbers, booleans and categories of these, OSError.
    """
    if find_spec("pyarrow") is None:
        raise ImageGSError("the package pyarrow is missing: pip install 'imagegs[parquet]'")
    from pyarrow.parquet import ParquetFile

    with path.open("rb") as source, reading("the table is damaged"), ParquetFile(source) as file:
        _check_columns(file.schema_arrow)
        single = {field.name for field in file.schema_arrow if str(field.type) in ("float", "halffloat")}
        for batch in file.iter_batches(_ROWS_AT_ONCE):
            for row in batch.to_pylist():
                yield {name: _cell(value, name in single) for name, value in row.items()}


def _check_columns(schema: Schema) -> None:
    for field in schema:
        if schema.names.count(field.name) > 1:
            raise FormatError(f"the table has several columns {field.name!r}")
        if not _is_text_or_number(field.type):
            raise FormatError(f"the column {field.name!r} holds {field.type}, not text, numbers or booleans")


def _is_text_or_number(of: DataType) -> bool:
    from pyarrow import types

    if types.is_dictionary(of):
        return _is_text_or_number(of.value_type)
    return any(getattr(types, f"is_{name}")(of) for name in _TEXT_OR_NUMBERS if hasattr(types, f"is_{name}"))


def _cell(value: Any, is_single: bool) -> Any:
    """A value as JSON would have it. is_single: of a column with fewer digits than Python's floats."""
    if not isinstance(value, float):
        return value
    from numpy import float32

    if math.isnan(value):
        return None
    if value.is_integer():
        return int(value)
    return float(str(float32(value))) if is_single else value
