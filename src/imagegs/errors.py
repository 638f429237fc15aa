"""What can go wrong, one class per kind of cause.

Arguments of the wrong type or range raise the built-in `TypeError` and `ValueError`; files that cannot
be read or written raise `OSError`. Everything else that imagegs reports derives from `ImageGSError`.
"""

import errno
from collections.abc import Iterator
from contextlib import contextmanager


class ImageGSError(Exception):
    """Base class: the operation failed.

    >>> try:
    ...     imagegs.decompress(b"no such file")
    ... except imagegs.ImageGSError as error:
    ...     print(type(error).__name__)
    FormatError
    """


class FormatError(ImageGSError):
    """The contents of a file (a .gsimg or a picture) are invalid or not supported.

    >>> imagegs.decode(b"")
    Traceback (most recent call last):
    ...
    imagegs.errors.FormatError: the file is empty
    """


class LimitError(FormatError):
    """The contents are well formed but ask for more than the limit that was set.

    >>> data = imagegs.compress(np.zeros((16, 24), np.uint8), n_gaussians=4, effort=1)
    >>> imagegs.decompress(data, size_limit=100)
    Traceback (most recent call last):
    ...
    imagegs.errors.LimitError: the canvas of 24 x 16 pixels is over the limit of 100 pixels
    """


class NotEnoughMemoryError(ImageGSError, MemoryError):
    """The work would take more memory than is left, and was not begun.

    It is a MemoryError, too, so that whoever expects that one has both.

    >>> try:
    ...     data = imagegs.compress(np.zeros((16, 24), np.uint8), n_gaussians=4, effort=1)
    ... except imagegs.NotEnoughMemoryError as error:
    ...     print(f"too large for this machine: {error}")
    """


def is_of_the_disk(error: Exception) -> bool:
    """Whether the system could not read a file; libraries raise OSError for what is in it, too, or seek to
    where no file is (EINVAL).
    """
    return isinstance(error, OSError) and error.errno not in (None, errno.EINVAL)


@contextmanager
def reading(problem: str) -> Iterator[None]:
    """Turns what a library raises at bytes that it did not expect into a FormatError: "PROBLEM: its text".

    MemoryError, errors of imagegs itself, and failures of the disk pass as they are.
    """
    try:
        yield
    except (MemoryError, ImageGSError):
        raise
    except Exception as error:
        if is_of_the_disk(error):
            raise
        # TokenError and SyntaxError have the place behind the text.
        told = error.args[0] if len(error.args) == 2 and isinstance(error.args[0], str) else error
        text = " ".join(str(told).split()) or type(error).__name__
        raise FormatError(f"{problem}: {text}") from error
