"""What a decoder should find in a valid file, as JSON."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

import oracle
from imagegs import Gaussians, Grain, decode, read_info
from imagegs.codec.attributes import read_fixed_point
from imagegs.codec.byte_source import Memory
from imagegs.codec.coded import read_layers
from imagegs.codec.container import read_chunks
from imagegs.codec.header import read_header
from imagegs.codec.packing import unpack_blocks
from imagegs.grain.adding import view_values

ARRAYS = {"position": "xy", "scale": "scale", "angle": "angle", "weight": "log_weight", "color": "color"}
PEAK_ERROR = 2e-4  # of a sample: float32, and the four decimals here
MARGIN = 0.002  # nats between every sample and a change of the Gaussians that it is made of


def stored_integers(data: bytes) -> Any:
    """(N, columns): in fixed point q of every column; in coded files see native/entropy/layer.h."""
    chunks = read_chunks(Memory(data))
    header = read_header(chunks.single["HEAD"])
    if chunks.layers:
        return read_layers(chunks, header).table
    numbers, columns = read_fixed_point(chunks.single["GAUS"], header), []
    bits = [a.bits for a in numbers.attributes for _ in range(a.columns)]
    for packed, b in zip(numbers.columns, bits, strict=True):
        columns.append(np.concatenate([part for _, part in unpack_blocks(packed, header.n_gaussians, b)]))
    return np.stack(columns, axis=1)


def expected(data: bytes, height: int) -> dict[str, Any]:
    """All that the JSON file beside a valid file says. The picture is painted in float64."""
    g, info = decode(data, size_limit=2**32), read_info(data)
    names = ("width", "height", "n_gaussians", "blend", "bit_depth", "wrap", "channels", "metadata")
    result = {name: getattr(info, name) for name in names}
    result["integers"] = stored_integers(data)
    result |= {name: getattr(g, field) for name, field in ARRAYS.items()}
    width = round(g.width * height / g.height)
    points = oracle.pixel_centres(width, height, (g.width / width, g.height / height))
    assert oracle.selection_margin(g, points).min() > MARGIN, "a sample hangs on rounding: draw other numbers"
    result["picture_width"], result["picture_height"] = width, height
    result["picture_peak_error"] = PEAK_ERROR
    result["picture"] = oracle.evaluate(g, points)
    return result if info.grain is None else result | grain_facts(info.grain, g)


def grain_facts(grain: Grain, g: Gaussians) -> dict[str, Any]:
    """Deviations of the cells, and the grain of three pictures: of the canvas' size, smaller, larger."""
    views = {"grain": {}, "grain_smaller": {"height": 7}, "grain_larger": {"height": 25}}
    values = {name: np.concatenate(list(view_values(grain, g, **view))) for name, view in views.items()}
    return {"grain_deviations": grain.deviations(), **values}


def to_json(values: dict[str, Any]) -> str:
    """One line for each value, and for each row of a table."""
    return "{\n" + ",\n".join(f'"{name}": {_text(value)}' for name, value in values.items()) + "\n}\n"


def _text(value: Any) -> str:
    if not isinstance(value, np.ndarray):
        return json.dumps(value, ensure_ascii=False)
    rows = [", ".join(map(_number, np.atleast_1d(row))) for row in value]
    if value.ndim == 1:
        return "[" + ", ".join(rows) + "]"
    return "[\n  " + ",\n  ".join(f"[{row}]" for row in rows) + "]"


def _number(value: Any) -> str:
    """float32 as the shortest decimal that gives the same number again; a sample with four decimals."""
    if value.dtype.kind in "iu":
        return str(value)
    if value.dtype == np.float64:
        return f"{value:.4f}"
    text = np.format_float_scientific(value, trim="-")
    text = min(text, np.format_float_positional(value, trim="-"), key=len)
    assert np.float32(float(text)) == value
    return text
