"""Checks the wheel and the source archive in a folder: all that belongs in them, and nothing else.

    python tests/package_contents.py build/dist

A wheel of the stable ABI is handed to abi3audit as well.
"""

from __future__ import annotations

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
MOST_BYTES = {"wheel": 3_000_000, "sdist": 5_000_000}
PACKAGE = "src/imagegs/"
LEFT_OUT = (".ci/", ".github/")  # of the source archive
NEEDED = {"imagegs/py.typed", "imagegs/_native.pyi", "imagegs/viewer/page/page.html"}


def main(folder: Path) -> None:
    (wheel,), (sdist,) = folder.glob("*.whl"), folder.glob("*.tar.gz")
    tracked = set(subprocess.check_output(["git", "ls-files"], cwd=ROOT, text=True).splitlines())
    check("wheel", wheel, wheel_faults(wheel, tracked))
    check("sdist", sdist, sdist_faults(sdist, tracked))
    if "-abi3-" in wheel.name:
        subprocess.run([sys.executable, "-m", "abi3audit", "--strict", str(wheel)], check=True)


def check(kind: str, path: Path, faults: list[str]) -> None:
    """Ends the run where something is wrong."""
    size = path.stat().st_size
    if size > MOST_BYTES[kind]:
        faults.append(f"{size} bytes are more than {MOST_BYTES[kind]}")
    if faults:
        sys.exit("\n".join(f"{path.name}: {fault}" for fault in faults))
    print(f"{path.name}: {size} bytes")


def wheel_faults(wheel: Path, tracked: set[str]) -> list[str]:
    """The package's files, the native module, and the metadata."""
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    own = {name for name in names if ".dist-info/" not in name}
    native = {name for name in own if name.startswith("imagegs/_native.") and name.endswith((".so", ".pyd"))}
    ours = {"imagegs/" + name.removeprefix(PACKAGE) for name in tracked if name.startswith(PACKAGE)}
    faults = [f"{name} does not belong" for name in sorted(own - native - ours)]
    faults += [f"{name} is missing" for name in sorted(NEEDED - own)]
    faults += [f"{name} is missing" for name in sorted(ours - own) if name.endswith(".py")]
    if len(native) != 1:
        faults.append(f"{len(native)} native modules")
    if not any(name.endswith("LICENSE") for name in names - own):
        faults.append("the licence is missing")
    return faults


def sdist_faults(sdist: Path, tracked: set[str]) -> list[str]:
    """The tracked files, and PKG-INFO."""
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    expected = {name for name in tracked if not name.startswith(LEFT_OUT)} | {"PKG-INFO"}
    faults = [f"{name} does not belong" for name in sorted(names - expected)]
    return faults + [f"{name} is missing" for name in sorted(expected - names)]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
