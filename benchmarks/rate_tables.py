"""What rate.py measured: tables of means, BD-rates, and curves.

    python benchmarks/rate_tables.py results.json [--plot curves.png]
                                     [--published fits.json,... --pictures DIR [--side 1024]]

The BD-rate (Bjontegaard 2001, with monotone cubics) is the mean difference of the sizes at equal PSNR, of the
range that both curves of a picture share, or at the one point of the other; the table has its mean over the
pictures that have one. --published takes "Image-GS" from results of fitting.py: the published recipe's fits,
unquantised, at the size of their files with 16 bits a number.
"""

from __future__ import annotations

import argparse
import json
import statistics
from pathlib import Path
from typing import Any

import numpy as np

from imagegs.codec import Bits, file_size
from imagegs.evaluation.curves import Curve, bd_rate, rising
from records import load, pictures

MEASURES = {"bpp": 3, "psnr": 2, "ssim": 4, "ms_ssim": 4}
Rows = dict[str, dict[str, dict[str, Any]]]  # [bpp][codec][picture]


def print_tables(result: dict[str, Any]) -> None:
    """One for each number of bits a pixel, then the BD-rates of the first codec."""
    print(f"\n{result['machine']}; effort {result['effort']}, tune {result['tune']}")
    rows: Rows = result["rows"]
    for bpp in sorted(rows, key=float):
        if len(rows[bpp]) > 1:
            print_means(
                bpp, {codec: {p: r for p, r in found.items() if r} for codec, found in rows[bpp].items()}
            )
    first, *others = dict.fromkeys(codec for codecs in rows.values() for codec in codecs)
    print(f"\n| {first} against | BD-rate | pictures |\n| --- | --- | --- |")
    for other in others:
        rates = [
            r
            for p in pictures_of(rows, other)
            if (r := bd_rate(curve(rows, first, p), curve(rows, other, p)))
        ]
        print(
            f"| {other} | {statistics.fmean(rates):+.1%} | {len(rates)} |"
            if rates
            else f"| {other} | - | 0 |"
        )


def print_means(bpp: str, codecs: dict[str, dict[str, Any]]) -> None:
    """Over the pictures that every codec with any has."""
    shared = set.intersection(*(set(found) for found in codecs.values() if found))
    print(f"\n{bpp} bpp, {len(shared)} pictures\n\n| codec | {' | '.join(MEASURES)} |\n" + "| --- " * 5 + "|")
    for codec, found in codecs.items():
        cells = (
            [
                f"{statistics.fmean(found[p][name] for p in shared):.{digits}f}"
                for name, digits in MEASURES.items()
            ]
            if found and shared
            else ["no such file", "", "", ""]
        )
        print(f"| {codec} | {' | '.join(cells)} |")


def pictures_of(rows: Rows, codec: str) -> list[str]:
    return sorted({p for codecs in rows.values() for p in codecs.get(codec, {})})


def curve(rows: Rows, codec: str, picture: str) -> Curve:
    """The curve of a codec for a picture."""
    found = [codecs.get(codec, {}).get(picture) for codecs in rows.values()]
    return rising([(row["psnr"], row["bpp"]) for row in found if row])


def add_published(rows: Rows, fits: Path, paths: list[Path], side: int | None) -> None:
    """The rows of the published recipe, by the number of Gaussians of its fits."""
    result = json.loads(fits.read_text())
    for path in paths:
        if (row := result["fits"]["paper"].get(path.stem)) is None:
            continue
        height, width, _ = load(path, side).shape
        size = file_size(result["n"], ("R", "G", "B"), "paper", Bits(16, 16, 16, 0, 16))
        found = {**row, "bpp": 8 * size / (height * width)}
        rows.setdefault(f"{found['bpp']:.2f}", {}).setdefault("Image-GS", {})[path.stem] = found


def plot(result: dict[str, Any], path: Path) -> None:
    """Mean PSNR and MS-SSIM over bits a pixel."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, 2, figsize=(11, 4.2), layout="constrained")
    rows: Rows = result["rows"]
    for codec in dict.fromkeys(codec for codecs in rows.values() for codec in codecs):
        means = []
        for bpp in sorted(rows, key=float):
            codecs = {name: {p for p, r in found.items() if r} for name, found in rows[bpp].items()}
            shared = set.intersection(*(found for found in codecs.values() if found))
            if codecs.get(codec) and shared:
                found = rows[bpp][codec]
                means.append(
                    [statistics.fmean(found[p][k] for p in shared) for k in ("bpp", "psnr", "ms_ssim")]
                )
        if means:
            bpp_values, psnr, ms_ssim = np.transpose(means)
            width = 2.5 if codec == "imagegs" else 1.2
            axes[0].plot(bpp_values, psnr, marker="o", markersize=3, linewidth=width, label=codec)
            axes[1].plot(bpp_values, ms_ssim, marker="o", markersize=3, linewidth=width, label=codec)
    axes[0].set(xlabel="bits a pixel", ylabel="PSNR, dB")
    axes[1].set(xlabel="bits a pixel", ylabel="MS-SSIM")
    axes[0].legend()
    for axis in axes:
        axis.grid(alpha=0.3)
    figure.savefig(path, dpi=110)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("results", type=Path)
    parser.add_argument("--plot", type=Path)
    parser.add_argument("--published", type=lambda text: [Path(p) for p in text.split(",")], default=[])
    parser.add_argument("--pictures", type=Path, help="of --published")
    parser.add_argument("--side", type=int)
    options = parser.parse_args()
    result = json.loads(options.results.read_text())
    for fits in options.published:
        add_published(result["rows"], fits, pictures(options.pictures), options.side)
    print_tables(result)
    if options.plot:
        plot(result, options.plot)


if __name__ == "__main__":
    main()
