"""Chunk mETA: a small JSON object with facts about the file, such as the software, recipe and seed."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from imagegs.errors import FormatError

MAX_METADATA_BYTES = 65_535
MAX_DEPTH = 16  # objects and arrays within each other


def write_metadata(metadata: Mapping[str, Any]) -> bytes:
    """The payload of chunk mETA. Raises TypeError, ValueError for what is not plain, small JSON."""
    if not isinstance(metadata, dict):
        raise TypeError(f"metadata must be a dict, not {type(metadata).__name__}")
    try:
        text = json.dumps(metadata, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except RecursionError:
        raise ValueError("metadata is nested too deep") from None
    payload = text.encode("utf-8")
    try:
        read_metadata(memoryview(payload))
    except FormatError as error:
        raise ValueError(f"metadata cannot be stored: {error}") from None
    return payload


def read_metadata(payload: memoryview) -> dict[str, Any]:
    """The object in the payload of chunk mETA. Raises FormatError."""
    if len(payload) > MAX_METADATA_BYTES:
        raise FormatError(f"chunk mETA: {len(payload)} bytes, at most {MAX_METADATA_BYTES} are possible")
    try:
        text = bytes(payload).decode("utf-8")
        value = json.loads(text, parse_constant=_reject, parse_float=_finite, object_pairs_hook=_unique)
        json.dumps(value, ensure_ascii=False).encode("utf-8")  # "\\ud800" is JSON, but no Unicode text
        depth = _depth(value)
    except (ValueError, RecursionError):
        raise FormatError("chunk mETA: not valid JSON in UTF-8") from None
    if not isinstance(value, dict):
        raise FormatError("chunk mETA: not a JSON object")
    if depth > MAX_DEPTH:
        raise FormatError(f"chunk mETA: nested {depth} deep, at most {MAX_DEPTH} is possible")
    return value


def _reject(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON")


def _finite(text: str) -> float:
    if not math.isfinite(number := float(text)):
        raise ValueError(f"{text} is out of the range of float64")
    return number


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("a key occurs twice")
    return result


def _depth(value: Any) -> int:
    if isinstance(value, dict):
        value = list(value.values())
    return 1 + max(map(_depth, value), default=0) if isinstance(value, list) else 0
