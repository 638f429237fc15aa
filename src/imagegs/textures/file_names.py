"""Names that a file of a folder can have on every system: no path, no device, no twin of another name."""

from __future__ import annotations

import re
import unicodedata

MOST_BYTES = 255  # of a name in UTF-8; file systems that count other units allow as many of those

_SPECIAL = '/\\:<>"|?*'
# Windows opens a device under these names, whatever the folder and whatever follows a dot.
_DEVICE = re.compile(
    r"(con|prn|aux|nul|(com|lpt)[0-9\u00b9\u00b2\u00b3]|conin\$|conout\$) *(\.|$)", re.IGNORECASE
)


def flaw_of(name: str) -> str | None:
    """Says why a file cannot have this name on some system; None where it can on all."""
    if not name:
        return "it is empty"
    if name[0] == ".":
        return "it begins with a dot"
    if name[-1] in ". ":
        return "it ends with a dot or a space"
    if not name.isprintable():  # bidirectional marks and other characters that do not show among them
        return "it has control characters or others that do not show"
    if special := next((each for each in name if each in _SPECIAL), None):
        return f"it has the character {special}"
    if _DEVICE.match(name):
        return "it is a device's on Windows"
    n_bytes = len(name.encode())
    return f"it has {n_bytes} bytes, at most {MOST_BYTES} are possible" if n_bytes > MOST_BYTES else None


def twin_key(name: str) -> str:
    """A key that is equal for names that some system takes for one, by capitals or composed characters."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
