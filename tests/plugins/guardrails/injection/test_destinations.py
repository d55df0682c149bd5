"""A destination is local only if no client can take it for an address elsewhere."""

import html
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugins.guardrails.injection.destinations import defanged, is_foreign
from plugins.guardrails.injection.markdown import DESTINATION
from plugins.guardrails.injection.origins import Origins

ORIGINS = Origins(["https://docs.example.org"])
LOCAL = (
    *("#", "?", "/img/", "/a ", "/", "img.png)", "img.png ", "a/b", "../a/", "./a/", ")", "<>"),
    *("<a.png>", "<my ", "https://docs.example.org/", " https://docs.example.org)"),
    *("https://docs.example.org:443?", "<https://docs.example.org>", "data:image/png;base64,iVB"),
    *("mailto:a@b.org)", "tel:+1)", "übersicht.html#", "a%20b.png)"),
)
FOREIGN = (
    *("https://evil.org/", "//evil.org/", "http:evil.org", "https:/evil.org/", "HTTPS://evil.org/"),
    *("https:\\\\evil.org", "/\\evil.org", "\\\\evil.org", "https://docs.example.org@evil.org/"),
    *("https://docs.example.org.evil.org/", "https://docs.example.org\\@evil.org/"),
    *("https&colon;//evil.org/", "&#104;ttps://evil.org/", "/&sol;evil.org/", "h\\ttps://evil.org"),
    *("ht\t", "ht\n", "/\t", " \n ", "         ", ">", "javascript:alert(", "blob:x", "file:///x"),
    *("https://docs.example.org", "https://d\u043ecs.example.org/", "\xa0https://evil.org/"),
    *("https://docs.example.org:8443/", "http://docs.example.org/", "%68ttps://evil.org/"),
)


@pytest.mark.parametrize("text", LOCAL)
def test_local(text: str) -> None:
    """Paths, anchors, queries, mail, data and allowed origins lead nowhere else."""
    assert not is_foreign(text, ORIGINS)


@pytest.mark.parametrize("text", FOREIGN)
def test_foreign(text: str) -> None:
    """All that some client makes an address of elsewhere is foreign."""
    assert is_foreign(text, ORIGINS)


def test_data_is_foreign_if_the_settings_say_so() -> None:
    """Data in a URI is local or not, by the settings."""
    assert is_foreign("data:text/html,", ORIGINS, data_is_foreign=True)
    assert is_foreign("DATA:text/html,", ORIGINS, data_is_foreign=True)
    assert not is_foreign("DATA:text/html,", ORIGINS)


def test_a_call_after_an_index_is_no_link() -> None:
    """What follows brackets in code is foreign only where an image may have begun."""
    assert is_foreign("", ORIGINS)
    assert not is_foreign("", ORIGINS, is_image=False)


@settings(max_examples=500)
@given(
    st.lists(
        st.sampled_from(("http", "https:", "/", "//", "\\", "evil.org", "a", "<", "\t", "\n", " "))
        | st.sampled_from(
            ("#", "?", "&", ":", "@", "%2f", "\xa0", "ht", "tps", "&sol;", "data:", ".")
        ),
        max_size=8,
    ).map("".join)
)
def test_what_a_browser_would_request_is_foreign(text: str) -> None:
    """What counts as local is no address elsewhere as browsers read it (WHATWG URL, 4.4)."""
    start = re.match(DESTINATION, text)
    assert start is not None
    if is_foreign(start[0], Origins([])):
        return
    read = re.sub(r"[\t\r\n]", "", html.unescape(text).strip().lstrip("< ")).replace("\\", "/")
    assert not read.startswith("//")
    assert not re.match(r"(?:https?|ftp|wss?|file):", read)


def test_defanged() -> None:
    """A reader sees where a destination leads, and no client makes a link of it."""
    assert defanged(" <https://www.evil.org/") == "www[.]evil[.]org/"
    assert defanged("//evil.org/") == "evil[.]org/"
    assert defanged("javascript:alert") == "javascript:alert"
