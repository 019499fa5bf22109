"""Nothing of the target's text can steer a terminal or write structure into a document."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from rewire.report.escape import code_block, code_span, one_line, prose, visible

HOSTILE = st.text(
    st.one_of(
        st.characters(),
        st.sampled_from("`|<>[]()*_#@!\\&~\n\r\t\x1b\x9b\x07\u202e\u2028"),
        st.characters(categories=["Cs", "Cc", "Cf"]),
    ),
    max_size=60,
)
MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


def allowed(character: str) -> bool:
    if character in "\t\n":
        return True
    return unicodedata.category(character) not in {"Cc", "Cs", "Zl", "Zp"} and unicodedata.bidirectional(
        character
    ) not in {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}


@given(HOSTILE)
def test_a_terminal_obeys_nothing_in_visible_text(text: str) -> None:
    shown = visible(text)
    assert all(map(allowed, shown))
    shown.encode()
    assert "\n" not in one_line(text)
    assert "\t" not in one_line(text)


@given(st.text(st.characters(categories=["L", "N", "P", "S", "Zs"])))
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    assert visible(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2J", "\\x1b[2J"),
        ("\x9b1m", "\\x9b1m"),
        ("a\rb", "a\\x0db"),
        ("\u202eabc", "\\u202eabc"),
        ("caf\udce9.py", "caf\\xe9.py"),
        ("\ud800", "\\ud800"),
        ("\U000e0041", "\\U000e0041"),
        ("Grüße, 世界 🎉", "Grüße, 世界 🎉"),
    ],
)
def test_escapes_are_what_python_would_write(text: str, shown: str) -> None:
    assert visible(text) == shown


@given(HOSTILE)
def test_a_code_span_is_one_code_span_whatever_it_holds(text: str) -> None:
    (block,) = [token for token in MARKDOWN.parse(f"x {code_span(text)} y") if token.type == "inline"]
    kinds = [child.type for child in block.children or ()]
    assert kinds == ["text", "code_inline", "text"]
    assert (block.children or [])[1].content.strip() == one_line(text).replace("|", "\\|").strip()


@given(HOSTILE)
def test_a_code_span_stays_in_its_table_cell(text: str) -> None:
    tokens = MARKDOWN.parse(f"| a | b |\n| --- | --- |\n| {code_span(text)} | 1 |\n")
    cells = [token for token in tokens if token.type == "td_open"]
    assert len(cells) == 2


@given(HOSTILE)
def test_a_code_block_is_one_block_whatever_it_holds(text: str) -> None:
    tokens = MARKDOWN.parse(f"before\n\n{code_block(text, 'diff')}\n\nafter\n")
    assert [token.type for token in tokens if token.level == 0 and token.nesting >= 0] == [
        "paragraph_open",
        "fence",
        "paragraph_open",
    ]


@given(HOSTILE, st.sampled_from(["", "x ", "- ", "1. "]))
def test_prose_is_words_and_nothing_else(text: str, before: str) -> None:
    rendered = prose(text)
    blocks = [token for token in MARKDOWN.parse(f"{before}{rendered} end") if token.nesting >= 0]
    item = ["bullet_list_open", "list_item_open"] if before == "- " else ["ordered_list_open", "list_item_open"]
    expected = [*(item if before in {"- ", "1. "} else []), "paragraph_open", "inline"]
    assert [token.type for token in blocks] == expected
    assert {child.type for child in blocks[-1].children or ()} <= {"text", "text_special"}


@pytest.mark.parametrize("text", ["@team", "x @team", "(@team)", "#12", "owner/repo#12"])
def test_prose_mentions_and_refers_to_nobody(text: str) -> None:
    """GitHub finds these in the rendered text."""
    shown = re.sub("<[^>]*>", "", MARKDOWN.render(prose(text)))
    assert not re.search(r"[@#]\w", shown)
    assert shown.replace("\u200b", "").strip() == text


@pytest.mark.parametrize("text", ["https://example.org/x", "see www.example.org", "http://a"])
def test_prose_links_nowhere(text: str) -> None:
    assert not re.search(r"https?://|www\.", prose(text))
    assert MARKDOWN.render(prose(text)).strip() == f"<p>{text}</p>"
