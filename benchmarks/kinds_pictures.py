"""Pictures that are no photographs, drawn by code: the same pixels on every run with the same libraries."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

Pixels = NDArray[np.uint8] | NDArray[np.uint16]
Plane = NDArray[np.float64]
FINE = 4  # lines are drawn so many times as large, and reduced
WORDS = ("line", "text", "sharp", "where", "tile", "blocks", "would", "ring", "and", "blur", "every", "edge")


def clouds(width: int, height: int, seed: int, power: float = 1.6) -> Plane:
    """(H, W) in 0..1: noise whose spectrum falls with the frequency by this power."""
    rng = np.random.default_rng(seed)
    y, x = np.fft.fftfreq(height)[:, None], np.fft.fftfreq(width)[None, :]
    fall = np.maximum(np.hypot(x, y), 1 / max(width, height)) ** -power
    plane = np.fft.ifft2(np.fft.fft2(rng.normal(size=(height, width))) * fall).real
    return (plane - plane.min()) / (plane.max() - plane.min())


def line_art(width: int, height: int) -> Pixels:
    """(H, W, 1) uint8: curves, hatching and circles in ink on paper, their edges smooth."""
    sheet = Image.new("L", (FINE * width, FINE * height), 255)
    draw, rng, unit = ImageDraw.Draw(sheet), np.random.default_rng(1), FINE * height / 100
    at = np.linspace(0, 1, 200)
    for _ in range(14):
        start, bend, turns = rng.uniform(0, 100, 2), rng.uniform(-40, 40, 4), rng.uniform(2, 9)
        x = start[0] * width / height + bend[0] * np.sin(turns * at) + bend[1] * at
        y = start[1] + bend[2] * np.cos(turns * at) + bend[3] * at
        points = list(zip((x * unit).tolist(), (y * unit).tolist(), strict=True))
        draw.line(points, 0, round(rng.uniform(0.5, 1.4) * unit), joint="curve")
    for step in np.arange(0, 30, 2.0):
        draw.line([(5 * unit, (60 + step) * unit), (35 * unit, (50 + step) * unit)], 0, round(0.4 * unit))
    for radius in range(4, 24, 4):
        box = [(80 - radius) * unit, (45 - radius) * unit, (80 + radius) * unit, (45 + radius) * unit]
        draw.ellipse(box, outline=0, width=round(0.7 * unit))
    return np.asarray(sheet.resize((width, height), Image.Resampling.BOX))[:, :, None]


def pixel_art(width: int, height: int) -> Pixels:
    """(H, W, 3) uint8: sprites of few colours over hills, each of their pixels 4 x 4 of the picture."""
    rng, w, h = np.random.default_rng(2), -(-width // 4), -(-height // 4)
    palette = rng.integers(0, 256, (8, 3), np.uint8)
    hills = h * (0.55 + 0.1 * np.sin(np.arange(w) / 7))
    art = np.where(np.arange(h)[:, None] < hills[None, :], 0, 1)
    for left in range(2, w - 12, 14):
        half = rng.integers(2, 8, (12, 5)) * (rng.random((12, 5)) < 0.7)
        sprite = np.hstack([half, half[:, ::-1]])
        top = int(rng.integers(0, max(h - 12, 1)))
        place = art[top : top + 12, left : left + 10]
        sprite = sprite[: place.shape[0]]
        place[...] = np.where(sprite > 0, sprite, place)
    return palette[art].repeat(4, axis=0).repeat(4, axis=1)[:height, :width]


def screenshot(width: int, height: int) -> Pixels:
    """(H, W, 3) uint8: a window with a bar, a list, and lines of text."""
    screen = Image.new("RGB", (width, height), "#f4f5f7")
    draw, rng, font = ImageDraw.Draw(screen), np.random.default_rng(3), ImageFont.load_default(11)
    draw.rectangle((0, 0, width, 18), "#2b3a55")
    draw.text((6, 3), "Notes - draft.txt", "#ffffff", font)
    draw.rectangle((0, 19, width // 4, height), "#e3e6ec")
    for line, y in enumerate(range(24, height - 12, 14)):
        draw.text((4, y), f"{line + 1:02} {WORDS[line % len(WORDS)]}", "#34495e", font)
        text = " ".join(str(word) for word in rng.choice(WORDS, 9))
        draw.text((width // 4 + 8, y), text, "#0b63ce" if line % 5 == 2 else "#1c1f24", font)
    draw.rounded_rectangle((width - 70, height - 26, width - 8, height - 8), 4, "#2a9d68")
    draw.text((width - 52, height - 23), "Save", "#ffffff", font)
    return np.asarray(screen)


def street_map(width: int, height: int) -> Pixels:
    """(H, W, 3) uint8: areas of even colours, contour lines, roads with borders, names."""
    land = clouds(width, height, 4, 2.2)
    colors = np.array([(170, 211, 223), (242, 239, 233), (205, 235, 176), (173, 209, 158)], np.uint8)
    areas = colors[np.digitize(land, (0.35, 0.6, 0.75))]
    contours = np.abs(np.diff(np.floor(land * 24), axis=1, append=land[:, -1:] * 24)) >= 1
    areas[contours & (land > 0.35)] = (200, 180, 150)
    sheet = Image.fromarray(areas).resize((FINE * width, FINE * height), Image.Resampling.NEAREST)
    draw, rng = ImageDraw.Draw(sheet), np.random.default_rng(5)
    for road in range(7):
        ends = rng.uniform(0, FINE, (4, 2)) * (width, height)
        points = [(float(x), float(y)) for x, y in ends[np.argsort(ends[:, road % 2])]]
        for color, thick in (("#9a7b4f", 5), ("#ffffff" if road % 2 else "#f9d29d", 3)):
            draw.line(points, color, FINE * thick, joint="curve")
    reduced = sheet.resize((width, height), Image.Resampling.BOX)
    labels, font = ImageDraw.Draw(reduced), ImageFont.load_default(10)
    for name in ("North Field", "Mill Road", "Lake", "Old Town"):
        x, y = rng.uniform(0.05, 0.75) * width, rng.uniform(0.05, 0.9) * height
        labels.text((x, y), name, "#333333", font, stroke_width=1, stroke_fill="#ffffff")
    return np.asarray(reduced)


def scan(width: int, height: int) -> Pixels:
    """(H, W, 1) uint16: a slice as of a body, tissue within tissue, 12 bits of signal with noise."""
    y, x = np.mgrid[:height, :width] / height - 0.5
    x = x - (width / height - 1) / 2
    ellipses = ((0, 0, 0.42, 0.47, 900), (0, 0, 0.38, 0.43, -500), (-0.14, 0, 0.09, 0.2, 350))
    ellipses += ((0.14, 0.02, 0.08, 0.16, 420), (0, 0.25, 0.05, 0.05, 1400), (0.05, -0.2, 0.03, 0.02, 800))
    plane = np.full((height, width), 100.0)
    for left, top, a, b, value in ellipses:
        distance = np.hypot((x - left) / a, (y - top) / b)
        plane += value / (1 + np.exp(np.minimum((distance - 1) * 60, 100)))
    plane += 250 * clouds(width, height, 6) + np.random.default_rng(7).normal(0, 12, plane.shape)
    return np.clip(np.round(plane * 16), 0, 65535).astype(np.uint16)[:, :, None]


def normal_map(width: int, height: int) -> Pixels:
    """(H, W, 3) uint8: the normals of cobbles with a rough surface, as X, Y, Z in 0..255."""
    y, x = np.mgrid[:height, :width]
    cell = height / 6
    bump = np.abs(np.sin(np.pi * x / cell) * np.sin(np.pi * y / cell)) ** 0.4
    down, right = np.gradient(6 * bump + 10 * clouds(width, height, 8, 1.8))
    normals = np.dstack([-right, -down, np.ones_like(right)])
    normals /= np.linalg.norm(normals, axis=2, keepdims=True)
    return np.round((normals + 1) * 127.5).astype(np.uint8)


KINDS: dict[str, Callable[[int, int], Pixels]] = {
    "line art": line_art,
    "pixel art": pixel_art,
    "screenshot with text": screenshot,
    "map": street_map,
    "scan, 16 bits": scan,
    "normal map": normal_map,
}
