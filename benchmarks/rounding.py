"""Measures what files of wanted sizes hold of one fit, and how often it is quantised for that.

    python benchmarks/rounding.py --pictures DIR --fits DIR [--tune psnr] [--bpp 0.3] [--effort 3]
                                  [--side 768] [--count 4] [--out results.json] [--against results.json]

Each picture is fitted once; fits are kept in a folder, so that other versions of the code round the same
Gaussians. Each fit is packed into 0.85, 1 and 1.17 times the bytes that it was made for. With --against, the
bytes at equal PSNR against another version's results, and PSNR at equal bytes.
"""

from __future__ import annotations

import argparse
import json
import pickle
import statistics
import time
from pathlib import Path
from typing import Any

import imagegs
from imagegs.codec import bytes_for_bpp
from imagegs.compression import rate_control
from imagegs.compression.options import CompressionOptions, FitSettings, Target
from imagegs.compression.plan import Plan, make_plan
from imagegs.compression.rate_control import Packer
from imagegs.evaluation.curves import Curve, bd_rate, rising
from imagegs.metrics import psnr
from imagegs.pictures.pixels import Picture
from imagegs.restoration.restoring import FittedGaussians, Restoration
from records import Record, load, picture_parser

SHARES = 0.85, 1.0, 1.17
SOFTWARE = {"software": "imagegs", "recipe": "imagegs", "tune": "psnr", "steps": 999, "seed": 0}


def measure(path: Path, options: argparse.Namespace) -> dict[str, Any]:
    pixels = load(path, options.side)
    height, width, _ = pixels.shape
    settings = CompressionOptions(
        target=Target(bpp=options.bpp), fit=FitSettings(effort=options.effort, tune=options.tune), threads=2
    )
    whole = Picture(pixels, ("R", "G", "B"))
    plan = make_plan(settings, Restoration(None, whole, whole), ())
    gaussians = fitted(path, pixels, plan, options)
    points = []
    for share in SHARES:
        n_bytes = int(share * bytes_for_bpp(options.bpp, height, width))
        points.append(packed(pixels, gaussians, Plan(**{**vars(plan), "max_bytes": n_bytes}), settings))
    return {"n": len(gaussians), "points": points}


def fitted(path: Path, pixels: Any, plan: Plan, options: argparse.Namespace) -> imagegs.Gaussians:
    """The fit of a picture, of an earlier run if there is one."""
    kept = options.fits / f"{path.stem}-{options.tune}-{options.bpp}-{options.effort}-{options.side}.pickle"
    if kept.exists():
        found: imagegs.Gaussians = pickle.loads(kept.read_bytes())
        return found
    assert plan.n_gaussians is not None  # there is a size
    chosen: dict[str, Any] = {"effort": options.effort, "tune": options.tune, "layers": plan.layers}
    gaussians = imagegs.fit(pixels, plan.n_gaussians, threads=2, **chosen)
    options.fits.mkdir(parents=True, exist_ok=True)
    kept.write_bytes(pickle.dumps(gaussians))
    return gaussians


def packed(
    pixels: Any, gaussians: imagegs.Gaussians, plan: Plan, settings: CompressionOptions
) -> dict[str, Any]:
    """One file: bytes, PSNR, quantisations and seconds of all processors."""
    times, original = 0, rate_control.onto_lattice

    def counted(*args: Any, **kwargs: Any) -> imagegs.Gaussians:
        nonlocal times
        times += 1
        return original(*args, **kwargs)

    rate_control.onto_lattice = counted
    start = time.process_time()
    try:
        data = Packer(plan, settings).pack(FittedGaussians(gaussians, pixels), SOFTWARE)
    finally:
        rate_control.onto_lattice = original
    seconds = time.process_time() - start
    painted = imagegs.render(imagegs.decode(data), dtype=pixels.dtype, threads=2)
    return {"bytes": len(data), "psnr": psnr(pixels, painted), "quantised": times, "seconds": seconds}


def curve(row: dict[str, Any]) -> Curve:
    return rising([(point["psnr"], point["bytes"]) for point in row["points"]])


def compare(rows: dict[str, Any], others: dict[str, Any]) -> None:
    rates, gains = [], []
    for name in sorted(rows.keys() & others.keys()):
        rate = bd_rate(curve(rows[name]), curve(others[name]))
        assert rate is not None  # the sizes are the same
        rates.append(rate)
        pairs = zip(rows[name]["points"], others[name]["points"], strict=True)
        gains.append(statistics.fmean(a["psnr"] - b["psnr"] for a, b in pairs))
        print(f"{name}: {rates[-1]:+.1%} bytes at equal PSNR, {gains[-1]:+.3f} dB at the wanted sizes")
    print(f"mean: {statistics.fmean(rates):+.2%} bytes, {statistics.fmean(gains):+.3f} dB")


def main() -> None:
    parser = picture_parser(__doc__ or "")
    parser.add_argument("--fits", type=Path, required=True, help="a folder for the fits, outside the project")
    parser.add_argument("--tune", default="psnr")
    parser.add_argument("--bpp", type=float, default=0.3)
    parser.add_argument("--effort", type=int, default=3)
    parser.add_argument("--against", type=Path, help="results of another version")
    options = parser.parse_args()
    setting = {k: getattr(options, k) for k in ("tune", "bpp", "effort", "side")}
    record = Record(options.out, setting)
    record.fill(options, measure)
    points = [point for row in record.rows.values() for point in row["points"]]
    print(f"\n{record.result['machine']}; {setting}")
    times, seconds = (statistics.fmean(p[k] for p in points) for k in ("quantised", "seconds"))
    print(f"{len(record.rows)} pictures: {times:.2f} quantisations and {seconds:.2f} s a file")
    if options.against:
        compare(record.rows, json.loads(options.against.read_text())["rows"])


if __name__ == "__main__":
    main()
