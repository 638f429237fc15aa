"""imagegs: pictures and texture stacks as a few thousand coloured, anisotropic 2D Gaussians.

    gaussians = imagegs.fit(image, n_gaussians=10_000)
    imagegs.save("a.gsimg", gaussians)
    picture = imagegs.render(imagegs.load("a.gsimg"), height=4000)

The whole public surface. Names are fetched from their modules when first used, so that a command which only
decodes does not load the fitting.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from imagegs.version import __version__

if TYPE_CHECKING:
    from imagegs.choices import DeviceName, GrainChoice, RecipeName, RestorationName, Tune
    from imagegs.codec import (
        Bits,
        ColorTransform,
        FileInfo,
        Grain,
        Lattice,
        LayerInfo,
        decode,
        encode,
        load,
        read_info,
        render,
        sample,
        save,
    )
    from imagegs.compression import (
        Compressed,
        QualityFit,
        ScoreFit,
        compress,
        compress_with_report,
        decompress,
        fit_to_psnr,
        fit_to_ssimulacra2,
        imread,
        imwrite,
    )
    from imagegs.errors import FormatError, ImageGSError, LimitError, NotEnoughMemoryError
    from imagegs.fitting import (
        Placement,
        Progress,
        choose_lattice,
        fit,
        fit_progressively,
        quantise,
    )
    from imagegs.gaussians import BlendName, Gaussians
    from imagegs.pictures.given import ImageLike
    from imagegs.pictures.pixels import IntegerPixels
    from imagegs.pillow import register_pillow
    from imagegs.rendering import MultiplyAdds, Painter

__all__ = [
    "Bits",
    "BlendName",
    "ColorTransform",
    "Compressed",
    "DeviceName",
    "FileInfo",
    "FormatError",
    "Gaussians",
    "Grain",
    "GrainChoice",
    "ImageGSError",
    "ImageLike",
    "IntegerPixels",
    "Lattice",
    "LayerInfo",
    "LimitError",
    "MultiplyAdds",
    "NotEnoughMemoryError",
    "Painter",
    "Placement",
    "Progress",
    "QualityFit",
    "RecipeName",
    "RestorationName",
    "ScoreFit",
    "Tune",
    "__version__",
    "choose_lattice",
    "compress",
    "compress_with_report",
    "decode",
    "decompress",
    "encode",
    "fit",
    "fit_progressively",
    "fit_to_psnr",
    "fit_to_ssimulacra2",
    "imread",
    "imwrite",
    "load",
    "quantise",
    "read_info",
    "register_pillow",
    "render",
    "sample",
    "save",
]

_HOMES = {
    "choices": ("DeviceName", "GrainChoice", "RecipeName", "RestorationName", "Tune"),
    "codec": (
        "Bits",
        "ColorTransform",
        "FileInfo",
        "Grain",
        "Lattice",
        "LayerInfo",
        "decode",
        "encode",
        "load",
        "read_info",
        "render",
        "sample",
        "save",
    ),
    "compression": (
        "Compressed",
        "QualityFit",
        "ScoreFit",
        "compress",
        "compress_with_report",
        "decompress",
        "fit_to_psnr",
        "fit_to_ssimulacra2",
        "imread",
        "imwrite",
    ),
    "errors": ("FormatError", "ImageGSError", "LimitError", "NotEnoughMemoryError"),
    "fitting": (
        "Placement",
        "Progress",
        "fit",
        "fit_progressively",
        "choose_lattice",
        "quantise",
    ),
    "gaussians": ("BlendName", "Gaussians"),
    "pillow": ("register_pillow",),
    "pictures.given": ("ImageLike",),
    "pictures.pixels": ("IntegerPixels",),
    "rendering": ("MultiplyAdds", "Painter"),
}


def __getattr__(name: str) -> Any:
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"imagegs.{home}"), name)
    raise AttributeError(f"module 'imagegs' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
