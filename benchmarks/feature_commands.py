"""Commands of everything.py for what imagegs has beside fits: grain, saliency, alpha, web pages, engines."""

from __future__ import annotations

GRAIN_PICTURES = {
    "kodak": "kodim01,kodim04,kodim05,kodim20,kodim21",
    "photos": "mate_nattu-adnan-328570",
    "stylized": "deepin_macaron_dark,kde_altai,kde_cluster,renpy_easy_choice_screen",
}
SALIENT_PICTURES = {  # with an object that the network finds
    "kodak": "kodim04,kodim07,kodim09,kodim12,kodim14,kodim17,kodim18,kodim20,kodim21",
    "stylized": "kde_flyingkonqui,krita_pepper_speedpaint,materialx_chess_render",
}
STRENGTHS = ("kodim07,kodim09,kodim18,kodim20", "model:3,model:10,model:30")
PICTURES_WITH_TEXT = "kodim05,kodim10,kodim14"

# These become part of COMMANDS in everything.py, which tells the words.
COMMANDS: dict[str, tuple[str, ...]] = {
    "transparency": ("transparency.py --out OUT",),
    "grain": tuple(
        f"grain.py --pictures DATA/{folder} --count 99 --names {names} --out OUT"
        for folder, names in GRAIN_PICTURES.items()
    ),
    "saliency": tuple(
        f"saliency.py --pictures DATA/{folder} --side 768 --names {names} --guides {guides} "
        "--files WORK/saliency-files --out OUT"
        for folder, names, guides in (
            *((folder, names, "model:10") for folder, names in SALIENT_PICTURES.items()),
            ("kodak", *STRENGTHS),
        )
    ),
    "saliency-classes": tuple(  # of the files that "saliency" has left
        f"saliency_vision.py classes --pictures DATA/{folder} --side 768 --names {names} "
        "--files WORK/saliency-files --out OUT"
        for folder, names in SALIENT_PICTURES.items()
    ),
    **{
        f"saliency-text-{bpp}": (
            f"saliency_vision.py text --pictures DATA/kodak --side 768 --names {PICTURES_WITH_TEXT} "
            f"--bpp {bpp} --out OUT",
        )
        for bpp in (0.15, 0.05)
    },
    "transcoding": (
        "transcoding.py --textures DATA/textures --threads 2 --files WORK/texture-files --out OUT",
    ),
    "gpu_kernels": ("gpu_kernels.py --output OUT",),
    "gpu_roofline": ("gpu_roofline.py --output OUT",),
    "web": tuple(f"web.py --api {api} --out OUT" for api in ("webgl2", "webgpu")),
    "web-ranges": ("web_ranges.py --blocks 64 --out OUT",),
    "gltf": ("gltf.py DATA/textures/gltf_WaterBottle --bppc 0.5 -e 3 --keep OUT",),
}
