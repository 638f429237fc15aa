"""Everything that docs/ has a table of, measured anew; then the tables, from the new results.

    make benchmarks-all                                   # or: python benchmarks/everything.py
    python benchmarks/everything.py --list                # the names, and what would still run
    python benchmarks/everything.py --only mips levels-kodak

It takes days on two processors. What has ended is kept in build/benchmarks under the state of the source
code; a run that was cut off goes on there, most benchmarks picture by picture. When all is there the results
are copied to benchmarks/results, and doc_tables.py writes the documents.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import doc_tables
import feature_commands
from committed_results import RESULTS
from imagegs.evaluation.codecs import GROUPS
from imagegs.evaluation.processes import python_command

HERE = Path(__file__).absolute().parent
ROOT = HERE.parent
DATA = ROOT.parent / "shared/data"
WORK = ROOT / "build/benchmarks"
BENCH = (
    "--side 768 -e 3 --rates 0.05,0.1,0.2,0.5,1 --metrics psnr,ssim,ms-ssim,ssimulacra2 --codecs "
    + ",".join(name for name in ("imagegs", "imagegs-psnr", *GROUPS["all"][1:]) if name != "paper")
)

SETS = ("kodak", "stylized", "photos")
# Six pictures of Kodak, six stylized ones, three photographs; of these five for what takes longest.
NEURAL_PICTURES = (
    *(f"kodak/kodim{number}.png" for number in ("01", "05", "11", "17", "20", "24")),
    *(
        f"stylized/{name}"
        for name in (
            "deepin_macaron_dark.png",
            "godot_tps_screenshot.png",
            "kde_altai.png",
            "krita_pepper_speedpaint.jpg",
            "materialx_chess_render.png",
            "renpy_question_club.jpg",
        )
    ),
    *(f"photos/{name}.jpg" for name in ("elem_morskie_oko", "mate_johann-siemens-591", "pop_nasa-89127")),
)
KODAK_NUMBERS = (1, 2, 4, 5, 6, 7, 9, 10, 11, 12, 14, 16, 17, 18, 20, 21, 22, 24)
KODAK = tuple(f"kodak/kodim{number:02}.png" for number in KODAK_NUMBERS)
TEN_PICTURES = KODAK[:10]
TWO_PICTURES = "kodak/kodim05.png", "stylized/krita_pepper_speedpaint.jpg"
FEW_PICTURES = tuple(NEURAL_PICTURES[i] for i in (1, 4, 7, 9, 12))
RECIPE_PICTURES = tuple(f"kodak/kodim{number}.png" for number in ("01", "05", "09", "17"))
NEURAL = (
    "--side 384 -e 5 --rates 0.05,0.1,0.2,0.3,0.5 --metrics psnr,ms-ssim,ssimulacra2,st-lpips "
    "--cache WORK/bench-neural/cache --quiet --codecs imagegs,imagegs-psnr,neural,avif"
)


def places(names: tuple[str, ...]) -> str:
    """Pictures and folders of them, as the commands name them."""
    return " ".join(f"DATA/{name}" for name in names)


# The name of each result, and the commands that make it: OUT is the result, WORK a folder of this run, DATA
# the pictures. A command that begins with a name of a file here is that benchmark, "imagegs" is the program.
COMMANDS: dict[str, tuple[str, ...]] = {
    "kernels": ("kernels.py --json OUT",),
    "memory": ("memory.py --side 1024 --out OUT",),
    "memory-blocks": ("memory.py --side 3456 --cases 'RGB, visual, in blocks' --out OUT",),
    "access": ("access.py --out OUT",),
    "scaling": ("scaling.py --out OUT",),
    "bench-system": (
        "imagegs bench --system -e 1 -o WORK/bench-system --quiet",
        "bench_system.py WORK/bench-system/results.json --keep OUT",
    ),
    "torch_operator": ("torch_operator.py --runs 60 --out OUT",),
    "batch": ("batch.py --tasks 30000 --pictures 60 --out OUT",),
    "batch-simulation": ("batch_simulation.py --figures WORK/batch.json --out OUT",),  # after "batch"
    "mips": ("mips.py --textures DATA/textures --out OUT",),
    "levels-kodak": ("levels.py --pictures DATA/kodak --count 4 --out OUT",),
    "levels-textures": tuple(
        f"levels.py --pictures DATA/textures/{folder} --names {name} --side 512 --out OUT"
        for folder, name in (
            ("ambientcg_Tiles036", "Tiles036_1K_Color"),
            ("gltf_WaterBottle", "WaterBottle_baseColor"),
            ("polyhaven_dutch_ship_hull", "dutch_ship_medium_hull_diff_1k"),
        )
    ),
    "layers-kodak": ("layers.py --pictures DATA/kodak --count 2 --out OUT",),
    "layers-stylized": (
        "layers.py --pictures DATA/stylized --names deepin_macaron_dark --side 1024 -n 4000 --out OUT",
    ),
    "lattices": ("lattices.py --pictures DATA/kodak --count 5 --out OUT",),
    "regions": (
        "gigapixel_file.py WORK/gigapixel.gsimg",
        "regions.py WORK/gigapixel.gsimg --repeats 7 --out OUT",
    ),
    "huge": (
        "gigapixel.py WORK/huge.tif --photos DATA",
        "huge.py --out OUT WORK/huge.tif WORK/huge.gsimg -- -n 1000000 -e 1 --steps 20 --tune psnr",
    ),
    "restoration-kodak": (
        "restoration.py --pictures DATA/kodak --names kodim01,kodim02,kodim04,kodim05 --effort 3 --out OUT",
    ),
    "textures-512": (
        "textures.py --textures DATA/textures --side 512 --effort 2 --bppc 0.02,0.05,0.1,0.2,0.5 --out OUT",
    ),
    "fitting-kodak-2000": ("fitting.py --pictures DATA/kodak -n 2000 --out OUT",),
    "fitting-kodak-six": (
        "fitting.py --pictures DATA/kodak --count 6 -n 2000 "
        "--fits paper,visual:3,visual:5,balanced:3,balanced:5,psnr:5,ssim:5 --out OUT",
    ),
    "fitting-kodak-5000": ("fitting.py --pictures DATA/kodak -n 5000 --out OUT",),
    "fitting-stylized-4000": ("fitting.py --pictures DATA/stylized --side 1024 -n 4000 --out OUT",),
    **{
        f"bench-{name}": (
            f"imagegs bench DATA/{name} {BENCH} -o WORK/bench-{name} --quiet",
            f"bench_tables.py WORK/bench-{name}/results.json --keep OUT",
        )
        for name in SETS
    },
    "bench-recipe": (
        f"imagegs bench {places(RECIPE_PICTURES)} --side 768 -e 3 --rates 0.1,0.2,0.5 "
        "--metrics psnr,ssim,ms-ssim,ssimulacra2 --codecs imagegs,paper -o WORK/bench-recipe --quiet",
        "bench_tables.py WORK/bench-recipe/results.json --keep OUT",
    ),
    "bench-e5": (
        f"imagegs bench {places(SETS)} --side 768 -e 5 --rates 0.05,0.1,0.2,0.5,1 "
        "--metrics psnr,ssim,ms-ssim,ssimulacra2 --codecs imagegs -o WORK/bench-e5 --quiet",
        "bench_tables.py WORK/bench-e5/results.json --keep OUT",
    ),
    "bench-kodak-e7": (
        f"imagegs bench {places(TEN_PICTURES)} --side 768 -e 7 --rates 0.05,0.1,0.2,0.5,1 "
        "--metrics psnr,ms-ssim --codecs imagegs-psnr -o WORK/bench-kodak-e7 --quiet",
        "bench_tables.py WORK/bench-kodak-e7/results.json --keep OUT",
    ),
    "bench-neural": (
        f"imagegs bench {places(NEURAL_PICTURES)} {NEURAL} -o WORK/bench-neural",
        "bench_tables.py WORK/bench-neural/results.json --keep OUT",
    ),
    "bench-neural-paper": (
        f"imagegs bench {places(FEW_PICTURES)} {NEURAL},paper -o WORK/bench-neural-paper",
        "bench_tables.py WORK/bench-neural-paper/results.json --keep OUT",
    ),
    "bench-neural-768": (
        f"imagegs bench {places(TWO_PICTURES)} --side 768 -e 5 --rates 0.1,0.3 "
        "--metrics psnr,ms-ssim,ssimulacra2,st-lpips --codecs imagegs,imagegs-psnr,neural,avif "
        "-o WORK/bench-neural-768 --quiet",
        "bench_tables.py WORK/bench-neural-768/results.json --keep OUT",
    ),
    "coin-kodak": (f"neural.py {places(KODAK)} --rates 0.1604 --out OUT",),
    "codec-memory": ("codec_memory.py DATA/kodak/kodim20.png --out OUT",),
    "paper-system": (
        "paper_system.py --pictures DATA/stylized --names deepin_macaron_dark,kde_altai --out OUT",
    ),
    "kinds": ("kinds.py --size 384x256 --effort 5 --keep OUT",),
    **feature_commands.COMMANDS,
}  # fmt: skip


def state() -> str:
    """Twelve digits of a hash of all that makes results what they are."""
    found = hashlib.sha256()
    for folder in ("src", "native", "benchmarks"):
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in (".py", ".cpp", ".h"):
                found.update(path.relative_to(ROOT).as_posix().encode() + path.read_bytes())
    return found.hexdigest()[:12]


def command(text: str, out: Path, data: Path) -> list[str]:
    """The words of a command of COMMANDS, with the folders in them."""
    places = {"OUT": str(out), "WORK": str(out.parent), "DATA": str(data)}
    words = []
    for word in shlex.split(text):
        first, slash, rest = word.partition("/")
        words.append(places.get(first, first) + slash + rest)
    if words[0] == "imagegs":
        return python_command("-m", *words)
    return python_command(HERE / words[0], *words[1:])


def missing(work: Path, names: list[str]) -> Iterator[str]:
    """The results that have not ended; what ends is told by a file beside it."""
    return (name for name in names if not (work / f"{name}.done").exists())


def measure(name: str, work: Path, data: Path) -> None:
    """Makes one result. Raises SystemExit where a command fails."""
    out = work / f"{name}.json"
    environment = os.environ | {"PYTHONPATH": str(HERE)}  # benchmarks import from each other
    for text in COMMANDS[name]:
        done = subprocess.run(command(text, out, data), env=environment)
        if done.returncode:
            raise SystemExit(f"{name}: exit code {done.returncode} of {text}")
    if not out.exists():
        raise SystemExit(f"{name}: its commands ended well, but there is no {out}")
    (work / f"{name}.done").touch()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="+", choices=list(COMMANDS), default=list(COMMANDS), metavar="NAME")
    parser.add_argument("--data", type=Path, default=DATA, help="folders of pictures: kodak, stylized, ...")
    parser.add_argument("--work", type=Path, default=WORK)
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--list", action="store_true", help="run nothing")
    options = parser.parse_args()
    work = options.work.absolute() / state()
    names = list(missing(work, options.only))
    if options.list:
        print("\n".join(names))
        return
    work.mkdir(parents=True, exist_ok=True)
    for i, name in enumerate(names, 1):
        print(f"[{i} of {len(names)}] {name}", flush=True)
        measure(name, work, options.data.absolute())
    for name in options.only:
        shutil.copy(work / f"{name}.json", options.results)
    if options.results == RESULTS:
        doc_tables.main([])


if __name__ == "__main__":
    main()
