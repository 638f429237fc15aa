"""The tables of docs/ are those that the committed results make."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT / "benchmarks"))

import doc_tables  # noqa: E402
from committed_results import PUBLISHED  # noqa: E402
from imagegs.evaluation import metrics  # noqa: E402

DOCUMENTS = [path for path in sorted((ROOT / "docs").glob("*.md")) if "<!-- table: " in path.read_text()]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_no_number_is_another_than_in_the_results(path: Path) -> None:
    text = path.read_text()
    assert text.count("<!-- table: ") == text.count("<!-- end -->") == len(doc_tables.PLACE.findall(text))
    assert doc_tables.renewed(text) == (text, [])


def test_another_number_is_noticed() -> None:
    table = f"before\n<!-- table: regions -->\n{doc_tables.text_of('regions')}<!-- end -->\nafter\n"
    digit = table.rindex("MB | ") + len("MB | ")
    typed = table[:digit] + str((int(table[digit]) + 1) % 10) + table[digit + 1 :]
    assert doc_tables.renewed(typed) == (table, ["regions"])


def test_a_table_that_nothing_makes() -> None:
    with pytest.raises(KeyError, match="no such"):
        doc_tables.renewed("<!-- table: no such -->\n<!-- end -->\n")


def test_commands_of_results_are_understood_and_a_second_run_does_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import everything

    calls = []

    def run(words: list[str], env: dict[str, str]) -> subprocess.CompletedProcess[str]:
        assert env["PYTHONPATH"] == str(ROOT / "benchmarks")
        calls.append(words)
        for out in (word for word in words if word.endswith(".json")):
            Path(out).parent.mkdir(exist_ok=True)
            Path(out).write_text("{}")
        return subprocess.CompletedProcess(words, returncode=0)

    monkeypatch.setattr(everything.subprocess, "run", run)
    results = tmp_path / "results"
    results.mkdir()
    arguments = ["everything.py", "--data", "/d", "--work", str(tmp_path / "w"), "--results", str(results)]
    monkeypatch.setattr(sys, "argv", arguments)
    everything.main()
    n = len(calls)
    assert n == sum(map(len, everything.COMMANDS.values()))
    assert sorted(path.stem for path in results.iterdir()) == sorted(everything.COMMANDS)
    scripts = [words[2] for words in calls if words[2] != "-m"]
    of_program = [text for texts in everything.COMMANDS.values() for text in texts if text[:7] == "imagegs"]
    assert all(Path(script).is_file() for script in scripts) and len(scripts) == n - len(of_program)
    assert not any("DATA" in word or "WORK" in word or word == "OUT" for words in calls for word in words)
    everything.main()
    assert len(calls) == n
    monkeypatch.setattr(
        everything.subprocess, "run", lambda words, env: subprocess.CompletedProcess(words, 7)
    )
    monkeypatch.setattr(sys, "argv", [*arguments[:-3], str(tmp_path / "x"), "--results", str(results)])
    with pytest.raises(SystemExit, match=r"kernels: exit code 7 of kernels\.py"):
        everything.main()


def test_all_tables_of_results_are_measured_by_one_command() -> None:
    import everything

    tables = [found["name"] for path in DOCUMENTS for found in doc_tables.PLACE.finditer(path.read_text())]
    arguments = (name.partition(": ")[2] or name.replace(" ", "_") for name in tables)
    names = {each for argument in arguments for each in argument.split()}
    published = {path.stem for path in PUBLISHED.glob("*.tsv")}
    of_bench = {name for name in names if name in ("imagegs", "imagegs-psnr") or name in metrics.METRICS}
    assert names - of_bench - published <= set(everything.COMMANDS)
