"""Tables of published results: what is read, what is refused, and how they compare with measured pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from imagegs.errors import FormatError
from imagegs.evaluation import published_tables
from imagegs.evaluation.published import with_published
from imagegs.evaluation.published_rows import MEAN, picture_key
from imagegs.evaluation.published_tables import Published, read_published
from imagegs.evaluation.summary import summarized

COOL_CHIC = """lmbda\tseq_name\tn_pixels\tloss\tpsnr_db\trate_bpp
0.0001\tkodim01\t393216\t0.29241\t40.755217\t2.083712
0.02\tkodim01\t393216\t5.282227\t24.66416\t0.093285
0.0001\tkodim02\t393216\t0.179876\t41.184148\t1.037409
0.02\tkodim02\t393216\t2.013478\t29.366735\t0.042825
"""
METRIC = {"name": "psnr", "higher_is_better": True}
KODAK = dict.fromkeys(("kodim01", "kodim02"), (768, 512))


def written(folder: Path, text: str | bytes, name: str = "table.tsv") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def read(folder: Path, text: str | bytes, name: str = "table.tsv") -> list[Published]:
    return read_published(written(folder, text, name))


def measured(pictures: dict[str, tuple[int, int]], side: int | None = None) -> dict[str, Any]:
    """Results of a codec with PSNR of 30 dB at 0.1 bpp, and 6 dB more for twice the rate."""
    curve = ((0.1, 30.0), (0.2, 36.0), (0.4, 42.0))
    rows = [
        {"codec": "a", "picture": name, "rate": bpp, "bytes": 1, "bpp": bpp, "psnr": psnr}
        for name in pictures
        for bpp, psnr in curve
    ]
    facts = [{"name": name, "width": size[0], "height": size[1]} for name, size in pictures.items()]
    setting = {"side": side, "rates": [bpp for bpp, _ in curve]}
    told = {"codecs": [{"name": "a"}], "metrics": [METRIC], "pictures": facts, "setting": setting}
    return summarized({**told, "rows": rows})


def compared(folder: Path, text: str, pictures: dict[str, tuple[int, int]], side: int | None = None) -> Any:
    """The entry of the one codec of a table."""
    (entry,) = with_published(measured(pictures, side), read(folder, text))["published"]
    return entry


def table(*pictures: str, factor: float = 1, shift: float = 0, head: str = "") -> str:
    """The curve of `measured`, at `factor` times the rates and `shift` dB more; each point has a setting."""
    points = [(0.1, 30), (0.2, 36), (0.4, 42)]
    rows = [
        f"Theirs\t{name}\t{factor * bpp}\t{psnr + shift}\tq{psnr}"
        for name in pictures
        for bpp, psnr in points
    ]
    return "\n".join([head or "# source: a paper", "codec\tpicture\tbpp\tpsnr\tsetting", *rows])


def test_the_tables_of_cool_chic_are_read_as_they_are(tmp_path):
    (codec,) = read(tmp_path, COOL_CHIC, "image-kodak.tsv")
    assert (codec.title, codec.source) == ("image-kodak", "image-kodak.tsv")
    first = codec.points[0]
    assert (first.picture, first.bpp, first.setting, first.pixels) == ("kodim01", 2.083712, "0.0001", 393216)
    assert first.values == {"psnr": 40.755217} and len(codec.points) == 4
    timed = "seq_name\tlmbda\trate_bpp\tpsnr_db\tdec_time_arm_sec\tshare_rate_latent\nx\t1\t2\t30\t0.1\t0.9\n"
    assert read(tmp_path, timed)[0].points[0].values == {"psnr": 30}
    (means,) = read(tmp_path, "lmbda\trate_bpp\tpsnr_db\n0.0001\t1.7493\t40.7359\n")
    assert means.points[0].picture is None


def test_notes_name_what_follows_them(tmp_path):
    text = (
        "# Any other comment\r\n# source: one paper\r\n# Pictures: a, b\r\ncodec,PICTURE,bpp,psnr,flip\r\n"
        '"A, the first",mean,0.1,30,\r\n\r\n# source: another paper\r\nB,x.png,0.1,,0.2\r\n'
        "# source: third\r\nB,y,0.1,30,0.2\r\n"
    )
    first, second = read(tmp_path, b"\xef\xbb\xbf" + text.encode(), "t.csv")
    assert (first.title, first.source, first.over) == ("A, the first", "one paper", ("a", "b"))
    assert first.points[0].picture is None and first.points[0].values == {"psnr": 30}
    assert second.source == "another paper; third" and second.points[0].values == {"flip": 0.2}
    (named,) = read(tmp_path, "# codec: Mine\nbpp\tpsnr\n1\t40\n")
    assert named.title == "Mine"


@pytest.mark.parametrize(
    ("name", "key"),
    [("Kodim01.PNG", "kodim01"), ("set/kodim01.png", "kodim01"), ("s\\A.b", "a.b"), (".png", ".png")],
)
def test_names_are_matched_by_their_stems(name, key):
    assert picture_key(name) == key


HEAD = "codec\tpicture\tbpp\tpsnr\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the table is empty"),
        ("# source: x\n\n", "the table is empty"),
        (HEAD, "the table has no rows"),
        (HEAD.encode("utf-16"), "no text in UTF-8"),
        ((HEAD + "é\ta\t1\t30\n").encode("latin-1"), "no text in UTF-8"),
        (b"\x89PNG\r\n\x1a\n\0", "no text in UTF-8"),
        ("codec\tbpp\tpsnr\tvmaf\nA\t1\t30\t90\n", "line 1: unknown column 'vmaf'; there are codec"),
        ("codec\tpicture\tpsnr\nA\ta\t30\n", "line 1: no column of bpp"),
        ("codec\tpicture\tbpp\nA\ta\t1\n", "line 1: no column of quality"),
        ("bpp\trate_bpp\tpsnr\n1\t1\t30\n", "line 1: two columns of bpp"),
        (HEAD + "A\ta\t1\n", "line 2: 3 cells under 4 columns"),
        (HEAD + "A\ta\t1\tnan\n", "line 2: psnr 'nan' is no number"),
        (HEAD + "A\ta\tinf\t30\n", "line 2: bpp 'inf' is no number"),
        (HEAD + "A\ta\t0,1\t30\n", "line 2: bpp '0,1' is no number"),
        (HEAD + "A\ta\t1_0\t30\n", "line 2: bpp '1_0' is no number"),
        (HEAD + "A\ta\t\t30\n", "line 2: bpp '' is no number"),
        (HEAD + "A\ta\t-1\t30\n", "line 2: bpp -1 is not above 0"),
        (HEAD + "A\ta\t0\t30\n", "line 2: bpp 0 is not above 0"),
        (HEAD + "A\ta\t1\t\n", "line 2: the row has no quality"),
        (HEAD + "A\t\t1\t30\n", "line 2: the cell of picture is empty"),
        (HEAD + "\ta\t1\t30\n", "line 2: the cell of codec is empty"),
        (HEAD + "A\ta\t1\t30\nA\tA.png\t1.0\t31\n", "line 3: A has another row of A.png at 1.0"),
        (HEAD + "A\tmean\t1\t30\nA\tmean\t1\t31\n", "line 3: A has another row of mean at 1.0"),
        (HEAD + 'A\t"a\t1\t30\n', "line 2: unexpected end of data"),
        ("bpp\tpsnr\tsetting\n1\t30\t2\n2\t31\t2\n", "has another row of mean at 2"),
        ("bpp\tpsnr\tpixels\n1\t30\t-4\n", "line 2: pixels '-4' is no number of pixels"),
        ("bpp\tpsnr\tpixels\n1\t30\t²\n", "line 2: pixels '²' is no number of pixels"),
        (f"{HEAD}A\t{MEAN}\t1\t30\n# pictures: b\nA\t{MEAN}\t2\t31\n", "line 4: A has means over different"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path, text, message):
    with pytest.raises(FormatError) as caught:
        read(tmp_path, text)
    assert message in str(caught.value)


def test_a_file_without_end_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(published_tables, "MOST_BYTES", 100)
    with pytest.raises(FormatError, match="more than 100 bytes"):
        read(tmp_path, HEAD + "A\ta\t1\t30\n" * 10)


def test_a_curve_that_equals_the_measured_one_has_a_bd_rate_of_nothing(tmp_path):
    entry = compared(tmp_path, table("KODIM01.png", "kodim02"), KODAK)
    rate = entry["bd_rates"]["psnr"]
    assert (rate["mean"], rate["pictures"], rate["is_of_means"]) == (0, 2, False)
    assert entry["shared"] == {"kodim01": "KODIM01.png", "kodim02": "kodim02"}
    assert [mean["psnr"] for mean in entry["means"]] == [30, 36, 42] and entry["source"] == "a paper"
    half = compared(tmp_path, table("kodim01", "kodim02", factor=2), KODAK)
    assert half["bd_rates"]["psnr"]["mean"] == pytest.approx(-0.5)


def test_only_pictures_that_both_have_count(tmp_path):
    entry = compared(tmp_path, table("kodim01", "kodim07"), KODAK)
    rate = entry["bd_rates"]["psnr"]
    assert list(rate["each"]) == ["kodim01"] and rate["pictures"] == 1 and entry["pictures"] == 2
    assert entry["means"] == []
    assert entry["note"] == (
        "Has 1 of the 2 measured pictures. No means are drawn: it does not have all measured pictures."
    )


def test_a_picture_of_another_size_is_another_picture(tmp_path):
    entry = compared(tmp_path, COOL_CHIC, {"kodim01": (768, 512), "kodim02": (384, 256)})
    assert list(entry["shared"]) == ["kodim01"] and entry["other_size"] == ["kodim02"]
    assert "In another size it has 1." in entry["note"] and entry["means"] == []


def test_pictures_of_one_stem_match_nothing(tmp_path):
    entry = compared(tmp_path, table("a"), {"x/a.png": (8, 8), "y/a.png": (8, 8)})
    assert entry["shared"] == {} and entry["bd_rates"]["psnr"]["mean"] is None


def test_means_of_rows_are_of_settings_that_all_pictures_have(tmp_path):
    entry = compared(tmp_path, COOL_CHIC + "0.001\tkodim01\t393216\t1\t32.3\t0.77\n", KODAK)
    assert [mean["setting"] for mean in entry["means"]] == ["0.02", "0.0001"]
    assert entry["means"][0]["bpp"] == pytest.approx((0.093285 + 0.042825) / 2)
    assert entry["means"][0]["psnr"] == pytest.approx((24.66416 + 29.366735) / 2)
    unset = "picture\tbpp\tpsnr\nkodim01\t0.1\t30\nkodim02\t0.1\t31\n"
    entry = compared(tmp_path, unset, KODAK)
    assert entry["means"] == [] and "it tells no setting at which all pictures" in entry["note"]
    alone = compared(tmp_path, unset, {"kodim01": (768, 512)})
    assert [mean["psnr"] for mean in alone["means"]] == [30]  # of one picture every row is a mean


def test_means_of_a_table_are_drawn_over_the_same_pictures_only(tmp_path):
    def mean_table(head: str) -> str:
        return table("mean", factor=2, head=head)

    entry = compared(tmp_path, mean_table("# pictures: Kodim02.png kodim01"), KODAK)
    assert [mean["bpp"] for mean in entry["means"]] == [0.2, 0.4, 0.8] and entry["pictures"] == 0
    assert entry["note"] == "Means are over all 2 measured pictures."
    rate = entry["bd_rates"]["psnr"]
    assert rate["mean"] == pytest.approx(-0.5) and rate["is_of_means"] and rate["pictures"] == 0
    for head, why in (
        ("# pictures: kodim01, kodim02, kodim03", "over other pictures (3, of which 2 measured)"),
        ("# pictures: kodim01", "over other pictures (1, of which 1 measured)"),
        ("", "does not tell which pictures its own are over"),
    ):
        entry = compared(tmp_path, mean_table(head), KODAK)
        assert entry["means"] == [] and entry["bd_rates"]["psnr"]["mean"] is None and why in entry["note"]
    sized = "# pictures: kodim01 kodim02\nbpp\tpsnr\tpixels\n0.1\t30\t393216\n0.2\t36\t393216\n"
    assert len(compared(tmp_path, sized, KODAK)["means"]) == 2
    entry = compared(tmp_path, sized, {"kodim01": (768, 512), "kodim02": (384, 256)})
    assert entry["means"] == [] and "of these pictures in another size" in entry["note"]


def test_untold_sizes_are_mentioned_where_pictures_were_reduced(tmp_path):
    assert "tells no sizes" in compared(tmp_path, table("kodim01"), KODAK, side=768)["note"]
    assert "tells no sizes" not in compared(tmp_path, table("kodim01"), KODAK)["note"]
    assert "tells no sizes" not in compared(tmp_path, COOL_CHIC, KODAK, side=768)["note"]


def test_codecs_of_one_name_are_told_apart_by_their_files(tmp_path):
    paths = [written(tmp_path, table("kodim01"), name) for name in ("a.tsv", "b.tsv")]
    codecs = [codec for path in paths for codec in read_published(path)]
    entries = with_published(measured(KODAK), codecs)["published"]
    assert [entry["title"] for entry in entries] == [f"Theirs ({path})" for path in paths]
    assert len({entry["name"] for entry in entries}) == 2
