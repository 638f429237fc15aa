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
        kind = {"uint32": "<u4", "float32": "<f4", "uint8": "u1"}[buffer["type"]]
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

    def filtered(self, uv: np.ndarray, dx: np.ndarray, dy: np.ndarray) -> dict[str, np.ndarray]:
        """Colors (M, channels) by the names of the maps, of footprints: derivatives (M, 2) of the points."""
        canvas, mips = self.about["canvas"], self.about["mips"]
        size = np.array([canvas["width"], canvas["height"]])
        side = np.maximum(np.linalg.norm(dx * size, axis=1), np.linalg.norm(dy * size, axis=1))
        share = np.clip(np.log2(side) + 1 - mips["first_level"], 0, 1)[:, None]
        one, four = self.sample(uv), self._means(uv, dx, dy)
        found = {}
        for each in self.about["maps"]:
            points = np.where(side[:, None] <= 1 + mips["slack"], one[each["name"]], four[each["name"]])
            texels = self._texels(each, uv, np.log2(side) - mips["first_level"])
            found[each["name"]] = self._unit(each, (1 - share) * points + share * texels)
        return found

    def _means(self, uv: np.ndarray, dx: np.ndarray, dy: np.ndarray) -> dict[str, np.ndarray]:
        parts = [self.sample(uv + x * dx + y * dy) for y in (-0.25, 0.25) for x in (-0.25, 0.25)]
        found = {}
        for each in self.about["maps"]:
            colors = np.array([part[each["name"]] for part in parts])
            mean = colors.mean(axis=0)
            if each["has_alpha"]:
                alpha = colors[:, :, -1:]
                total = alpha.sum(axis=0)
                weighed = (alpha * colors).sum(axis=0) / np.where(total > 0, total, 1)
                mean[:, :-1] = np.where(total > 0, weighed, mean)[:, :-1]
            found[each["name"]] = mean
        return found

    def _texels(self, each: dict[str, Any], uv: np.ndarray, place: np.ndarray) -> np.ndarray:
        """Between two levels, place 0 is the first."""
        last = len(self.about["mips"]["levels"]) - 1
        place = np.clip(place, 0, last)
        low = np.floor(place).astype(int)
        share = (place - low)[:, None]
        both = [self._bilinear(each, uv, np.minimum(low + i, last)) for i in (0, 1)]
        return (1 - share) * both[0] + share * both[1]

    def _bilinear(self, each: dict[str, Any], uv: np.ndarray, levels: np.ndarray) -> np.ndarray:
        found = np.zeros((len(uv), len(each["channels"])))
        for i, about in enumerate(self.about["mips"]["levels"]):
            height, width = about["height"], about["width"]
            first = about["offset"] // 4 + each["index"] * height * width
            texels = self.arrays["mips"][first : first + height * width].reshape(height, width, 4) / 255
            chosen = levels == i
            p = uv[chosen] * [width, height] - 0.5
            corner = np.floor(p).astype(int)
            fx, fy = (p - corner).T[:, :, None]
            (left, top), (right, bottom) = (self._addressed(corner + i, width, height).T for i in (0, 1))
            above = (1 - fx) * texels[top, left] + fx * texels[top, right]
            below = (1 - fx) * texels[bottom, left] + fx * texels[bottom, right]
            found[chosen] = ((1 - fy) * above + fy * below)[:, : len(each["channels"])]
        return found

    def _addressed(self, corner: np.ndarray, width: int, height: int) -> np.ndarray:
        if self.about["addressing"] == "repeat":
            return corner % [width, height]
        return np.clip(corner, 0, [width - 1, height - 1])

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
        return np.clip(self._unit(about, color[:, : len(about["channels"])]), 0, 1)

    def _unit(self, about: dict[str, Any], color: np.ndarray) -> np.ndarray:
        if not about["unit_length"]:
            return color
        vector = 2 * color - 1
        length = np.linalg.norm(vector, axis=1, keepdims=True)
        short = length < self.about["constants"]["least_length"]
        return np.asarray(0.5 + vector / np.where(short, 2, 2 * length))
