"""The boxes of <image-gs> beside those of <img>."""

from __future__ import annotations

import base64
import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from test_web_element import HEIGHT, WIDTH, add, fresh, shown  # noqa: F401 (fresh is a fixture)


@pytest.mark.parametrize(
    ("attributes", "style"),
    [
        ({}, ""),
        ({"width": "100"}, ""),
        ({"height": "100"}, ""),
        ({"width": "100", "height": "20"}, ""),
        ({"width": "50%"}, ""),
        ({"width": "nonsense"}, ""),
        ({}, "width: 31px"),
        ({}, "height: 31px"),
        ({"width": "100", "height": "50"}, "width: 80px; height: auto"),
        ({}, "max-width: 20px"),
        ({}, "display: block; width: 100%"),
        ({}, "height: 50px; width: 50px; object-fit: contain"),
        ({}, "padding: 3px; border: 2px solid; width: 40px; box-sizing: border-box"),
        ({"hidden": ""}, ""),
    ],
)
def test_its_box_is_that_of_img(library: Any, attributes: dict[str, str], style: str) -> None:
    buffer = io.BytesIO()
    Image.fromarray(np.zeros((HEIGHT, WIDTH, 3), np.uint8)).save(buffer, "png")
    source = "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
    script = """async ([attributes, style, source]) => {
        const image = document.createElement("img");
        for (const [name, value] of Object.entries(attributes)) image.setAttribute(name, value);
        image.style.cssText = style;
        image.src = source;
        await image.decode();
        const box = (one) => {
            document.body.replaceChildren(one);
            const { width, height } = one.getBoundingClientRect();
            return [width, height];
        };
        return [box(element), box(image)];
    }"""
    add(library, style, src="a.gsimg", **attributes)
    found, expected = library.evaluate(script, [attributes, style, source])
    np.testing.assert_allclose(found, expected, atol=0.02)


def test_object_fit_keeps_the_shape(library: Any) -> None:
    add(library, "width: 60px; padding: 3px 7px; box-sizing: border-box; border: 1px solid", src="a.gsimg")
    assert shown(library).shape == (29, 44, 4)
    canvas = "element.shadowRoot.querySelector('canvas')"
    assert library.evaluate(f"getComputedStyle({canvas}).padding") == "3px 7px"
    add(library, "width: 96px; height: 96px; object-fit: contain", src="a.gsimg")
    assert shown(library).shape == (64, 96, 4)
    add(library, "width: 96px; height: 96px; object-fit: cover", src="a.gsimg")
    assert shown(library).shape == (96, 144, 4)
