"""The manifest of a batch: rows that are whole or absent, whatever ends the run."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from imagegs.distributed.manifest import Manifest, Past
from imagegs.distributed.rows import Row, row_from_json, row_to_json
from imagegs.errors import FormatError


def row(name: str, folder: Path, **fields: object) -> Row:
    output = str(folder / f"{name}.gsimg")
    facts = {"output_sha256": "b" * 64, "psnr": 30.5, "notes": ("left out: ü",), **fields}
    return Row(input=f"/pictures/{name}.png", output=output, options_sha256="a" * 64, **facts)


def rows_in(path: Path, outputs: list[Path]) -> list[Past]:
    with Manifest(path) as manifest:
        return [manifest.past(output) for output in outputs]


def test_rows_come_back(tmp_path):
    path, one, two = tmp_path / "m.jsonl", row("one", tmp_path), row("two", Path("/elsewhere"), error="no")
    with Manifest(path) as manifest:
        manifest.append([], [(Path(one.input), Path(one.output)), (Path("/p/3.png"), tmp_path / "3.gsimg")])
        manifest.append([one, two])
    outputs = [Path(one.output), Path(two.output), tmp_path / "3.gsimg", tmp_path / "4.gsimg"]
    assert rows_in(path, outputs) == [
        Past(one, "b" * 64),
        Past(two, "b" * 64),
        Past(started=True),
        Past(),
    ]
    assert [json.loads(line)["output"] for line in path.read_text().splitlines()] == [
        "one.gsimg",
        "3.gsimg",
        "one.gsimg",
        "/elsewhere/two.gsimg",
    ]


def test_the_last_row_counts_and_a_failure_keeps_what_is_owned(tmp_path):
    first = row("one", tmp_path)
    second = row("one", tmp_path, output_sha256=None, error="damaged")
    with Manifest(tmp_path / "m.jsonl") as manifest:
        manifest.append([first])
        manifest.append([second])
    assert rows_in(tmp_path / "m.jsonl", [Path(first.output)]) == [Past(second, "b" * 64)]


def test_a_folder_can_be_moved(tmp_path):
    (tmp_path / "a").mkdir()
    with Manifest(tmp_path / "a" / "m.jsonl") as manifest:
        manifest.append([row("one", tmp_path / "a")])
    (tmp_path / "a").rename(tmp_path / "b")
    (past,) = rows_in(tmp_path / "b" / "m.jsonl", [tmp_path / "b" / "one.gsimg"])
    assert past.row == row("one", tmp_path / "b")


def test_a_manifest_cut_anywhere_has_its_whole_lines(tmp_path):
    """As kill -9 leaves it while a line is being written; the next row follows the last whole one."""
    path, rows = tmp_path / "m.jsonl", [row(name, tmp_path) for name in ("one", "two")]
    outputs, last = [Path(each.output) for each in rows], row("last", tmp_path)
    with Manifest(path) as manifest:
        manifest.append(rows[:1], [(Path("/p"), outputs[1])])
        manifest.append(rows[1:])
    whole = path.read_bytes()
    line_ends = {place + near for place, byte in enumerate(whole) if byte == 10 for near in (-1, 0, 1)}
    for end in sorted({*range(0, len(whole), 29), *line_ends} - {len(whole)}):
        path.write_bytes(whole[:end])
        n_lines = whole[:end].count(b"\n")
        with Manifest(path) as manifest:
            assert (manifest.past(outputs[0]).row is not None) == (n_lines >= 1)
            assert (manifest.past(outputs[1]).started) == (n_lines == 2)
            manifest.append([last])
        lines = path.read_bytes().splitlines(keepends=True)
        assert lines[:n_lines] == whole.splitlines(keepends=True)[:n_lines] and len(lines) == n_lines + 1
        assert rows_in(path, [Path(last.output)]) == [Past(last, "b" * 64)]
    path.write_bytes(whole + b"\0" * 100)  # a loss of power
    assert rows_in(path, outputs)[1].row == rows[1]


@pytest.mark.parametrize(
    "text",
    [
        "name,size\na,1\n",
        '{"input": "a"}\n',
        '["input"]\n',
        "3\n",
        '{"started": true}\n',
        "\n",
        "notes without an end",
        "[" * 100_000 + "\n",
    ],
)
def test_another_file_is_refused_and_kept(tmp_path, text):
    path = tmp_path / "m.jsonl"
    path.write_text(text)
    with pytest.raises(FormatError, match="line 1 is no line of a manifest"):
        Manifest(path)
    assert path.read_text() == text


@pytest.mark.parametrize(
    ("name", "value"),
    [("psnr", "30"), ("bytes", 1.5), ("input", None), ("notes", "ab"), ("lossless", None), ("wrong", 1)],
)
def test_a_row_with_a_field_of_another_type_is_refused(tmp_path, name, value):
    good = json.loads(json.dumps(row_to_json(row("one", tmp_path))))
    assert row_from_json(good) == row("one", tmp_path)
    with pytest.raises(ValueError):
        row_from_json({**good, name: value})


@pytest.mark.skipif(sys.platform == "win32", reason="files are not locked there")
def test_one_run_at_a_time(tmp_path):
    with Manifest(tmp_path / "m.jsonl"), pytest.raises(BlockingIOError, match="another run"):
        Manifest(tmp_path / "m.jsonl")
    Manifest(tmp_path / "m.jsonl").close()


@pytest.mark.skipif(sys.platform == "win32", reason="needs a limit on the size of files")
def test_a_full_disk_leaves_whole_lines(tmp_path):
    """A limit on the size of files, which, like a full disk, lets a part of the line through."""
    import resource

    path = tmp_path / "m.jsonl"
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    with Manifest(path) as manifest:
        manifest.append([row("one", tmp_path)])
        whole = path.read_bytes()
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(whole) + 50, before[1]))
        try:
            with pytest.raises(OSError, match="File too large") as caught:
                manifest.append([row("two", tmp_path)])
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        assert caught.value.filename == str(path) and path.read_bytes() == whole
        manifest.append([row("two", tmp_path)])
    assert path.read_bytes().count(b"\n") == 2
