"""What can go wrong, one class per kind of cause.

Arguments of the wrong type or range raise the built-in `TypeError` and `ValueError`; files that cannot
be read or written raise `OSError`. Everything else that imagegs reports derives from `ImageGSError`.
"""


class ImageGSError(Exception):
    """Base class: the operation failed."""


class FormatError(ImageGSError):
    """The contents of a file (a .gsimg or a picture) are invalid or not supported."""


class LimitError(FormatError):
    """The contents are well formed but ask for more than the limit that was set."""
