"""Quality and size of fits of the shipped sample, against committed figures of each instruction set.

    python tests/test_golden.py        measures them anew and writes tests/golden.json

Sizes in fixed point must be equal. Quality, and the size of coded files, may differ by what other compilers
and math libraries change in the last bits of a fit; on one machine they are the same. An instruction set that
has no figures is held against "baseline".
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

import imagegs
from imagegs._native import isa_names
from imagegs.metrics import psnr, ssim
from imagegs.pictures.reading import read_picture

SAMPLE = Path(__file__).parent.parent / "assets/sample.png"
GOLDEN = Path(__file__).with_name("golden.json")
FITS = {
    "imagegs": {"n_gaussians": 1000, "steps": 100},
    "paper": {"n_gaussians": 1000, "steps": 200, "recipe": "paper"},
}
PSNR_TOLERANCE, SSIM_TOLERANCE = 0.05, 0.002
SIZE_TOLERANCE = {"imagegs": 0.02, "paper": 0}


def measure(name: str) -> dict[str, float]:
    picture = read_picture(SAMPLE).pixels
    gaussians = imagegs.fit(picture, **FITS[name], seed=0)
    coding = imagegs.Bits()
    if name == "imagegs":
        coding = imagegs.choose_lattice(picture, gaussians)
        gaussians = imagegs.quantise(picture, gaussians, coding)
    data = imagegs.encode(gaussians, coding)
    painted = imagegs.render(imagegs.decode(data), dtype=picture.dtype)
    return {"bytes": len(data), "psnr": psnr(picture, painted), "ssim": ssim(picture, painted)}


@pytest.mark.parametrize("isa", isa_names())
@pytest.mark.parametrize("name", FITS)
def test_quality_and_size_are_the_committed_ones(name, isa, monkeypatch):
    monkeypatch.setenv("IMAGEGS_ISA", isa)
    committed = json.loads(GOLDEN.read_text())
    golden, found = committed.get(isa, committed["baseline"])[name], measure(name)
    assert found["bytes"] == pytest.approx(golden["bytes"], rel=SIZE_TOLERANCE[name])
    assert found["psnr"] == pytest.approx(golden["psnr"], abs=PSNR_TOLERANCE)
    assert found["ssim"] == pytest.approx(golden["ssim"], abs=SSIM_TOLERANCE)


if __name__ == "__main__":
    figures = {}
    for kernels in isa_names():
        os.environ["IMAGEGS_ISA"] = kernels
        figures[kernels] = {fit: measure(fit) for fit in FITS}
    GOLDEN.write_text(json.dumps(figures, indent=1) + "\n")
