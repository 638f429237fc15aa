"""Pictures about Gaussians and their fits: ellipses, error maps, growth."""

from imagegs.drawing.ellipses import BACKGROUNDS, MAX_SIGMAS
from imagegs.drawing.raster import draw_ellipses
from imagegs.drawing.vector import svg_ellipses

__all__ = ["BACKGROUNDS", "MAX_SIGMAS", "draw_ellipses", "svg_ellipses"]
