"""The recipes by name: what each knows, and how long it runs."""

from __future__ import annotations

import operator

from imagegs.choices import DEFAULT_EFFORT, LEAST_EFFORT, MOST_EFFORT, RECIPES, TUNES, RecipeName, Tune

PAPER_STEPS = 5000
MAX_STEPS = 1_000_000
EFFORT_STEPS = {1: 60, 2: 105, 3: 180, 4: 270, 5: 400, 6: 700, 7: 1200, 8: 2200, 9: 4000}
PSNR_STEPS_SHARE = 2.25  # without SSIM a step is cheaper, and the last digits want more of them
DEFAULT_PIXELS_PER_GAUSSIAN = 100  # when nothing says how many


# What only the imagegs recipe knows: keyword of `fit` or of a compression -> what the paper recipe has not.
_PAPER_LACKS = {
    "psnr": "search for a wanted PSNR",
    "ssimulacra2": "search for a wanted score of SSIMULACRA 2",
    "tune": "tune",
    "time_budget": "time budget",
    "start": "start from other Gaussians",
    "layers": "layers",
    "wrap": "canvas that wraps",
    "pixel_weights": "weights of pixels",
    "channel_weights": "weights of channels",
    "restore": "restoration",
    "device": "fit on a graphics card",
}


class RecipeError(ValueError):
    """A recipe does not know an option: `option` is its keyword."""

    def __init__(self, option: str) -> None:
        super().__init__(f"the paper recipe has no {_PAPER_LACKS[option]}")
        self.option = option


def check_recipe(recipe: RecipeName, **asked: bool) -> None:
    """Raise RecipeError for the first option that is asked for and that the recipe does not know."""
    if recipe == "paper":
        for option, is_asked in asked.items():
            if is_asked:
                raise RecipeError(option)


def default_gaussians(height: int, width: int) -> int:
    """One Gaussian for every 100 pixels, but not fewer than 64 or one for every second pixel."""
    pixels = height * width
    return max(pixels // DEFAULT_PIXELS_PER_GAUSSIAN, min(64, (pixels + 1) // 2))


def steps_of(
    recipe: RecipeName, effort: int = DEFAULT_EFFORT, steps: int | None = None, tune: Tune = "balanced"
) -> int:
    """How many steps a fit takes at most: `steps` if given, else what the recipe and its effort say.

    Raises ValueError for an unknown recipe or tune, another effort than 1..9, or no steps.
    """
    if recipe not in RECIPES:
        raise ValueError(f"no recipe {recipe!r}; there are {', '.join(RECIPES)}")
    if effort not in EFFORT_STEPS:
        raise ValueError(f"effort is {LEAST_EFFORT} to {MOST_EFFORT}, not {effort}")
    if steps is not None and operator.index(steps) < 1:
        raise ValueError(f"at least one step is needed, not {steps}")
    if steps is not None and steps > MAX_STEPS:
        raise ValueError(f"more than {MAX_STEPS} steps are not sensible")
    if tune not in TUNES:
        raise ValueError(f"no tune {tune!r}; there are {', '.join(TUNES)}")
    if steps is not None or recipe == "paper":
        return steps or PAPER_STEPS
    return round(EFFORT_STEPS[effort] * (PSNR_STEPS_SHARE if tune == "psnr" else 1))
