"""Which pages may switch plugins."""

import pytest

from localai import Forbidden
from plugins.metrics.dashboard.origin import check_origin
from tests.plugins.support import connecting


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": "http://box.lan:8000", "host": "box.lan:8000"},
        {"origin": "https://BOX.lan", "host": "box.lan"},
        {"sec_fetch_site": "same-origin", "origin": "https://front.example", "host": "inner:8000"},
        {"sec_fetch_site": "none"},
    ],
)
def test_programs_and_the_own_page_may(headers: dict[str, str]) -> None:
    """Who sends no origin is no page; the router's own has its host, or the browser's word."""
    check_origin(connecting(**headers))


@pytest.mark.parametrize(
    "headers",
    [
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site", "origin": "http://localhost", "host": "localhost"},
        {"sec_fetch_site": ""},
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://box.lan:9000", "host": "box.lan:8000"},
        {"origin": "http://[", "host": "box.lan"},
        {"origin": "", "host": ""},
    ],
)
def test_other_pages_may_not(headers: dict[str, str]) -> None:
    """A page of another site or port, or of no place at all, is refused."""
    with pytest.raises(Forbidden, match="web pages of other sites"):
        check_origin(connecting(**headers))
