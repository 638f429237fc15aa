"""The examples of examples/torch and of docs/pytorch.md run, on small pictures, and do what they say."""

from __future__ import annotations

import doctest
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import imagegs
from conftest import sample_pixels
from requirements import need_torch
from test_docs import ROOT, script

torch = need_torch()
import imagegs.torch  # noqa: E402


def example(name: str) -> Any:
    return script(f"examples/torch/{name}.py")


def target() -> Any:
    """A picture [32, 48, 3] in 0..1."""
    return torch.tensor(sample_pixels() / np.float32(255))


def psnr(picture: Any, to: Any) -> float:
    return float(-10 * (torch.as_tensor(picture).clamp(0, 1) - to).square().mean().log10())


def test_a_loss_of_ones_own(
    tmp_path: Path, picture: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "out.gsimg"
    arguments = ["custom_loss.py", picture, file, "-n", 60, "--steps", 60]
    monkeypatch.setattr(sys, "argv", [*map(str, arguments)])
    example("custom_loss").main()
    assert f"{file}: {file.stat().st_size} bytes" in capsys.readouterr().out
    assert psnr(imagegs.render(imagegs.load(file)), target()) > 24


def test_the_loss_itself_falls() -> None:
    module = example("custom_loss")
    start = module.loss_of(module.scattered(target(), 60)(), target())
    end = module.loss_of(module.train(target(), 60, 40)(), target())
    assert float(end.detach()) < 0.6 * float(start.detach())


def test_a_batch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    paths = [tmp_path / "a.png", tmp_path / "b.png"]
    for path, pixels in zip(paths, (sample_pixels(), sample_pixels()[::-1]), strict=True):
        Image.fromarray(pixels).save(path)
    arguments = ["batch.py", *map(str, paths), "-n", "60", "--steps", "60"]
    monkeypatch.setattr(sys, "argv", arguments)
    example("batch").main()
    assert capsys.readouterr().out.count("dB before rounding") == 2
    for path, to in zip(paths, (target(), target().flip(0)), strict=True):
        assert psnr(imagegs.render(imagegs.load(path.with_suffix(".gsimg"))), to) > 24


def test_a_picture_of_a_batch_is_that_of_its_own_fit() -> None:
    module = example("batch")
    both = torch.stack([target(), 1 - target()])
    values, _ = module.fit(both, 20, 5)
    alone, _ = module.fit(both[1:], 20, 5)
    for name, each in values.items():
        torch.testing.assert_close(each[1], alone[name][0], rtol=1e-4, atol=1e-4)


def test_the_published_recipe() -> None:
    """As good as the package's own, which has the same steps, but for what is drawn at random."""
    found = example("paper_recipe").fit(target(), 80, 60, 6)
    assert len(found) == 80 and found.blend == "paper"
    own = imagegs.fit(sample_pixels(), 80, recipe="paper", steps=60)
    assert psnr(imagegs.render(found), target()) > psnr(imagegs.render(own), target()) - 1.5


def test_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The blocks of docs/pytorch.md, one after the other, as a reader types them."""
    monkeypatch.chdir(tmp_path)
    Image.fromarray(sample_pixels()).save("photo.png")
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "docs/pytorch.md").read_text("utf-8"), re.DOTALL)
    assert len(blocks) > 5
    names: dict[str, object] = {}
    for block in blocks:
        exec(compile(block, "docs/pytorch.md", "exec"), names)
    assert Path("photo.gsimg").exists()


@pytest.mark.parametrize("name", imagegs.torch.__all__)
def test_public_names_have_examples_that_run(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    text = getattr(imagegs.torch, name).__doc__
    names = {"imagegs": imagegs, "torch": torch, "np": np}
    test = doctest.DocTestParser().get_doctest(text, names, name, None, None)
    assert test.examples
    told: list[str] = []
    assert doctest.DocTestRunner().run(test, out=told.append).failed == 0, "".join(told)
