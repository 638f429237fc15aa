"""What imagegs is willing to do for a file that it knows nothing about: the one home of these numbers.

The decoder for web pages has the first four too (web/limits.js); a test holds them equal. SECURITY.md
says what they promise.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

from imagegs.errors import LimitError

DEFAULT_SIZE_LIMIT = 2**28  # pixels


@dataclass(frozen=True)
class Limits:
    """Bounds on memory and work, checked before either is taken. What is above them is a LimitError."""

    max_bytes: int = 2**28  # of a file, and of what a pipe gives
    max_pixels: int = DEFAULT_SIZE_LIMIT  # of a canvas, and of a picture that is painted
    max_gaussians: int = 2**21  # of a file
    max_values: int = 2**24  # colour values of a file: Gaussians x channels
    max_samples: int = 2**30  # of what is painted, all of its files together: pixels x channels
    # Pairs of a Gaussian and a tile (rendering.most_pairs) in all that is painted: some minutes of work. Fits
    # have at most some hundred pairs a tile of 256 pixels; hostile files have all Gaussians on every tile.
    max_pairs: int = 2**30
    max_covered: int = 2**31  # pixels under the ellipses of a drawing, all counted: some seconds of work
    seconds: float = (
        20.0  # of what nobody expects to take minutes: Image.load() of Pillow, plot, export, view
    )
    max_exported: int = 2**24  # entries of the tiles' lists, for shaders
    max_picture_pixels: int = 2**26  # of a picture file that is read; see memory.fit_bytes
    max_picture_samples: int = 2**28  # of the picture files that are read together: pixels x channels

    @classmethod
    def of(cls, size_limit: int | None) -> Limits:
        """With other numbers of pixels, of a canvas as of a picture; None: the defaults.

        A larger limit raises all others in proportion. A smaller one lowers those of painting alone: a small
        canvas may have as many Gaussians and bytes as a large one.
        """
        if size_limit is None:
            return cls()
        usual = {f.name: getattr(cls, f.name) for f in fields(cls)}
        scaled = {name: value * size_limit // DEFAULT_SIZE_LIMIT for name, value in usual.items()}
        raised = {name: max(scaled[name], value) for name, value in usual.items()}
        exact = {
            "max_pixels": size_limit,
            "max_picture_pixels": size_limit,
            "max_picture_samples": 4 * size_limit,
        }
        return cls(**raised | {name: scaled[name] for name in ("max_samples", "max_pairs")} | exact)

    def hold(self, n_gaussians: int, n_channels: int, n_pixels: int) -> bool:
        """Whether a file with so many Gaussians on such a canvas is within them, its work and bytes aside."""
        return (
            n_gaussians <= self.max_gaussians
            and n_gaussians * n_channels <= self.max_values
            and n_pixels <= self.max_pixels
            and n_pixels * n_channels <= self.max_samples
        )

    def check_gaussians(self, n: int, n_channels: int) -> None:
        """Raises LimitError for so many Gaussians."""
        if n > self.max_gaussians:
            raise LimitError(f"{n} Gaussians are over the limit of {self.max_gaussians}")
        if (values := n * n_channels) > self.max_values:
            raise LimitError(f"{values} colour values are over the limit of {self.max_values}")

    def for_seconds(self) -> Limits:
        """These limits with an eighth of the work, for what nobody expects to take minutes."""
        return replace(self, max_pairs=self.max_pairs // 8)


DEFAULT_LIMITS = Limits()
BLOCK_PIXELS = DEFAULT_LIMITS.max_picture_pixels  # a picture with more is encoded block by block
MAX_WHOLE_PIXELS = 2**30  # of such a picture in a format that is decoded whole: 3 GiB of RGB
NO_SIZE_LIMIT = 2**62  # for what a run has made itself
NO_LIMITS = Limits.of(NO_SIZE_LIMIT)
