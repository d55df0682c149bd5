"""What requests want of the cache, in headers and in bodies."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localai import Caching, Listing, Principal
from plugins.cache.wish import NO_WISH, Wish, wish_of
from tests.plugins.support import a_call, connecting


def by_header(text: str) -> Wish:
    """Return the wish of a call with this header."""
    return wish_of(a_call(connection=connecting(cache_control=text)))


def test_who_says_nothing_wants_nothing() -> None:
    """Without header and body all is allowed, also for a plugin's own call."""
    assert wish_of(a_call()) is NO_WISH
    assert wish_of(a_call(connection=connecting())) is NO_WISH
    assert NO_WISH == (True, True, None, None, ())


@pytest.mark.parametrize(
    ("header", "wish"),
    [
        ("no-cache", Wish(reads=False)),
        ("No-Cache", Wish(reads=False)),
        ("no-store", Wish(reads=False, writes=False)),
        ("no-cache, no-store", Wish(reads=False, writes=False)),
        ("max-age=0", Wish(max_age=0)),
        ("max-age=60", Wish(max_age=60)),
        ('max-age = "60"', Wish(max_age=60)),
        ("private,max-age=60 , no-cache", Wish(reads=False, max_age=60)),
        ("max-age=soon", Wish(max_age=0)),
        ("max-age=-1", Wish(max_age=0)),
        ("max-age", Wish(max_age=0)),
        ("max-age=99999999999999999999", Wish(max_age=2**31)),
        ("max-stale=9, min-fresh=3, only-if-cached", Wish()),
        ("not-no-cache", Wish()),
    ],
)
def test_a_header_is_read_as_http_says(header: str, wish: Wish) -> None:
    """Directives count in any case and any order; what can't be read lets nothing old pass."""
    assert by_header(header) == wish


@pytest.mark.parametrize(
    ("body", "wish"),
    [
        (Caching(no_cache=True), Wish(reads=False)),
        (Caching(no_store=True), Wish(reads=False, writes=False)),
        (Caching(max_age=5, ttl=9, tags=("a", "b")), Wish(True, True, 5, 9, ("a", "b"))),
    ],
)
def test_a_body_says_the_same_and_more(body: Caching, wish: Wish) -> None:
    """The `cache` object has the header's directives, a time to live, and tags."""
    assert wish_of(a_call(cache=body)) == wish


def test_the_stricter_of_header_and_body_counts() -> None:
    """Neither takes back what the other asks for."""
    call = a_call(
        cache=Caching(no_cache=True, max_age=50), connection=connecting(cache_control="max-age=9")
    )
    assert wish_of(call) == Wish(reads=False, max_age=9)
    call = call.replace(cache=Caching(max_age=5))
    assert wish_of(call) == Wish(max_age=5)


def test_the_list_of_models_is_asked_for_by_header_only() -> None:
    """A listing has no body, and the header counts for it."""
    me = Principal(id="me")
    assert wish_of(Listing(principal=me)) is NO_WISH
    listing = Listing(principal=me, connection=connecting(cache_control="no-cache"))
    assert wish_of(listing) == Wish(reads=False)


def test_an_answer_is_accepted_up_to_its_age() -> None:
    """Age counts to the fraction of a second, and nothing is accepted that must not be read."""
    assert Wish().accepts(1e9)
    assert Wish(max_age=1).accepts(1.0)
    assert not Wish(max_age=1).accepts(1.1)
    assert not Wish(max_age=0).accepts(0.1)
    assert not Wish(reads=False).accepts(0)


@given(st.text(st.characters(max_codepoint=255), max_size=200))
def test_no_header_is_too_strange(text: str) -> None:
    """Any header makes a wish."""
    assert isinstance(by_header(text), Wish)
