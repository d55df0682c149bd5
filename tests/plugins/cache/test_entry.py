"""What is kept of an answer, as bytes."""

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugins.cache.entry import Entry, Head, Unreadable, decode, encode, head_of
from tests.plugins.cache.entries import ENTRIES, an_entry


@settings(deadline=None)
@given(ENTRIES)
def test_an_entry_comes_out_as_it_went_in(entry: Entry) -> None:
    """Head, chunks and vector survive to the last bit."""
    assert decode(encode(entry)) == entry


@settings(deadline=None)
@given(ENTRIES, st.data())
def test_a_head_needs_no_more_than_itself(entry: Entry, data: st.DataObject) -> None:
    """The head is read from a value that is cut anywhere behind it."""
    value = encode(entry)
    end = 5 + int.from_bytes(value[1:5])
    assert head_of(value[: data.draw(st.integers(end, len(value)))]) == entry.head
    with pytest.raises(Unreadable):
        head_of(value[: data.draw(st.integers(0, end - 1))])


@settings(deadline=None)
@given(ENTRIES, st.data())
def test_a_cut_value_is_unreadable(entry: Entry, data: st.DataObject) -> None:
    """A value that lost bytes at its end is never taken for a shorter answer."""
    value = encode(entry)
    with pytest.raises(Unreadable):
        decode(value[: data.draw(st.integers(0, len(value) - 1))])


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_foreign_bytes_are_unreadable_or_an_entry(value: bytes) -> None:
    """Whatever stands there, nothing but `Unreadable` comes of it."""
    for start in (b"", b"\x02\x00\x00\x00\x01", encode(an_entry())[:40]):
        with contextlib.suppress(Unreadable):
            decode(start + value)


@pytest.mark.parametrize("version", [0, 1, 3, 255])
def test_another_version_is_unreadable(version: int) -> None:
    """A value of another version of the router is not read by this one."""
    value = bytes([version]) + encode(an_entry())[1:]
    for read in (decode, head_of):
        with pytest.raises(Unreadable):
            read(value)


def test_deep_nesting_is_unreadable() -> None:
    """A value made to exhaust the reader is not read."""
    head = encode(an_entry())
    end = 5 + int.from_bytes(head[1:5])
    with pytest.raises(Unreadable):
        decode(head[:end] + b"\x91" * 100_000)


def test_a_head_is_small() -> None:
    """The longest head that a request can cause is within what is read of a value."""
    head = Head(
        key="generate:" + "f" * 64,
        stored_at=1.8e9,
        kind="generate",
        model="m" * 128,
        digest="d" * 64,
        tenant="t" * 256,
        caller="c" * 256,
        tags=tuple(f"{n}" + "\U0001f600" * 63 for n in range(8)),
        headers={f"x-localai-{n}": "v" * 64 for n in range(4)},
        group="g" * 96,
        order=b"o" * 16,
        dimensions=4096,
    )
    assert len(encode(Entry(head, ()))) < 4096
