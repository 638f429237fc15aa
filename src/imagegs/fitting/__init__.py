"""From pictures to Gaussians."""

from imagegs.fitting.progress import RECIPES, AttributeBits, Progress, RecipeName
from imagegs.fitting.recipes import default_gaussians, fit, fit_progressively, steps_of

__all__ = [
    "RECIPES",
    "AttributeBits",
    "Progress",
    "RecipeName",
    "default_gaussians",
    "fit",
    "fit_progressively",
    "steps_of",
]
