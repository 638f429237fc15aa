"""From pictures to Gaussians."""

from imagegs.compression.quality_target import QualityFit, fit_to_psnr, psnr_of_quality
from imagegs.fitting.progress import RECIPES, TUNES, AttributeBits, Progress, RecipeName, Tune
from imagegs.fitting.pruning import drop_useless
from imagegs.fitting.quantising import choose_lattice, settle
from imagegs.fitting.recipes import default_gaussians, fit, fit_progressively, steps_of

__all__ = [
    "RECIPES",
    "TUNES",
    "AttributeBits",
    "Progress",
    "QualityFit",
    "RecipeName",
    "Tune",
    "choose_lattice",
    "default_gaussians",
    "drop_useless",
    "fit",
    "fit_progressively",
    "fit_to_psnr",
    "psnr_of_quality",
    "settle",
    "steps_of",
]
