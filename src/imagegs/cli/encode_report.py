"""The report of `imagegs encode` on the file that it wrote."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from imagegs.cli.guidance import Guidance, guidance_report
from imagegs.cli.reports import psnr_fields, psnr_text, score_text

if TYPE_CHECKING:
    from imagegs.codec import Bits
    from imagegs.compression import Compressed, Compression
    from imagegs.pictures.pixels import Picture


def summary(result: Compressed, salient: dict[str, float]) -> str:
    """The line for people, to which the time is still to be added.

    salient: the PSNR inside and outside of salient places, as `salient_psnr` gives it.
    """
    places = "".join(f"{psnr_text(value)} {place}, " for place, value in salient.items())
    return (
        f"{len(result.data):,} bytes, {result.bpp:.3f} bpp, {result.n_gaussians:,} Gaussians, "
        f"{psnr_text(result.psnr)}, {result.ssim:.4f} SSIM, {_score_text(result)}{places}"
        f"{_grain_text(result)}"
    )


def report_of(
    compression: Compression,
    result: Compressed,
    seconds: float,
    guidance: Guidance | None,
    salient: dict[str, float],
) -> dict[str, Any]:
    """The JSON report, without the files' names.

    seconds: the time of fit, packing and writing together.
    """
    from imagegs.engine import engine
    from imagegs.textures.map_list import to_metadata

    plan, fit, machine = compression.plan, compression.options.fit, engine(compression.options.threads)
    picture, decoded = compression.restoration.shown, result.decoded
    height, width, _ = picture.pixels.shape
    return {
        "bytes": len(result.data),
        "bpp": result.bpp,
        "n_gaussians": result.n_gaussians,
        **psnr_fields(result.psnr),
        "ssim": result.ssim,
        "seconds": seconds,
        "steps": result.steps,
        "seed": fit.seed,
        "recipe": fit.recipe,
        "tune": plan.tune,
        "width": width,
        "height": height,
        "channels": list(picture.channels),
        "bit_depth": picture.bit_depth,
        **to_metadata(compression.maps),
        "layers": max(1, len(decoded.layers)),
        "wrap": decoded.wrap,
        "grain_bytes": _grain_bytes(result),
        "bits_per_gaussian": 8 * len(result.data) / result.n_gaussians,
        "bits": None if plan.bits is None else asdict(plan.bits),
        "threads": machine.threads,
        "isa": machine.isa,
        **({} if guidance is None else guidance_report(guidance, salient)),
        **_target_fields(result),
    }


def _target_fields(result: Compressed) -> dict[str, float]:
    """The wanted PSNR or score, and by how much it was missed; the score alone is measured only if wanted."""
    if result.target_ssimulacra2 is not None:
        wanted = {"ssimulacra2": result.ssimulacra2, "target_ssimulacra2": result.target_ssimulacra2}
    elif result.target_psnr is not None:
        wanted = {"target_psnr": result.target_psnr}
    else:
        return {}
    return {**wanted, "missed_by": result.missed_by}


def missed_text(result: Compressed) -> str:
    """Tells people how far the wanted PSNR or score was missed; empty where it was not."""
    if not result.missed_by:
        return ""
    if result.target_ssimulacra2 is not None:
        wanted, unit = f"a score of {result.target_ssimulacra2:g} of SSIMULACRA 2 was", "points"
    else:
        wanted, unit = f"{result.target_psnr:g} dB were", "dB"
    return f"{wanted} not reached: {result.missed_by:.2f} {unit} less"


def _score_text(result: Compressed) -> str:
    return "" if result.target_ssimulacra2 is None else f"{score_text(result.ssimulacra2)}, "


def _grain_bytes(result: Compressed) -> int:
    """Of the chunk, all in; 0 without grain."""
    from imagegs.codec.container import CHUNK_BYTES

    return 0 if result.grain is None else CHUNK_BYTES + result.grain.n_bytes


def _grain_text(result: Compressed) -> str:
    return "" if result.grain is None else f"grain of {_grain_bytes(result)} bytes, "


def size_text(picture: Picture) -> str:
    """Size, channels and depth of a picture, for people."""
    height, width, _ = picture.pixels.shape
    return f"{width} x {height} pixels, {' '.join(picture.channels)}, {picture.bit_depth} bits"


def bits_text(bits: Bits | None) -> str:
    """How the file stores numbers, for people."""
    if bits is None:
        return "coded"
    return ", ".join(f"{name} {value}" for name, value in asdict(bits).items()) + " bits"
