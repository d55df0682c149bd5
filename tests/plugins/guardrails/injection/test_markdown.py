"""No image, no link and no tag is left of an answer's text, whatever a client makes of it."""

import json
import re
from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from plugins.guardrails.findings import Findings
from plugins.guardrails.injection.markdown import Neutraliser, rules
from plugins.guardrails.injection.origins import Origins
from plugins.guardrails.stream.filter import Filter
from plugins.guardrails.stream.matcher import Matcher

MARKDOWN = MarkdownIt("commonmark")
BASE: dict[str, Any] = {"images": True, "links": False, "html": False}
MATCHERS = {
    wanted: Matcher(rules(images=wanted[0], links=wanted[1], html=wanted[2]))
    for wanted in product((True, False), repeat=3)
}


def neutralised(*pieces: str, **changes: bool) -> str:
    """Return a text that comes in pieces, neutralised."""
    wanted = BASE | changes
    neutraliser = Neutraliser(
        Findings("links"),
        Origins(["https://docs.example.org"]),
        links=wanted["links"],
        html=wanted["html"],
        data_is_foreign=False,
    )
    matcher = MATCHERS[wanted["images"], wanted["links"], wanted["html"]]
    text = Filter(matcher, neutraliser.act)
    return "".join([*map(text.push, pieces), text.flush()])


def tokens(text: str) -> Iterator[Token]:
    """Yield what a renderer of CommonMark makes of a text, with all that is within."""
    pending = MARKDOWN.parse(text)
    while pending:
        token = pending.pop()
        yield token
        pending += token.children or []


def loads(text: str) -> list[str]:
    """Return which addresses elsewhere a renderer would load for images."""
    return [
        each
        for each in (str(t.attrs["src"]) for t in tokens(text) if t.type == "image")
        if away(each)
    ]


def leads(text: str) -> list[str]:
    """Return to which addresses elsewhere a renderer would link."""
    return [
        each
        for each in (str(t.attrs["href"]) for t in tokens(text) if t.type == "link_open")
        if away(each)
    ]


def away(address: str) -> bool:
    """Say whether a browser takes it for an address elsewhere."""
    read = re.sub(r"[\t\r\n]", "", address.strip()).replace("\\", "/").lower()
    if read.startswith(("https://docs.example.org/", "https://docs.example.org?")):
        return False
    return read.startswith("//") or bool(re.match(r"(?:https?|ftp|wss?|file):", read))


IMAGES = (
    "![a](https://evil.org/x.png)",
    "![a](  https://evil.org/x.png 'title')",
    "![a](\nhttps://evil.org/x.png\n'title')",
    "![a](<https://evil.org/a b.png>)",
    "![](//evil.org/x.png)",
    "![a](https:\\\\evil.org/x.png)",
    "![a](https\\://evil.org/x.png)",
    "![a](&#104;ttps://evil.org/x.png)",
    "![a](https&colon;//evil.org/x.png)",
    "![a](http:evil.org/x.png)",
    "![a](https://docs.example.org@evil.org/x.png)",
    "![a](https://docs.example.org.evil.org/x.png)",
    "![a](https://evil.org/(a(b)c).png)",
    "![a](https://evil.org/" + "a" * 5000 + ")",
    "![" + "a" * 5000 + "](https://evil.org/x.png)",
    "![a [b](c) d](https://evil.org/x.png)",
    "![a ![b](https://evil.org/1) c](https://evil.org/2)",
    "[![a](https://evil.org/x.png)](https://evil.org)",
    "![a\\](b](https://evil.org/x.png)",
    "![a`](b`](https://evil.org/x.png)",
    "![a<b c='](d'>](https://evil.org/x.png)",
    "![a\nb](https://evil.org/x.png)",
    "![a][r]\n\n[r]: https://evil.org/x.png",
    "[r]: https://evil.org/x.png\n\n![a][r]",
    "[r]: https://evil.org/x.png\n\n![r][]",
    "[r]:\n  <https://evil.org/x.png> 'title'\n\n![r]",
    "> [r]:\n> https://evil.org/x.png\n\n![r]",
    "- ![a](https://evil.org/x.png)",
    "> ![a\n> ](https://evil.org/x.png)",
    "# ![a](https://evil.org/x.png)",
)
HARMLESS = (
    "![a](/img/x.png) ![a](x.png 'title') ![a](../x.png)",
    "![a](https://docs.example.org/x.png)",
    "![a](data:image/png;base64,iVBORw0KGgo=)",
    "[a](https://elsewhere.org/) and https://elsewhere.org, <https://elsewhere.org>",
    "![a](x.png)\n\n[a](https://elsewhere.org/)",
    "let a = vec![1, 2];\n\nSee [the manual](https://doc.example.net).",
    "[1]: https://elsewhere.org",
    "handlers[type](event); calls[0]('a'); if (!a[0]) { b = [!c] }",
    "Wow! [really]",
)
LINKS = (
    "[a](https://evil.org/)",
    "[a](javascript:alert(1))",
    "[a](<https://evil.org/>)",
    "[a][r]\n\n[r]: https://evil.org/",
    "[r]: https://evil.org/\n\n[r]",
    "<https://evil.org/>",
    "<ftp://evil.org/>",
    "<http:evil.org>",
    "<javascript:alert(1)>",
    "<slack://evil>",
)
fragments = st.lists(
    st.sampled_from(
        ("![", "](", "]", "[", "(", ")", "!", "<", ">", "\\", "`", "``", "\n", "\n\n", " ", "    ")
    )
    | st.sampled_from(("https://evil.org/", "//evil.org", "http:evil.org", "&colon;", "&#47;", "a"))
    | st.sampled_from(("[r]: ", "[r]", "]:", "> ", "- ", "```\n", "![r]", "![a](", "/x.png", "'t'"))
    | st.sampled_from(("https://docs.example.org/", "<https://evil.org/>", "*", "\t", "<a", "_")),
    max_size=14,
).map("".join)


@pytest.mark.parametrize("text", IMAGES)
def test_foreign_images_are_not_loaded(text: str) -> None:
    """However an image is written, nothing is loaded, and its description stays."""
    assert loads(text), "the test is none if nothing would be loaded"
    for pieces in ([text], text, [text[:7], text[7:]]):
        given_ = neutralised(*pieces)
        assert not loads(given_)
    assert "a" in given_ or "r" in given_
    assert re.search(r"image removed: [a-z.@\[\]]*evil\[\.\]org|&|\\|! \[|http:evil", given_)


@pytest.mark.parametrize("text", HARMLESS)
def test_what_loads_nothing_from_elsewhere_stays(text: str) -> None:
    """Local and allowed images, links, and code are given on as they are."""
    assert neutralised(text) == text
    assert neutralised(*text) == text


@pytest.mark.parametrize("text", [*LINKS, *IMAGES])
def test_foreign_links_lead_nowhere(text: str) -> None:
    """With `links`, no link leads elsewhere, and no image either."""
    given_ = neutralised(text, links=True)
    assert not [*leads(given_), *loads(given_)]
    assert "javascript:" not in given_ or "<javascript:" not in given_.replace("](", "<")


def test_bare_addresses_lead_nowhere() -> None:
    """With `links`, an address is shown in a form of which no client makes a link."""
    text = "See https://evil.org/a, www.evil.org, HTTP://evil.org and https://docs.example.org/."
    assert neutralised(text, links=True) == (
        "See evil[.]org/a, www[.]evil[.]org, evil[.]org and https://docs.example.org/."
    )


def test_tags_become_text() -> None:
    """With `html`, a tag that has attributes or does something by itself is none any longer."""
    for text in (
        "<img src=https://evil.org>",
        "<IMG/src='x'>",
        "<p style='background:url(//evil.org)'>",
        "<script>",
        "<style>",
        "<svg>",
        "<a\nhref=x>",
        "<x" + "y" * 100 + " style=z>",
    ):
        assert neutralised(text, html=True) == neutralised(*text, html=True) == f"< {text[1:]}"
    for text in ("<b>a</b> <br/> <br /> 1 < 2, a<3, <!-- x -->, Map<K>", "x <- y <> z"):
        assert neutralised(text, html=True) == text
    assert "<img" not in neutralised("](<img src=https://evil.org>)", html=True)
    assert neutralised("<img/>a<script>", html=True, images=False) == "<img/>a< script>"


@pytest.mark.parametrize("text", ["![a](https://evil.org/x.png)", "![a]: ![a](//evil.org/)"])
def test_json_is_looked_into(text: str) -> None:
    """An image in JSON is found also where its signs are written as escapes."""
    for written in (
        json.dumps({"text": text}).replace("/", "\\/"),
        '{"text": "' + "".join(f"\\u{ord(each):04x}" for each in text[:2]) + text[2:] + '"}',
        '{"text": "' + re.sub(r"[!\[\]()<:]", lambda at: f"\\u{ord(at[0]):04x}", text) + '"}',
    ):
        given_ = neutralised(written)
        assert not loads(json.loads(given_)["text"])


def test_a_bracket_alone_ends_no_image_for_simple_clients() -> None:
    """An image without a closing bracket goes over blank lines, as some clients read it so."""
    assert "removed" in neutralised("![a\n\n](https://evil.org/)")
    assert "removed" not in neutralised("![a]\n\n[b](https://evil.org/)")


@settings(max_examples=300)
@given(fragments)
def test_no_image_is_loaded(text: str) -> None:
    """Of any text, whatever CommonMark makes an image of is local or allowed."""
    assert not loads(neutralised(text))
    assert not loads(neutralised(text, html=True))


@settings(max_examples=300)
@given(fragments)
def test_no_link_leads_elsewhere(text: str) -> None:
    """With `links`, whatever CommonMark makes a link or an image of is local or allowed."""
    for html in (False, True):
        given_ = neutralised(text, links=True, html=html)
        assert not [*leads(given_), *loads(given_)]


@pytest.mark.nightly
@settings(max_examples=10_000, deadline=None)
@given(fragments)
def test_nothing_leads_elsewhere_of_many_texts(text: str) -> None:
    """Both promises hold for ten thousand texts."""
    assert not loads(neutralised(text))
    given_ = neutralised(text, links=True)
    assert not [*leads(given_), *loads(given_)]


@given(fragments, st.randoms(use_true_random=False))
def test_any_pieces_are_the_whole(text: str, random: Any) -> None:
    """However a text is cut, the same is given."""
    cuts = sorted(random.sample(range(len(text) + 1), min(3, len(text) + 1)))
    pieces = [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    for wanted in ({}, {"links": True}, {"links": True, "html": True}):
        whole = neutralised(text, **wanted)
        assert neutralised(*pieces, **wanted) == neutralised(*text, **wanted) == whole
