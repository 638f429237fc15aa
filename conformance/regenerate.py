"""Writes valid/ and invalid/ anew, the same bytes each time.

python conformance/regenerate.py [FOLDER]     FOLDER: in place of this script's own
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.append(str(HERE.parent / "tests"))  # the float64 painter is tests/oracle.py

import invalid_files  # noqa: E402
import page  # noqa: E402
import valid_files  # noqa: E402
from expected import expected, to_json  # noqa: E402


def regenerate(folder: Path) -> None:
    """Writes all files below the folder; what is there and not of the set is removed."""
    for name in ("valid", "invalid"):
        (folder / name).mkdir(parents=True, exist_ok=True)
        for old in (folder / name).iterdir():
            old.unlink()
    parts = (valid_files.fixed_point, valid_files.in_layers, valid_files.in_blocks, valid_files.grained)
    for part in parts:
        for name, data, height in part():
            (folder / "valid" / f"{name}.gsimg").write_bytes(data)
            text = to_json(expected(data, height))
            (folder / "valid" / f"{name}.json").write_text(text, encoding="utf-8", newline="\n")
    messages = {}
    for name, data in invalid_files.files().items():
        (folder / "invalid" / f"{name}.gsimg").write_bytes(data)
        messages[name] = invalid_files.message(data)
    text = json.dumps(messages, indent=1) + "\n"
    (folder / "invalid" / "expected.json").write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    regenerate(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE)
    if len(sys.argv) == 1:
        text = page.PAGE.read_text(encoding="utf-8")
        page.PAGE.write_text(page.with_dumps(text), encoding="utf-8", newline="\n")
