"""What can be chosen from a list, each list once.

This module imports nothing of the package, so that the command line can offer the choices without loading
what they are about.
"""

from __future__ import annotations

from typing import Literal, get_args

RecipeName = Literal["imagegs", "paper"]
"""How a fit runs: by the method of this package, or by the published one (Image-GS, SIGGRAPH 2025)."""
RECIPES: tuple[RecipeName, ...] = get_args(RecipeName)

LEAST_EFFORT, DEFAULT_EFFORT, MOST_EFFORT = 1, 5, 9  # how long a fit of the imagegs recipe may take

MOST_SCORE = 100.0  # of SSIMULACRA 2: that of equal pictures

Tune = Literal["balanced", "psnr", "ssim", "visual"]
"""What a fit makes good: the squared error ("psnr"), the structure ("ssim"), something between the two
("balanced"), or what an eye sees ("visual")."""
TUNES: tuple[Tune, ...] = get_args(Tune)

DeviceName = Literal["cpu", "cuda", "auto"]
"""A fit runs on the processor, on a graphics card, or on a card if there is a usable one ("auto")."""
DEVICES: tuple[DeviceName, ...] = get_args(DeviceName)

PlacementName = Literal["gradient", "random"]  # where the first Gaussians go
PLACEMENTS: tuple[PlacementName, ...] = get_args(PlacementName)

RestorationMode = Literal["denoise", "deblock", "inpaint", "upscale"]
RestorationName = RestorationMode | Literal["auto"]
"""What to restore; "auto": the mode that the picture asks for, or none."""
RESTORATIONS: tuple[RestorationName, ...] = (*get_args(RestorationMode), "auto")

GrainName = Literal["auto", "off"]
GRAINS: tuple[GrainName, ...] = get_args(GrainName)
GrainChoice = GrainName | float
"""The grain of a file: none ("off"), as strong as suits most pictures ("auto"), or its strength, 0..1."""

SaliencyMethod = Literal["model", "tuned", "gradient"]
SALIENCY_METHODS: tuple[SaliencyMethod, ...] = get_args(SaliencyMethod)

GrowthAxis = Literal["steps", "seconds"]  # what the growth of a fit is drawn over
GROWTH_AXES: tuple[GrowthAxis, ...] = get_args(GrowthAxis)

GrowthFormat = Literal["png", "svg", "pdf"]  # of the drawing's file
GROWTH_FORMATS: tuple[GrowthFormat, ...] = get_args(GrowthFormat)
