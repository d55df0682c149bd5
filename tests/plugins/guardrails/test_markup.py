"""HTML out of prose, code left alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.guardrails.markup import strip_html
from tests.pace import within

PIECES = st.sampled_from(
    ["<b>", "</b>", "<", ">", "&lt;", "&amp;", "`", "```", "\n", "a < b", "<!--", "-->", "<script>",
     "</script>", "<scr", "ipt>", "<p\n", "vector<int>", " ", "x", "<img src=x>", "\u00e9", "~~~"]
)  # fmt: skip


@pytest.mark.parametrize(
    ("text", "stripped"),
    [
        ("Hello <b>you</b>", "Hello you"),
        ("a<script>alert('x')</script>b", "ab"),
        ("<img src=x onerror=alert(1)>", ""),
        ("<svg/onload=x>hi", "hi"),
        ("x <!-- never seen --> y", "x  y"),
        ("<scr<b>ipt>alert(1)</scr</b>ipt>", ""),
        ("&lt;script&gt; <i>stays text</i>", "&lt;script&gt; stays text"),
        ("5 &amp; 6 <i>7</i>", "5 &amp; 6 7"),
        ("a\u00a0b<br>", "a\u00a0b"),
    ],
)
def test_tags_go_and_text_stays(text: str, stripped: str) -> None:
    """Tags, comments and scripts are taken out; entities stay as they were written."""
    assert strip_html(text) == stripped


@pytest.mark.parametrize(
    "text",
    [
        "a < b && c > d",
        "std::vector<int> x; #include <stdio.h>",
        "Map<String, List<User>> users",
        "`<b>bold</b>` in code",
        "```html\n<div>\n<script>x</script>\n```",
        "~~~\n<p>\n~~~",
        "```\nnever closed <p>",
        "x <- y; z <= 3; 1 <> 2",
        "I <3 you",
        "plain",
        "",
    ],
)
def test_what_is_no_html_stays_as_it_is(text: str) -> None:
    """Comparisons, generics, and code in backticks and fences are left alone."""
    assert strip_html(text) == text


@given(st.lists(PIECES, max_size=20).map("".join))
def test_stripping_twice_changes_nothing_more(text: str) -> None:
    """Taking tags out never makes new ones."""
    once = strip_html(text)
    assert strip_html(once) == once


@pytest.mark.parametrize(
    "piece", ["<scr", "<b", "<b>", "`", "```", "<!--", "<a href='", "&", "<p\n"]
)
def test_the_worst_text_takes_linear_time(piece: str) -> None:
    """100 kB of what parsers dislike takes no longer than a few passes."""
    text = piece * (100_000 // len(piece))
    within(0.5, lambda: strip_html(text))
