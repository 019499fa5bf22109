"""The JSON ledger, the pull request's body and the summary: every figure is the run's own."""

from __future__ import annotations

import dataclasses
import io
import json
import re
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from support.repositories import create, outcome, rewrite, run_of, source

from rewire.model.result import Failure, Rejected
from rewire.model.site import Note, Refusal, Suppression
from rewire.model.source import Span
from rewire.report import console, diff, ledger, markdown
from rewire.report.about import About, Delivered

if TYPE_CHECKING:
    from pathlib import Path

    from rewire.model.result import RunResult
    from rewire.model.workspace import FileChange

ABOUT = About("1.2.3", "dry-run", "rewire apply src", 0)
EVIL = "\x1b[31m`|<script>alert(1)</script>\n# Not a heading\n| a | b |\n```\n@team \u202e"


def refusal(path: str, line: int, code: str = "kept", reason: str = "it says keep", advice: str = "ask") -> Refusal:
    return Refusal("toy", path, Span(0, 1), code, reason, advice, line)


def change(path: str, *shapes: str) -> FileChange:
    """A file with one change of each shape, ten lines apart."""
    text = "".join(f"x = old({number})\n" + "pass\n" * 9 for number in range(len(shapes)))
    file = rewrite(source(path, text.encode()), "old", "new")
    changes = tuple(dataclasses.replace(one, shape=shape) for one, shape in zip(file.changes, shapes, strict=True))
    return dataclasses.replace(file, changes=changes)


@pytest.fixture
def result(tmp_path: Path) -> RunResult:
    toy = outcome(
        "toy",
        change("a.py", "call", "call", "odd"),
        change("b.py", "call"),
        create("made.py", "x = 1\n"),
        refusals=(refusal("a.py", 3), refusal("b.py", 4), refusal("c.py", 0, "other", "why", "do")),
        rejected=(Rejected("c.py", "names", "nothing defines 'x' any more", "toy"),),
        notes=(Note("toy", "a limit was lost", "a.py", 7), Note("toy", "of no place")),
        facts={"connections_before": 3, "groups": {"x": 1}},
        options={"style": "loud"},
        explicit_options={"style": "loud"},
    )
    toy = dataclasses.replace(
        toy, found=toy.found + 1, suppressed=(Suppression("toy", "d.py", Span(0, 1), "# rewire: ignore[toy]", 2),)
    )
    run = run_of(tmp_path, toy, outcome("idle"))
    return dataclasses.replace(
        run,
        failures=(Failure("bad.py", "unparsable", "no such luck", "mend it", 9),),
        unused_suppressions=(Suppression("toy", "e.py", Span(0, 1), "# rewire: ignore[toy] x", 5),),
        files_seen=12,
    )


def summary(result: RunResult, about: About = ABOUT, *, everything: bool = False) -> str:
    stream = io.StringIO()
    console.Summary(console.open_console(stream, colour=False), everything=everything).show(result, about)
    return stream.getvalue()


def test_the_ledger_holds_everything(result: RunResult) -> None:
    document = json.loads(ledger.render(result, ABOUT._replace(commits=(Delivered("abc", "a subject"),))))
    assert document["schema_version"] == 1
    assert document["rewire_version"] == "1.2.3"
    assert document["commits"] == [{"sha": "abc", "subject": "a subject"}]
    toy, idle = document["codemods"]
    assert toy["found"] == toy["changed"] + toy["refused"] + toy["suppressed"] == 4 + 3 + 1
    assert [file["status"] for file in toy["files"]] == ["modified", "modified", "created"]
    assert sum(not change["support"] for file in toy["files"] for change in file["changes"]) == toy["changed"]
    assert len(toy["refusals"]) == toy["refused"]
    assert toy["rejected"] == [{"path": "c.py", "check": "names", "detail": "nothing defines 'x' any more"}]
    assert toy["notes"][0] == {"path": "a.py", "line": 7, "text": "a limit was lost"}
    assert toy["facts"] == {"connections_before": 3, "groups": {"x": 1}}
    assert toy["explicit_options"] == {"style": "loud"}
    assert document["failures"][0]["path"] == "bad.py"
    assert document["unused_suppressions"][0]["line"] == 5
    assert idle["found"] == 0


@pytest.mark.parametrize(
    "reason", ["é\u2028😀", "\x00\x08\x1b\x7f\x80", 'a "b" \\ /\t\r\n', "name-\udce9.py", "", "{}", "[\n]"], ids=ascii
)
def test_the_ledger_is_written_as_the_standard_library_would(result: RunResult, reason: str) -> None:
    failure = Failure(f"{reason}.py", "unparsable", reason, "mend it", 9)
    odd = dataclasses.replace(result, failures=(failure,), seconds=0.25)
    plain = msgspec.to_builtins(ledger.ledger(odd, ABOUT))
    assert ledger.render(odd, ABOUT) == json.dumps(plain, indent=2) + "\n"


def test_the_ledger_is_what_its_schema_says(result: RunResult) -> None:
    text = ledger.render(result, ABOUT)
    assert msgspec.json.decode(text, type=ledger.Ledger, strict=True) == ledger.ledger(result, ABOUT)
    schema = ledger.schema()
    named = schema["$defs"]["Ledger"]
    assert set(named["required"]) == set(json.loads(text))


def test_the_ledger_shows_places_in_the_texts(result: RunResult) -> None:
    (first, *_) = json.loads(ledger.render(result, ABOUT))["codemods"][0]["files"]
    file = result.outcomes[0].changeset.files[0]
    assert file.before
    assert file.after
    for entry in first["changes"]:
        assert file.before.text[slice(*entry["before"])] == "old"
        assert file.after.text[slice(*entry["after"])] == "new"


@pytest.mark.parametrize("write", [ledger.render, markdown.render, lambda result, about: summary(result, about)])
def test_hostile_text_stays_text_in_every_format(tmp_path: Path, write: Any) -> None:
    file = rewrite(source(f"{EVIL}.py", f"old('''{EVIL}''')\n".encode()), "old", "new")
    toy = outcome(
        "toy",
        dataclasses.replace(file, changes=(dataclasses.replace(file.changes[0], shape=EVIL, summary=EVIL),)),
        refusals=(refusal(f"{EVIL}.py", 1, reason=EVIL, advice=EVIL),),
        notes=(Note("toy", EVIL, f"{EVIL}.py", 1),),
        facts={EVIL: EVIL},
    )
    run = dataclasses.replace(
        run_of(tmp_path, toy),
        failures=(Failure(f"{EVIL}.py", "x", EVIL, EVIL, 1), Failure("caf\udce9", "x", "", "", 1)),
    )
    text = write(run, ABOUT)
    text.encode()
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", text)


def test_hostile_text_adds_no_structure_to_the_body(tmp_path: Path) -> None:
    def body(words: str) -> list[tuple[str, str]]:
        file = rewrite(source(f"{words}.py", f"old('{words}')\n".encode()), "old", "new")
        toy = outcome(
            "toy",
            dataclasses.replace(file, changes=(dataclasses.replace(file.changes[0], shape=words),)),
            refusals=(refusal(f"{words}.py", 1, reason=words, advice=words),),
            notes=(Note("toy", words, f"{words}.py", 1),),
        )
        run = dataclasses.replace(run_of(tmp_path, toy), failures=(Failure(f"{words}.py", "x", words, words, 1),))
        tokens = MarkdownIt("commonmark", {"html": True}).enable("table").parse(markdown.render(run, ABOUT))
        return [
            (token.type, child.type)
            for token in tokens
            for child in token.children or [token]
            if child.type not in {"text", "text_special"}
        ]

    evil = EVIL.replace("\n", "\\n")  # a line break in code is a line break in its excerpt, and nothing else
    assert body(evil) == body("harmless")
    structure = {kind for kind, _ in body(EVIL)} | {kind for _, kind in body(EVIL)}
    assert not structure & {"html_block", "html_inline"}


def table(text: str) -> dict[str, dict[str, int]]:
    """The figures in a body's table, read as a reviewer's script would."""
    lines = text[text.index("| codemod |") :].split("\n\n")[0].splitlines()
    names = [cell.strip() for cell in lines[0].strip("|").split("|")]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]
    return {row[0]: {name: int(cell) for name, cell in zip(names[2:], row[2:], strict=True)} for row in rows}


def test_the_body_s_table_is_the_ledger_s(result: RunResult) -> None:
    rows = table(markdown.render(result, ABOUT))
    for one in result.outcomes:
        assert rows[one.codemod] == {
            "files": len(one.changeset.files),
            "found": one.found,
            "changed": one.changed,
            "refused": len(one.refusals),
            "suppressed": len(one.suppressed),
        }


SHAPES = st.lists(st.sampled_from(["one", "two", "three", "four"]), min_size=1, max_size=14)


@given(st.lists(SHAPES, min_size=1, max_size=4))
def test_outliers_come_first_and_every_count_adds_up(tmp_path_factory: pytest.TempPathFactory, files: Any) -> None:
    made = [change(f"f{number}.py", *shapes) for number, shapes in enumerate(files)]
    text = markdown.render(run_of(tmp_path_factory.mktemp("run"), outcome("toy", *made)), ABOUT)
    counts = {shape: sum(one.count(shape) for one in files) for shape in {name for one in files for name in one}}
    sizes = sorted(counts.values(), reverse=True)
    heading = re.search(r"### toy: (\d+) sites?, (\d+) shapes?(?:: (.*))?", text)
    assert heading
    assert (int(heading[1]), int(heading[2])) == (sum(sizes), len(sizes))
    if len(sizes) > 1:
        assert heading[3] == " / ".join(map(str, sizes))
    shown = re.findall(r"\*\*(\w+)\*\*: (\d+) sites?, (all shown|the first shown|shown)\n((?:(?!\*\*)[\s\S])*)", text)
    assert {name: int(count) for name, count, _, _ in shown} == counts
    for name, count, how, excerpts in shown:
        expected = int(count) if how == "all shown" else 1
        assert len(re.findall(r"^`f\d\.py:\d+`$", excerpts, re.MULTILINE)) == expected, name
        assert excerpts.count("```diff") == expected
    if len(sizes) > 1:
        in_full = [int(count) for _, count, how, _ in shown if how == "all shown"]
        assert in_full == sorted(size for size in sizes if size <= markdown.RARE)


def test_an_excerpt_shows_its_own_change_only(tmp_path: Path) -> None:
    text = markdown.render(run_of(tmp_path, outcome("toy", change("a.py", "call", "odd"))), ABOUT)
    assert "-x = old(1)\n+x = new(1)" in text
    assert text.count("-x = old") == 2


def test_the_body_says_what_was_left_and_what_did_not_run(result: RunResult) -> None:
    text = markdown.render(result, ABOUT._replace(undo="git reset --keep abc"))
    assert "`kept` (2 places): it says keep" in text
    assert "- `a.py:3`" in text
    assert "suppressed by `# rewire: ignore[toy]`" in text
    assert "`bad.py:9`: no such luck" in text
    assert "rejected by `names`: `c.py`" in text
    assert "Not run: this project's tests" in text
    assert "```sh\nrewire apply src\n```" in text
    assert "```sh\ngit reset --keep abc\n```" in text
    assert "`style = 'loud'`" in text


def test_the_body_of_a_real_run_names_its_commits(result: RunResult) -> None:
    about = ABOUT._replace(mode="apply", commits=(Delivered("abcdef" * 6, "rewire(toy): do *it* @all"),))
    text = markdown.render(result, about)
    assert "- `abcdefabcdef` rewire(toy): do \\*it\\* @&#8203;all" in text


def test_the_body_stays_within_what_a_pull_request_takes(tmp_path: Path) -> None:
    many = [change(f"f{number}.py", *(f"shape {number} {index}" for index in range(20))) for number in range(60)]
    refusals = tuple(refusal(f"f{number}.py", 1, f"code-{number % 7}") for number in range(3000))
    text = markdown.render(run_of(tmp_path, outcome("toy", *many, refusals=refusals)), ABOUT)
    assert len(text) < 65_536
    assert "excerpts would not fit here" in text
    assert "more (place); `--format json` lists all" in text
    assert table(text)["toy"]["changed"] == 1200


def test_many_long_reasons_shorten_the_lists_and_not_the_figures(tmp_path: Path) -> None:
    refusals = tuple(
        refusal(f"f{number}.py", 1, f"code-{number % 40}", f"{number} " + "why " * 60) for number in range(2000)
    )
    failures = tuple(Failure(f"g{number}.py", "unparsable", "no " * 200, "mend it", 1) for number in range(500))
    run = dataclasses.replace(run_of(tmp_path, outcome("toy", refusals=refusals)), failures=failures)
    text = markdown.render(run, ABOUT)
    assert len(text) <= markdown.LONGEST
    assert table(text)["toy"]["refused"] == 2000
    assert all(f"`code-{number}` (50 places)" in text for number in range(40))
    assert "Not run: this project's tests" in text


def test_a_run_that_did_nothing_says_so(tmp_path: Path) -> None:
    run = run_of(tmp_path, outcome("toy"))
    assert "no codemod of this run found a place to change" in markdown.render(run, ABOUT)
    assert "nothing to change" in summary(run)


def test_the_summary_groups_refusals_and_shortens_long_lists(tmp_path: Path) -> None:
    refusals = (
        *(refusal(f"f{number}.py", number + 1) for number in range(30)),
        refusal("g.py", 1, "rare", "one reason"),
        refusal("h.py", 2, "rare", "another"),
    )
    run = run_of(tmp_path, outcome("toy", refusals=refusals))
    text = summary(run)
    assert "toy left 32 places as they are" in text
    assert "  kept (30): it says keep\n" in text
    assert "f4.py:5" in text
    assert "f5.py:6" not in text
    assert "and 25 more; --verbose shows all" in text
    assert "g.py:1  one reason\n" in text
    assert "h.py:2  another\n" in text
    everything = summary(run, everything=True)
    assert all(f"f{number}.py:{number + 1}" in everything for number in range(30))
    assert "more;" not in everything


def test_the_summary_balances_and_names_what_else_there_is(result: RunResult) -> None:
    text = summary(result)
    (row,) = [line.split() for line in text.splitlines() if line.startswith("toy  ")]
    assert row == ["toy", "checked", "3", "8", "4", "3", "1"]
    for words in (
        "rejected: c.py: names: nothing defines 'x' any more",
        "toy: note: a.py:7: a limit was lost",
        "toy: connections before: 3",
        "failed: bad.py:9: no such luck (unparsable)",
        "unused: e.py:5: # rewire: ignore[toy] x suppresses nothing",
        "would change 3 files; 12 files",
    ):
        assert words in text
    assert "groups" not in text
    everything = summary(result, everything=True)
    assert "groups" in everything
    assert "toy: suppressed: d.py:2: # rewire: ignore[toy]" in everything


def test_after_a_real_run_the_summary_shows_commits_and_the_way_back(result: RunResult) -> None:
    about = ABOUT._replace(
        mode="apply", commits=(Delivered("a" * 40, "rewire(toy): x"),), branch="main", undo="git reset --keep b"
    )
    text = summary(result, about)
    assert f"{'a' * 10} rewire(toy): x" in text
    assert "to take it back: git reset --keep b" in text
    assert "nothing was written" not in text


def test_the_terminal_s_diff_is_by_codemod_and_file(result: RunResult) -> None:
    text = "".join(diff.render(result, colour=False))
    assert text.startswith("=== toy: replace a word (toy)\n\na.py\n@@ -1,4 +1,4 @@\n-x = old(0)\n+x = new(0)\n")
    assert "made.py (new file)\n@@ -1,0 +1,1 @@\n+x = 1\n" in text
    coloured = "".join(diff.render(result, colour=True))
    assert re.sub(r"\x1b\[[\d;]*m", "", coloured) == text
    assert "\x1b[31m-x = old(0)\x1b[0m\n" in coloured
