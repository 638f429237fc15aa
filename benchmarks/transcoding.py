"""Texture files of stacks: seconds, bytes and PSNR by format.

    python benchmarks/transcoding.py --textures DIR [--side 1024] [--count 2] [--gaussians 20000] [--effort 1]
                                     [--formats bc7,bc5,etc1s] [--threads 2] [--out results.json]

DIR has a folder for each stack. Each is fitted once (files are kept in --files), then every map that can have
a format is encoded in it with all mip levels. Seconds are of encoding alone; painting and averaging the
levels has a row of its own, "levels". "whole" and "whole bc7" are the export of a stack to KTX2, in the
formats that suit its maps and in BC7. PSNR, at most 100 dB, is that of what a graphics card sees of level 0
against what was encoded, in the channels that the format keeps, the mean of all textures. Larger maps are
reduced to `side` by box filtering.
"""

from __future__ import annotations

import argparse
import io
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import alktx2
import numpy as np
import texture2ddecoder
from numpy.typing import NDArray
from PIL import Image

from imagegs.applications.export.engines.encoding import Texels, encode_basis, encode_levels
from imagegs.applications.export.engines.files import texels_of, texture_files
from imagegs.applications.export.engines.formats import FORMATS
from imagegs.applications.export.engines.planning import Texture, plan_textures
from imagegs.cli.app import main as command
from imagegs.gaussians import Gaussians
from imagegs.metrics import psnr
from imagegs.textures.map_list import TextureMap
from imagegs.textures.painting import decode_with_maps
from records import Record
from textures import prepare

KEPT = {"bc5": 2, "bc4": 1}  # channels; other formats keep all
MOST_PSNR = 100.0  # dB, of textures that lose nothing
Rows = dict[str, list[dict[str, float]]]


def fitted(folder: Path, options: argparse.Namespace) -> tuple[Gaussians, tuple[TextureMap, ...]]:
    """The stack of a folder, fitted unless there is a file of it."""
    place = options.files / str(options.side)
    file = place / f"{folder.name}-{options.gaussians}-{options.effort}.gsimg"
    if not file.exists():
        maps = prepare(folder, options.side, place / folder.name)
        fit = ["-n", str(options.gaussians), "-e", str(options.effort), "--tune", "psnr", "--quiet"]
        if command(["encode", str(maps), "-o", str(file), *fit]) != 0:
            raise RuntimeError(f"{folder} was not encoded")
    return decode_with_maps(file.read_bytes())


def timed(call: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    made = call()
    return time.perf_counter() - start, made


def encoded(texture: Texture, levels: list[Texels], threads: int | None) -> tuple[int, NDArray[np.uint8]]:
    """The bytes of all levels, and what a graphics card sees of the first."""
    name, (height, width) = texture.texel_format.name, levels[0].shape[:2]
    if texture.texel_format.is_basis:
        data = encode_basis(
            levels, name, is_srgb=texture.is_srgb, has_alpha=texture.has_alpha, threads=threads
        )
        png = alktx2.decode_ktx2_to_bytes(data, format="png")[0]
        return len(data), np.asarray(Image.open(io.BytesIO(png)).convert("RGBA"))[:height, :width]
    blocks = encode_levels(levels, texture.texel_format, threads)
    n_bytes = sum(map(len, blocks))
    bgra = getattr(texture2ddecoder, f"decode_{name}")(blocks[0], width, height)
    return n_bytes, np.frombuffer(bgra, np.uint8).reshape(height, width, 4)[:, :, [2, 1, 0, 3]]


def measure(g: Gaussians, maps: tuple[TextureMap, ...], formats: list[str], threads: int | None) -> Rows:
    """Rows of each format, one a map, and those of the levels and of whole stacks."""
    rows: Rows = defaultdict(list)
    for each in maps:
        for name in formats:
            try:
                [texture] = plan_textures([each], "ktx2", format=name)
            except ValueError:  # the map cannot have that format
                continue
            if texture.texel_format.name != name:  # bc1 with alpha, which must be 0 or 255
                continue
            seconds, levels = timed(lambda made=texture: texels_of(g, made, threads))
            rows["levels"].append({"seconds": seconds})
            seconds, (n_bytes, seen) = timed(
                lambda made=texture, texels=levels: encoded(made, texels, threads)
            )
            kept = KEPT.get(name, 4 if texture.has_alpha else 3)
            quality = psnr(levels[0][:, :, :kept], seen[:, :, :kept], (None,) * kept)
            rows[name].append({"seconds": seconds, "bytes": n_bytes, "psnr": min(quality, MOST_PSNR)})
    for name, chosen in (("whole", None), ("whole bc7", "bc7")):
        files = texture_files(g, maps, "ktx2", format=chosen, threads=threads)
        seconds, _ = timed(lambda made=files: [b"".join(pieces) for pieces in made.values()])
        rows[name].append({"seconds": seconds, "channels": len(g.channels)})
    return rows


def summary(rows: list[dict[str, float]]) -> str:
    means = {key: np.mean([row[key] for row in rows]) for key in rows[0]}
    most = max(row["seconds"] for row in rows)
    return f"{len(rows):3} " + "  ".join(f"{k} {v:.2f}" for k, v in means.items()) + f"  slowest {most:.2f}"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--textures", type=Path, required=True)
    parser.add_argument("--side", type=int, default=1024, help="pixels; larger maps are reduced")
    parser.add_argument("--count", type=int, help="only the first so many stacks")
    parser.add_argument("--gaussians", type=int, default=20000)
    parser.add_argument("--effort", type=int, default=1)
    parser.add_argument("--formats", default=",".join(name for name in FORMATS if name != "rgba8"))
    parser.add_argument("--threads", type=int)
    parser.add_argument(
        "--files", type=Path, default=Path("texture-files"), help="where reduced maps and files are left"
    )
    parser.add_argument("--out", type=Path, help="results; what the file already has is kept")
    options = parser.parse_args()
    setting = {name: getattr(options, name) for name in ("side", "gaussians", "effort", "threads")}
    record = Record(options.out, setting)
    for folder in sorted(f for f in options.textures.iterdir() if f.is_dir())[: options.count]:
        if folder.name not in record.rows:
            stack = fitted(folder, options)
            record.rows[folder.name] = measure(*stack, options.formats.split(","), options.threads)
            record.keep()
        for name, rows in record.rows[folder.name].items():
            print(f"{folder.name:28} {name:9} {summary(rows)}", flush=True)
    for name in dict.fromkeys(name for rows in record.rows.values() for name in rows):
        print(f"{'all':28} {name:9} {summary([r for f in record.rows.values() for r in f.get(name, [])])}")


if __name__ == "__main__":
    main()
