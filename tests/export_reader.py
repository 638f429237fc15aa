"""A reader of exports in plain numpy, written from docs/shaders.md alone: no code of the package."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np


class Reader:
    """Either kind of folder: buffers with a manifest, or texture.json."""

    def __init__(self, folder: Path) -> None:
        text = folder / "texture.json"
        self.about: dict[str, Any] = json.loads(
            (text if text.exists() else folder / "manifest.json").read_text()
        )
        self.arrays = {name: self._read(folder, each) for name, each in self.about["buffers"].items()}

    def _read(self, folder: Path, buffer: dict[str, Any]) -> np.ndarray:
        kind = {"uint32": "<u4", "float32": "<f4"}[buffer["type"]]
        if "data" in buffer:
            flat = np.array(buffer["data"], kind)
        else:
            assert (folder / buffer["file"]).stat().st_size == buffer["bytes"]
            flat = np.fromfile(folder / buffer["file"], kind)
        return flat.reshape(buffer["shape"])

    def sample(self, uv: np.ndarray) -> dict[str, np.ndarray]:
        """Colors (M, channels) by the names of the maps, at points (M, 2)."""
        colors = np.array([self._color(*point) for point in uv.astype(np.float64)])
        return {each["name"]: self._finish(each, colors[:, each["index"]]) for each in self.about["maps"]}

    def _color(self, u: float, v: float) -> np.ndarray:
        canvas, tiles, constants = (self.about[key] for key in ("canvas", "tiles", "constants"))
        size = np.array([canvas["width"], canvas["height"]])
        if self.about["addressing"] == "repeat":
            u, v = u - np.floor(u), v - np.floor(v)
        p = np.clip(np.array([u, v]) * size, 0, size)
        column, row = np.minimum(p // tiles["side"], (tiles["columns"] - 1, tiles["rows"] - 1)).astype(int)
        t = row * tiles["columns"] + column
        ids = self.arrays["ids"][self.arrays["offsets"][t] : self.arrays["offsets"][t + 1]]
        x, y, w, _, ux, uy, vx, vy = self.arrays["gaussians"][ids].astype(np.float64).T
        dx, dy = p[0] - x, p[1] - y
        e = w - (ux * dx + uy * dy) ** 2 - (vx * dx + vy * dy) ** 2
        kept = np.argsort(-e, kind="stable")[: constants["top_k"]]
        e = e[kept]
        if self.about["blend"] == "softmax":
            e -= e.max()
            weight = np.where(e >= -constants["cutoff"], np.exp(e), 0)
        else:
            weight = np.exp(e)
        total = np.einsum("k,kmc->mc", weight, self.arrays["colors"][ids[kept]])
        return np.asarray(total / (constants["epsilon"] + weight.sum()))

    def _finish(self, about: dict[str, Any], color: np.ndarray) -> np.ndarray:
        color = color[:, : len(about["channels"])]
        if about["unit_length"]:
            vector = 2 * color - 1
            length = np.linalg.norm(vector, axis=1, keepdims=True)
            short = length < self.about["constants"]["least_length"]
            color = 0.5 + vector / np.where(short, 2, 2 * length)
        return np.clip(color, 0, 1)
