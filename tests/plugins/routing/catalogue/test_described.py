"""Descriptions by digest."""

from plugins.routing.catalogue.described import Described, described_by
from plugins.routing.catalogue.model import Facts
from plugins.routing.catalogue.reading import Shown


def test_a_digest_is_asked_for_once() -> None:
    """While somebody asks, and when it is known, nobody else does; after a failure one may."""
    described = Described()
    assert described.begin("a")
    assert not described.begin("a")
    described.end("a", None)
    assert described.begin("a")
    described.end("a", Shown(parameters=1))
    assert not described.begin("a")
    assert described.get("a") == Shown(parameters=1)


def test_what_no_host_lists_is_forgotten() -> None:
    """Only what is wanted stays, and another one can go on with that."""
    described = Described()
    for key in "abc":
        described.end(key, Shown(parameters=1))
    described.keep({"a", "b"})
    assert described.get("c") is None
    other = Described()
    other.adopt(described)
    assert not other.begin("a")
    assert other.begin("c")


def test_a_model_without_a_digest_is_known_by_its_host_and_size() -> None:
    """Old servers list none; then two hosts are asked apart."""
    with_digest = Facts(name="m", digest="d")
    assert described_by("http://a", with_digest) == described_by("http://b", with_digest) == "d"
    without = Facts(name="m", size=3)
    keys = {described_by(url, each) for url in "ab" for each in (without, without.replace(size=4))}
    assert len(keys) == 4
