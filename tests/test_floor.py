"""A floor at a grazing angle: filtered Gaussians alias no more than a texture with mip levels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import imagegs
from floor import error_of, floor_views, paving, true_floor

HORIZON = 40  # rows where a pixel covers many slabs


def test_a_floor_does_not_alias(page: Any, tmp_path: Path) -> None:
    gaussians = imagegs.fit(paving(), 1000, effort=1, wrap=True, threads=2)
    true = true_floor(gaussians)
    views = floor_views(page, gaussians, tmp_path / "export")
    error = {name: error_of(view, true) for name, view in views.items()}
    assert error["filtered"] < error["texture"] < 0.6 * error["points"]
    far = {name: error_of(view[:HORIZON], true[:HORIZON]) for name, view in views.items()}
    assert far["filtered"] < 1.02 * far["texture"] < 0.5 * far["points"]
