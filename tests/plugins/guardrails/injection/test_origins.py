"""Origins are allowed as they are written, and by nothing that only looks like them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localai import SettingsError
from plugins.guardrails.injection.origins import Origins

ORIGINS = Origins(
    ["https://docs.example.org", "*.Example.com", "http://localhost:8080", "xn--bcher-kva.example"]
)


@pytest.mark.parametrize(
    ("scheme", "authority"),
    [
        ("https", "docs.example.org"),
        ("HTTPS", "DOCS.example.ORG"),
        ("https", "docs.example.org:443"),
        ("https", "a.example.com"),
        ("https", "a.b.example.com"),
        ("http", "localhost:8080"),
        ("https", "xn--bcher-kva.example"),
    ],
)
def test_allowed(scheme: str, authority: str) -> None:
    """An origin is scheme, host and port, whatever its case; a star is for subdomains."""
    assert ORIGINS.allow(scheme, authority)


@pytest.mark.parametrize(
    ("scheme", "authority"),
    [
        ("http", "docs.example.org"),
        ("https", "docs.example.org:8443"),
        ("https", "docs.example.org.evil.com"),
        ("https", "docs.example.org@evil.com"),
        ("https", "evil.com@docs.example.org"),
        ("https", "evildocs.example.org"),
        ("https", "example.com"),
        ("https", "evilexample.com"),
        ("https", "docs.example.org."),
        ("https", "docs%2eexample.org"),
        ("https", "docs。example.org"),
        ("https", "d\u043ecs.example.org"),
        ("https", "bücher.example"),
        ("https", "docs.example.org:"),
        ("https", "docs.example.org:44 3"),
        ("http", "localhost"),
        ("ftp", "docs.example.org"),
        ("javascript", "docs.example.org"),
        ("https", ""),
        ("https", "[::1]"),
    ],
)
def test_not_allowed(scheme: str, authority: str) -> None:
    """Another scheme, port, user, dot, script or encoding makes another origin."""
    assert not ORIGINS.allow(scheme, authority)


@pytest.mark.parametrize(
    "text",
    ["", "*", "https://", "https://a.org/path", "ftp://a.org", "a b", "*.*.org", "bücher.de"],
)
def test_settings_that_are_no_origin_are_refused(text: str) -> None:
    """What is no origin is named in the message, with what to write instead."""
    with pytest.raises(SettingsError, match="is no origin: write https://docs"):
        Origins([text])


@given(st.text("docs.examplrg:@%/0.-", max_size=30))
def test_nothing_else_is_allowed(authority: str) -> None:
    """Of all authorities of these letters, only the one that is listed is allowed."""
    allowed = Origins(["https://docs.example.org"]).allow("https", authority)
    assert allowed == (authority in ("docs.example.org", "docs.example.org:443"))
