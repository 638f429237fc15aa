"""Types of the native module (native/python/)."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

_Floats = NDArray[np.float32]

TILE: int
PAPER_TOP_K: int
PAPER_RADIUS: float
PAPER_EPSILON: float
SOFTMAX_TOP_K: int
SOFTMAX_CUTOFF: float
LOWEST_SCALE: int
FIRST_COLOR: int

def isa_names() -> list[str]: ...
def seconds_left() -> float: ...
def set_seconds_left(seconds: float) -> None: ...
def link_over(file: bytes, temporary: bytes, target: bytes) -> tuple[int, int]: ...

class Engine:
    def __init__(self, threads: int, isa: str) -> None: ...
    @property
    def threads(self) -> int: ...
    @property
    def isa(self) -> str: ...

def loss(
    engine: Engine,
    picture: _Floats,
    target: _Floats,
    pixel_weights: _Floats | None,
    gradient: _Floats | None,
    l1: float,
    l2: float,
    ssim: float,
) -> tuple[float, float, float]: ...
def blur_planes(engine: Engine, planes: _Floats, out: _Floats, weights: _Floats, wrap: bool) -> None: ...
def elongations(scale: _Floats, out: _Floats) -> None: ...
def give_back_memory() -> None: ...

class VisualLoss:
    def __init__(
        self,
        engine: Engine,
        target: _Floats,
        pixel_weights: _Floats | None,
        factors: _Floats,
        wanted: NDArray[np.float64],
    ) -> None: ...
    def evaluate(
        self, engine: Engine, picture: _Floats, weights: NDArray[np.float64], gradient: _Floats | None
    ) -> float: ...
    def rest(self) -> None: ...

def halve_planes(engine: Engine, planes: _Floats, out: _Floats) -> None: ...
def halve_products(
    engine: Engine, picture: _Floats, target: _Floats, slope: _Floats, out: _Floats
) -> None: ...
def nearest(
    engine: Engine,
    points: _Floats,
    queries: _Floats,
    rows: NDArray[np.int64],
    distances: NDArray[np.float64],
) -> None: ...
def adam(
    engine: Engine,
    value: _Floats,
    gradient: _Floats,
    mean: _Floats,
    square: _Floats,
    rates: _Floats | None,
    rate: float,
    beta1: float,
    beta2: float,
    epsilon: float,
    step: int,
) -> None: ...

class Lattice:
    def __init__(
        self, scales_an_octave: int, position: int, angle: int, weight: int, color: int, cell: int
    ) -> None: ...
    def steps(self, table: NDArray[np.int32], out: NDArray[np.int32]) -> None: ...

class LayerCoder:
    def __init__(self, lattice: Lattice, width: int, height: int, channels: int, weights: bool) -> None: ...
    def encode(self, table: NDArray[np.int32]) -> tuple[bytes, list[float]]: ...
    def choose_colors(
        self, table: NDArray[np.int32], wanted: NDArray[np.float64], worth: NDArray[np.float64]
    ) -> None: ...
    def decode(
        self, data: bytes, table: NDArray[np.int32], count_bits: bool
    ) -> tuple[str | None, list[float]]: ...

class Scene:
    def __init__(self) -> None: ...
    def update(
        self,
        engine: Engine,
        blend: int,
        wrap: bool,
        width: int,
        height: int,
        xy: _Floats,
        scale: _Floats,
        angle: _Floats,
        log_weight: _Floats,
        color: _Floats,
    ) -> None: ...
    def render(
        self,
        engine: Engine,
        out: NDArray[Any],
        x0: int,
        y0: int,
        step_x: float,
        step_y: float,
        planar: bool,
        samples_x: int = 1,
        samples_y: int = 1,
    ) -> None: ...
    def most_pairs(
        self,
        engine: Engine,
        width: int,
        height: int,
        x0: int,
        y0: int,
        step_x: float,
        step_y: float,
        samples_x: int,
        samples_y: int,
        enough: int,
    ) -> int: ...
    def multiply_adds(self, engine: Engine, most_work: int) -> tuple[float, float] | None: ...
    def sample(self, engine: Engine, xy: _Floats, out: _Floats) -> None: ...
    def tile_lists(
        self, engine: Engine, side: int, most_ids: int
    ) -> tuple[int, int, NDArray[np.uint32], NDArray[np.uint32]] | None: ...
    def shapes(self, out: _Floats) -> None: ...
    @property
    def tile_candidates(self) -> int: ...
    @property
    def tiles(self) -> int: ...

class Spares:
    def __init__(self) -> None: ...

class KeptRender:
    def __init__(
        self,
        engine: Engine,
        scene: Scene,
        spares: Spares,
        out: _Floats | None = None,
        x0: int = 0,
        y0: int = 0,
        step_x: float = 1.0,
        step_y: float = 1.0,
    ) -> None: ...
    @property
    def picture(self) -> _Floats: ...
    def gradient(self, color_gradient: _Floats, gradient: _Floats) -> None: ...
    def normal_product(self, pixel_weights: _Floats | None, tangent: _Floats, product: _Floats) -> None: ...
    def normal_diagonal(self, pixel_weights: _Floats | None, diagonal: _Floats) -> None: ...
    def removal_cost(self, pixel_weights: _Floats | None, target: _Floats, cost: _Floats) -> None: ...

def squared_error(
    engine: Engine,
    scene: Scene,
    spares: Spares,
    target: _Floats,
    pixel_weights: _Floats | None,
    gradient: _Floats,
) -> float: ...
def sample_gradient(
    engine: Engine,
    scene: Scene,
    spares: Spares,
    xy: _Floats,
    color_gradient: _Floats,
    gradient: _Floats,
) -> None: ...
