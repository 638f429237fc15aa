"""From pictures to Gaussians."""

from imagegs.choices import DEFAULT_EFFORT, RECIPES, TUNES, RecipeName, Tune
from imagegs.fitting.pixels_to_gaussians import fit, fit_progressively
from imagegs.fitting.placement import Placement
from imagegs.fitting.progress import Progress
from imagegs.fitting.pruning import drop_useless
from imagegs.fitting.quantising import choose_lattice, quantise
from imagegs.fitting.recipes import RecipeError, default_gaussians, steps_of

__all__ = [
    "DEFAULT_EFFORT",
    "RECIPES",
    "TUNES",
    "Placement",
    "Progress",
    "RecipeError",
    "RecipeName",
    "Tune",
    "choose_lattice",
    "default_gaussians",
    "drop_useless",
    "fit",
    "fit_progressively",
    "quantise",
    "steps_of",
]
