"""Names that some system cannot have, and names that some system takes for one."""

from __future__ import annotations

from pathlib import Path

import pytest

from conftest import FAST, Run, check_failure, sample_gaussians, sample_pixels
from imagegs.codec import save
from imagegs.errors import FormatError
from imagegs.pictures.writing import write_picture
from imagegs.textures.file_names import flaw_of, twin_key
from imagegs.textures.map_list import from_metadata, make_map, to_metadata

GOOD = [
    "a.png", "Rock Color (1).png", "caf\u00e9.png", "cafe\u0301.png", "\u77f3.png", "\U0001f600.png",
    "-a.png", "~a.png",
    "console.png", "con_a.png", "AUXiliary.png", "com10.png", "lpt.png", "a.aux.png", "a" * 251 + ".png",
    "\u00e9" * 125 + ".png",
]  # fmt: skip
BAD = {
    "it is empty": [""],
    "it begins with a dot": [".", "..", "...", ".a.png", "..png", ".png", "../a.png"],
    "it ends with a dot or a space": ["a.", "a.png.", "a.png ", "a ", " "],
    "others that do not show": [
        "a\n.png", "a\0.png", "\x1b[31ma.png", "a\x7f.png", "a\u202egnp.exe", "a\u200bb.png", "a\u2066b.png",
        "a\u2028.png", "a\ufeff.png", "\ud800.png",
    ],
    "it has the character ": [
        "a/b.png", "/a", "a\\b", "C:a.png", "a:b", "a<b", "a>b", 'a"b', "a|b", "a?", "*.png",
    ],
    "it is a device's on Windows": [
        "CON", "con.png", "Aux.png", "NUL.tar.png", "prn .png", "COM1.png", "com9", "LPT1.x",
        "LPT\u00b2.png", "CONIN$", "conout$.png",
    ],
    "it has 256 bytes": ["a" * 252 + ".png", "\u00e9" * 126 + ".png"],
}  # fmt: skip


@pytest.mark.parametrize("name", GOOD)
def test_names_for_every_system(name: str) -> None:
    assert flaw_of(name) is None


@pytest.mark.parametrize(("flaw", "name"), [(flaw, name) for flaw, names in BAD.items() for name in names])
def test_names_that_some_system_cannot_have(flaw: str, name: str) -> None:
    found = flaw_of(name)
    assert found is not None and flaw in found
    each = make_map("a", name, "color", 8, 3)
    with pytest.raises(FormatError, match="is no name for the file of a map") as caught:
        from_metadata(to_metadata([each]), each.stack_channels)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("A.png", "a.PNG"),
        ("caf\u00e9.png", "cafe\u0301.png"),
        ("CAF\u00c9.png", "cafe\u0301.png"),
        ("\ufb01.png", "fi.png"),
        ("stra\u00dfe.png", "STRASSE.png"),
        ("\uff41.png", "a.png"),
        ("\u212b.png", "\u00e5.png"),
    ],
)
def test_twins(one: str, other: str) -> None:
    assert twin_key(one) == twin_key(other)
    maps = [make_map("a", one, "other", 8, 1), make_map("b", other, "other", 8, 1)]
    with pytest.raises(FormatError, match="would both be decoded to"):
        from_metadata(to_metadata(maps), [channel for each in maps for channel in each.stack_channels])


def test_a_name_is_checked_with_the_suffix_that_is_written() -> None:
    each = make_map("a", "a" * 251 + ".jpg", "color", 8, 3)
    assert from_metadata(to_metadata([each]), each.stack_channels) == (each,)
    longer = make_map("a", "a" * 252 + ".gz", "color", 8, 3)  # of 255 bytes; decoded to .png, of 256
    with pytest.raises(FormatError, match="it has 256 bytes"):
        from_metadata(to_metadata([longer]), longer.stack_channels)


def test_a_long_name_is_told_in_short() -> None:
    each = make_map("a", "a" * 5000, "color", 8, 3)
    with pytest.raises(FormatError) as caught:
        from_metadata(to_metadata([each]), each.stack_channels)
    assert len(str(caught.value)) < 250 and "it has 5000 bytes" in str(caught.value)


@pytest.mark.parametrize("name", ["AUX.png", "a?.png", "a\u202eb.png", "a .png ", "x_COLOR.png"])
def test_encode_tells_before_the_fit(
    run: Run, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "t"
    folder.mkdir()
    write_picture(folder / "x_color.png", sample_pixels(), ("R", "G", "B"))
    good = run("encode", folder, "-o", tmp_path / "good.gsimg", *FAST)
    assert good.code == 0
    data = (folder / "x_color.png").read_bytes()
    try:
        (folder / name).write_bytes(data)
    except OSError:
        pytest.skip("this system cannot have the name at all")
    if len(list(folder.iterdir())) < 2 or name.endswith(" "):
        return  # the system takes both for one; or the suffix is no picture's
    monkeypatch.setattr("imagegs.compression.compressing.fit_progressively", None)
    outcome = run("encode", folder, "-o", tmp_path / "bad.gsimg", *FAST)
    check_failure(outcome, 3, "t: ", "map", "(see --exclude)")
    assert not (tmp_path / "bad.gsimg").exists()


@pytest.mark.parametrize("name", ["AUX.png", "..png", "a\u202eb.png", "a" * 252 + ".x", "a.png."])
def test_decode_writes_none_of_them(run: Run, tmp_path: Path, name: str) -> None:
    maps = [make_map("a", "a_Color.png", "color", 8, 3), make_map("b", name, "other", 8, 1)]
    file = tmp_path / "t.gsimg"
    channels = tuple(channel for each in maps for channel in each.stack_channels)
    save(file, sample_gaussians(channels), metadata=to_metadata(maps))
    check_failure(
        run("decode", file, "-o", tmp_path / "out"), 3, "t.gsimg: ", "is no name for the file of a map"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["t.gsimg"]
