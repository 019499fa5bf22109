"""The fixture runner: it reads every kind of case, and each of its checks can fail."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import pytest
from support.plugin import CASES, load_example

from rewire.errors import UsageError
from rewire.testing import Case, cases, check_case, check_changes, check_leaves, read_case, rewrite
from rewire.testing.variants import with_bom, with_crlf

if TYPE_CHECKING:
    from pathlib import Path

LoggerWarning: Any = load_example()
OLD, NEW = "logger.warn('a')  # c\n", "logger.warning('a')  # c\n"


@pytest.mark.parametrize("case", cases(CASES, LoggerWarning), ids=str)
def test_the_example_plug_in(case: Case) -> None:
    check_case(case)


def test_cases_are_read_in_order_and_know_what_they_say() -> None:
    found = {case.id: case for case in cases(CASES, LoggerWarning)}
    assert list(found) == sorted(found)
    assert found["changes_other_names"].options == {"logger-warning": {"names": ["audit"]}}
    assert found["leaves_a_method_handed_around"].refuses == {"not-called"}
    assert found["leaves_a_method_handed_around"].negative
    assert not found["whole_project"].negative
    assert sorted(found["whole_project"].files) == ["Dockerfile", "app/broken.py", "app/kept.py", "app/main.py"]


def test_the_folder_names_the_codemod(tmp_path: Path) -> None:
    folder = tmp_path / "some_codemod"
    folder.mkdir()
    (folder / "leaves_x.py").write_text("x\n")
    assert cases(folder)[0].codemods == ("some-codemod",)


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        ("changes_a.py", "x\n", "0 lines '# --- after ---' where 1 belong"),
        ("leaves_a.py", "x\n# --- after ---\ny\n", "1 lines"),
        ("changes_a.py", "x\n# --- after ---\nx\n", "the same"),
        ("other.py", "x\n", "is no case"),
        ("leaves_a.py", "# refuses: a\n# refuses: b\n", "two lines"),
        ("leaves_a.py", "# comments: kept\n", "dropped"),
        ("leaves_a.py", "# options: nonsense\n", "cannot read the options"),
    ],
)
def test_a_malformed_case_is_refused(tmp_path: Path, name: str, text: str, complaint: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(UsageError, match=complaint):
        cases(tmp_path, "x")


def test_a_folder_without_cases_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no case"):
        cases(tmp_path, "x")
    with pytest.raises(UsageError, match="no fixture folder"):
        cases(tmp_path / "absent", "x")


@pytest.mark.parametrize(
    ("table", "complaint"),
    [("unknown = 1", "unknown key 'unknown'"), ("a = ", "case.toml"), ("comments = 'x'", "dropped")],
)
def test_a_malformed_case_toml_is_refused(tmp_path: Path, table: str, complaint: str) -> None:
    (tmp_path / "before").mkdir()
    (tmp_path / "case.toml").write_text(table)
    with pytest.raises(UsageError, match=complaint):
        read_case(tmp_path, "x")


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("a=b", {"a": "b"}),
        ("a=1, b=true, c=x-y", {"a": 1, "b": True, "c": "x-y"}),
        ("a=['x', \"y\"], b = 'p, q'", {"a": ["x", "y"], "b": "p, q"}),
        ("", {}),
    ],
)
def test_options_on_one_line(tmp_path: Path, text: str, options: dict[str, Any]) -> None:
    (tmp_path / "leaves_a.py").write_text(f"# options: {text}\nx\n")
    (case,) = cases(tmp_path, "some")
    assert case.options == {"some": options}
    assert dict(case.files) == {"module.py": b"x\n"}


def test_the_verbs_in_place() -> None:
    assert check_changes(LoggerWarning, OLD, NEW).outcome.changed == 1
    check_leaves(LoggerWarning, "x = logger.warn\n", refuses=["not-called"], path="a/b.py")
    trial = rewrite(LoggerWarning, {"a.py": OLD, "b.txt": "logger.warn()"})
    assert trial.text("a.py") == NEW
    assert trial.changed == ("a.py",)
    assert b"+logger.warning" in trial.patch


def test_files_that_are_not_selected_stay() -> None:
    trial = rewrite(LoggerWarning, {"a.py": OLD, "b/c.py": OLD}, select=["b/*"])
    assert trial.changed == ("b/c.py",)


def test_a_configuration_among_the_files_counts_and_the_call_goes_before_it() -> None:
    files = {"pyproject.toml": '[tool.rewire.logger-warning]\nnames = ["a"]\n', "m.py": "a.warn(b.warn())\n"}
    assert rewrite(LoggerWarning, files).text("m.py") == "a.warning(b.warn())\n"
    assert rewrite(LoggerWarning, files, {"names": ["b"]}).text("m.py") == "a.warn(b.warning())\n"


def test_an_unknown_option_is_refused() -> None:
    with pytest.raises(UsageError, match="name"):
        rewrite(LoggerWarning, {"a.py": OLD}, {"namse": ["b"]})


def test_nothing_is_written_into_the_fixtures() -> None:
    before = {path: path.read_bytes() for path in CASES.rglob("*") if path.is_file()}
    for case in cases(CASES, LoggerWarning):
        check_case(case)
    assert {path: path.read_bytes() for path in CASES.rglob("*") if path.is_file()} == before


def failing(complaint: str) -> Any:
    return pytest.raises(AssertionError, match=complaint)


def case(**changes: Any) -> Case:
    made = Case("made", (LoggerWarning,), {"m.py": OLD.encode()}, {"m.py": NEW.encode()})
    return dataclasses.replace(made, **changes)


def test_another_result_fails_with_a_diff() -> None:
    with failing(r"(?s)not as expected.*-logger.warning\('b'\).*\+logger.warning\('a'\)"):
        check_case(case(expected={"m.py": b"logger.warning('b')\n"}))


def test_a_difference_in_line_ends_is_made_visible() -> None:
    with failing(r"c\\r"):
        check_case(case(expected={"m.py": NEW.replace("\n", "\r\n").encode()}))


def test_a_missing_and_a_surplus_file_fail() -> None:
    with failing(r"m\.py: should not be there"):
        check_case(case(expected={}))
    with failing(r"n\.py: is missing"):
        check_case(case(expected={"m.py": NEW.encode(), "n.py": b""}))


def test_refusals_that_were_not_announced_fail_and_announced_ones_must_come() -> None:
    with failing("should refuse nothing, refuses"):
        check_leaves(LoggerWarning, "x = logger.warn\n")
    with failing("refuses nothing"):
        check_case(case(refuses=frozenset({"not-called"})))


def test_figures_of_the_ledger_are_checked() -> None:
    check_case(case(counts={"found": 1, "changed": 1, "refused": 0, "suppressed": 0}))
    for name in ("found", "changed", "refused", "suppressed"):
        with failing(f"{name} should be 7"):
            check_case(case(counts={name: 7}))


def test_failures_must_be_announced() -> None:
    broken = {"m.py": b"def (: logger.warn()\n"}
    check_case(case(files=broken, expected=broken, fails=frozenset({"m.py"})))
    with failing("files that fail"):
        check_case(case(files=broken, expected=broken))


def test_a_change_that_verify_rejects_fails() -> None:
    class Doubtful(LoggerWarning):  # type: ignore[misc]
        def check(self, *arguments: Any) -> str:
            return "not proved"

    with failing("not proved"):
        check_changes(Doubtful, OLD, NEW)


def test_an_undeclared_refusal_code_fails() -> None:
    class Undeclared(LoggerWarning):  # type: ignore[misc]
        refusal_codes = ()

    with pytest.raises(Exception, match="not-called"):
        check_leaves(Undeclared, "x = logger.warn\n", refuses=["not-called"])


@pytest.mark.parametrize("spoilt", [b"", b"nonsense", b"--- a/m.py\n+++ b/m.py\n@@ -1 +1 @@\n-other\n+text\n"])
def test_a_patch_that_says_something_else_fails(monkeypatch: pytest.MonkeyPatch, spoilt: bytes) -> None:
    monkeypatch.setattr("rewire.testing.trial.patch.render", lambda result: spoilt)
    with failing("git apply"):
        check_changes(LoggerWarning, OLD, NEW)


def test_a_patch_without_a_change_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rewire.testing.trial.patch.render", lambda result: b"something")
    with failing("nothing changed, but"):
        check_leaves(LoggerWarning, "x\n")


def test_lost_comments_fail_unless_meant() -> None:
    from rewire.testing.check import _check_file

    with failing("comments lost"):
        _check_file(case(), "made", b"x  # c\n", b"x\n")
    _check_file(case(drops_comments=True), "made", b"x  # c\n", b"x\n")
    with failing("does not parse"):
        _check_file(case(), "made", b"x\n", b"x(\n")


def test_crlf_is_for_trees_without_any() -> None:
    tree = {"a.py": b"x\ny\n", "b.txt": b"z\n"}
    assert with_crlf(tree, tree) == {"a.py": b"x\r\ny\r\n", "b.txt": b"z\n"}
    assert with_crlf({**tree, "new.py": b"x\n"}, tree) == {"a.py": b"x\r\ny\r\n", "b.txt": b"z\n", "new.py": b"x\n"}
    assert with_crlf({"a.py": b"x\r\n"}, {"a.py": b"x\r\n"}) is None


def test_a_byte_order_mark_goes_only_where_python_allows_it() -> None:
    tree = {"a.py": b"x\n", "b.py": b"# coding: latin-1\n'\xe9'\n", "c.txt": b"z\n"}
    assert with_bom(tree, tree) == {**tree, "a.py": b"\xef\xbb\xbfx\n"}
    assert with_bom({"b.py": tree["b.py"]}, {"b.py": tree["b.py"]}) is None
