"""Which options of a compression go together: the one home of these rules.

`imagegs.compress` has keywords, the command line has flags. A message therefore names options in braces, and
whoever tells it puts its own names there.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from imagegs.choices import RestorationName
from imagegs.pictures.pixels import is_seen
from imagegs.ssimulacra.score import MIN_SIDE


@dataclass(frozen=True, kw_only=True)
class Given:
    """The facts that the rules look at: which options are given, and some of the picture."""

    restore: RestorationName | None
    psnr: bool  # or quality
    ssimulacra2: bool
    time_budget: bool
    visual: bool  # the tune
    exact: bool
    grain: bool  # a strength above 0
    mask: bool
    init_map: bool  # init is a map
    pixel_weights: bool
    more_layers: bool  # than one
    fixed_point: bool  # numbers are in fixed point, by bits or by the paper recipe
    has_maps: bool  # the picture is a stack of maps
    channels: tuple[str, ...]  # of the picture
    shorter_side: int  # pixels

    @property
    def has_alpha(self) -> bool:
        """Whether the picture has."""
        return self.channels[-1] == "A"


class OptionsError(ValueError):
    """Options that do not go together.

    template: the message, in which {name} is an option, {name=value} an option with a value.
    """

    def __init__(self, template: str) -> None:
        self.template = template
        super().__init__(self.named(_keyword))

    def named(self, name_of: Callable[[str], str]) -> str:
        """The message with name_of("name") or name_of("name=value") in place of each option."""
        return re.sub("{(.*?)}", lambda option: name_of(option[1]), self.template)


def _keyword(option: str) -> str:
    name, equals, value = option.partition("=")
    return f'{name}="{value}"' if equals else name


def check_together(given: Given) -> None:
    """Raise OptionsError for options that do not go together."""
    if given.mask and given.restore != "inpaint":
        raise OptionsError("{mask} needs {restore=inpaint}")
    if given.restore is not None:
        _check_restoration(given)
    if given.visual and given.has_maps:
        raise OptionsError("{tune=visual} is for a picture that is looked at, not for {maps}")
    if given.grain and given.has_maps:
        raise OptionsError("{grain} is for a picture, not for {maps}")
    if given.more_layers and given.fixed_point:
        raise OptionsError(
            "numbers in fixed point have no layers: no {layers} with {bits} or the paper recipe"
        )
    if given.psnr and given.time_budget:
        raise OptionsError("{psnr} and {quality} take the time that they need: no {time_budget} with them")
    if given.ssimulacra2:
        _check_score(given)


def _check_score(given: Given) -> None:
    if given.time_budget:
        raise OptionsError("{ssimulacra2} takes the time that it needs: no {time_budget} with it")
    if given.has_maps:
        raise OptionsError("{ssimulacra2} is for a picture that is looked at, not for {maps}")
    if not is_seen(given.channels):
        raise OptionsError("{ssimulacra2} is for pictures with the channels Y, YA, RGB or RGBA")
    if given.shorter_side < MIN_SIDE:
        raise OptionsError(f"{{ssimulacra2}} is for pictures of at least {MIN_SIDE} x {MIN_SIDE} pixels")
    if given.exact and given.has_alpha:
        raise OptionsError("{exact} keeps what alpha hides, {ssimulacra2} measures what is seen: not both")


def _check_restoration(given: Given) -> None:
    if given.exact:
        raise OptionsError("{exact} keeps what alpha hides, {restore} fills it: not both")
    if given.grain:
        raise OptionsError(
            "{grain} measures what is lost of the picture, {restore} changes the picture: not both"
        )
    if given.has_maps:
        raise OptionsError("{restore} is for a picture, not for {maps}")
    if given.psnr:
        raise OptionsError("{psnr} and {quality} would measure against the damage: not with {restore}")
    if given.ssimulacra2:
        raise OptionsError("{ssimulacra2} would measure against the damage: not with {restore}")
    if given.restore == "upscale" and given.init_map:
        raise OptionsError("{restore=upscale} fits an enlarged picture: no map for {init} with it")
    if given.restore == "upscale" and given.pixel_weights:
        raise OptionsError("{restore=upscale} fits an enlarged picture: no {pixel_weights} with it")
    if given.restore == "inpaint" and not (given.mask or given.has_alpha):
        raise OptionsError("{restore=inpaint} needs {mask}, or a picture with an alpha channel")
