"""The memory that is left, by trees of files as Linux has them, and what is refused for lack of it."""

import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

import imagegs
from imagegs import memory
from imagegs.cli.exit_codes import FAILED, error_line, exit_code
from imagegs.distributed.work import reason_of
from imagegs.evaluation.processes import python_command
from imagegs.memory import MARGIN, check_memory, memory_left

resource = pytest.importorskip("resource")  # not on Windows
MB, GB = 2**20, 2**30
only_linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux tells what is left")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A machine with 8 GB free and 1 GB of swap space, without control groups."""
    written(
        tmp_path / "proc/meminfo", "MemTotal: 16777216 kB\nMemAvailable: 8388608 kB\nSwapFree: 1048576 kB"
    )
    written(tmp_path / "proc/self/statm", "2560 1280 100 1 0 200 0\n")
    return tmp_path


def written(path: Path, text: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{text}\n")


def v2(folder: Path, limit: object, used: int, cached: int = 0) -> None:
    written(folder / "memory.max", limit)
    written(folder / "memory.current", used)
    written(folder / "memory.stat", f"anon {used - cached}\ninactive_file {cached}\nactive_file 0\nshmem 7")


def v1(folder: Path, limit: int, used: int, cached: int = 0) -> None:
    written(folder / "memory.limit_in_bytes", limit)
    written(folder / "memory.usage_in_bytes", used)
    written(folder / "memory.stat", f"inactive_file 5\ntotal_inactive_file 0\ntotal_active_file {cached}")


def test_without_groups_the_machine_tells(root: Path) -> None:
    assert memory_left(root) == 9 * GB


def test_where_nothing_tells_nothing_is_refused(tmp_path: Path) -> None:
    assert memory_left(tmp_path) is None
    check_memory(2**80, "all", root=tmp_path)


def test_a_group_of_version_2_limits(root: Path) -> None:
    written(root / "proc/self/cgroup", "0::/a/b")
    v2(root / "sys/fs/cgroup/a/b", 2 * GB, GB)
    assert memory_left(root) == 2 * GB  # with the swap space
    v2(root / "sys/fs/cgroup/a/b", 2 * GB, GB, cached=GB // 2)
    assert memory_left(root) == 5 * GB // 2
    v2(root / "sys/fs/cgroup/a/b", "max", GB)
    assert memory_left(root) == 9 * GB


def test_a_group_above_limits_too(root: Path) -> None:
    written(root / "proc/self/cgroup", "0::/a/b")
    v2(root / "sys/fs/cgroup/a/b", 4 * GB, GB)
    v2(root / "sys/fs/cgroup/a", GB, GB - 5 * MB)
    assert memory_left(root) == GB + 5 * MB
    written(root / "proc/self/cgroup", "0::/not/seen/from/here")
    v2(root / "sys/fs/cgroup", 2 * GB, 2 * GB)
    assert memory_left(root) == GB


def test_groups_of_version_1_limit(root: Path) -> None:
    written(root / "proc/self/cgroup", "5:cpu:/x\n4:memory:/docker/c\n0::/")
    v1(root / "sys/fs/cgroup/memory", 2**63 - 4096, 9 * GB)
    assert memory_left(root) == 9 * GB
    v1(root / "sys/fs/cgroup/memory/docker/c", 3 * GB, 2 * GB, cached=MB)
    assert memory_left(root) == 2 * GB + MB


def test_what_is_overdrawn_is_nothing(root: Path) -> None:
    written(root / "proc/self/cgroup", "0::/")
    v2(root / "sys/fs/cgroup", GB, 3 * GB)
    assert memory_left(root) == 0


def test_a_worker_has_its_share(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "_share", None)
    memory.set_share(GB)
    assert memory_left(root) == GB - 1280 * resource.getpagesize()


def test_only_what_is_clearly_too_much_is_refused(root: Path) -> None:
    check_memory(MARGIN * 9 * GB, "a fit", root=root)
    with pytest.raises(
        imagegs.NotEnoughMemoryError, match=r"^a fit takes about 10\.0 GiB .* 9\.0 GiB are left"
    ):
        check_memory(10 * GB, "a fit", root=root)


def test_it_is_told_as_a_failure_with_its_own_words() -> None:
    error = imagegs.NotEnoughMemoryError("the fit takes too much")
    assert isinstance(error, MemoryError) and exit_code(error) == FAILED
    assert error_line(error) == "imagegs: error: the fit takes too much"
    assert reason_of(error) == "the fit takes too much"


CHILD = """
import resource, sys
from pathlib import Path
import scipy.ndimage
from imagegs import _native
from imagegs.cli import main
from imagegs.engine import engine
engine(1)  # its threads have address space, too
size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (size + int(sys.argv[1]), resource.RLIM_INFINITY))
sys.exit(main(sys.argv[2:]))
"""


@only_linux
def test_a_run_with_too_little_memory_tells_so_and_writes_nothing(tmp_path: Path) -> None:
    for side in (64, 1600):
        Image.new("RGB", (side, side)).save(tmp_path / f"{side}.png")
    small = run_with(128 * MB, "encode", tmp_path / "64.png", "--steps", 2)
    assert (small.returncode, small.stderr) == (0, "")
    large = run_with(128 * MB, "encode", tmp_path / "1600.png", "--steps", 2)
    assert large.returncode == FAILED and not (tmp_path / "1600.gsimg").exists()
    assert "error: the fit of 1600 x 1600 pixels with 3 channels takes about " in large.stderr
    painted = run_with(
        128 * MB, "decode", tmp_path / "64.gsimg", "--height", 8000, "-o", tmp_path / "large.png"
    )
    assert painted.returncode == FAILED and not (tmp_path / "large.png").exists()
    assert "a picture of 8000 x 8000 pixels takes about 183 MiB of memory, and " in painted.stderr


def run_with(n_bytes: int, *arguments: object) -> subprocess.CompletedProcess[str]:
    """A run of imagegs that can take so much memory beyond what it begins with."""
    command = python_command("-c", CHILD, n_bytes, *arguments, "--quiet", "--threads", 1)
    return subprocess.run(command, capture_output=True, text=True, timeout=300)
