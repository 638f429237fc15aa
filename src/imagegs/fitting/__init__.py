"""From pictures to Gaussians."""

from imagegs.fitting.fit import default_gaussians, fit, fit_progressively
from imagegs.fitting.progress import RECIPES, AttributeBits, Progress, RecipeName

__all__ = [
    "RECIPES",
    "AttributeBits",
    "Progress",
    "RecipeName",
    "default_gaussians",
    "fit",
    "fit_progressively",
]
