"""Text comes out of PDFs, and nothing else does."""

import zlib
from io import BytesIO

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader, PdfWriter

from plugins.guardrails.uploads.pdfs import text_of
from plugins.guardrails.uploads.work import Refused
from tests.plugins.guardrails.uploads.samples import BOUNDS, CANARY, pdf, pdf_of, stream


def test_the_text_of_all_pages_comes_out() -> None:
    """Pages are in order, with a blank line between; empty ones leave nothing."""
    assert text_of(pdf("Hello world", "", "Second page"), BOUNDS) == "Hello world\n\nSecond page"


def test_what_is_no_text_stays_inside() -> None:
    """Scripts, what shall be done on opening, and metadata come out of no PDF."""
    catalog = b"/OpenAction << /S /JavaScript /JS (app.alert\\('%b'\\)) >>" % CANARY
    data = pdf("Hello", catalog=catalog)
    assert CANARY in data
    assert text_of(data, BOUNDS) == "Hello"


def test_control_characters_stay_inside() -> None:
    """A text has line ends and tabs, and no other control characters."""
    text = text_of(pdf("a\\000b\\033[31mc\\010d"), BOUNDS)
    assert not {"\0", "\x1b", "\b"} & set(text)


def encrypted(password: str) -> bytes:
    """Return a PDF that is encrypted."""
    writer = PdfWriter()
    writer.append(PdfReader(BytesIO(pdf("Hello"))))
    writer.encrypt(password, algorithm="RC4-128")
    made = BytesIO()
    writer.write(made)
    return made.getvalue()


def deep(levels: int) -> bytes:
    """Return a PDF whose pages stand below this many levels."""
    nodes = [
        b"<< /Type /Pages /Count 1 /Kids [%d 0 R] >>" % (number + 1)
        for number in range(2, levels + 2)
    ]
    return pdf_of(b"<< /Type /Catalog /Pages 2 0 R >>", *nodes, b"<< /Type /Page >>")


CYCLE = pdf_of(b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Count 1 /Kids [2 0 R] >>")
BOMB = pdf(contents=[stream(zlib.compress(b"(x) Tj " * 20_000_000), b"/Filter /FlateDecode")])


@pytest.mark.parametrize(
    ("data", "rule", "says"),
    [
        (encrypted("secret"), "encrypted", "save it without a password"),
        (encrypted(""), "encrypted", "save it without a password"),
        (pdf(""), "no_text", "vision model"),
        (pdf(*["x"] * 21), "max_pages", "more than the 20 pages"),
        (pdf("x" * 6000, "y" * 6000), "max_characters", "more than 10000 characters"),
        (b"%PDF-1.4\nnothing", "broken", "broken PDF"),
        (b"%PDF-1.7", "broken", "broken PDF"),
        (pdf_of(b"<< /Type /Catalog >>"), "broken", "broken PDF"),
        (BOMB, "broken", "broken PDF"),
        (deep(3000), "broken", "broken PDF"),
        (CYCLE, "broken", "broken PDF"),
    ],
    ids=[
        "encrypted",
        "no password",
        "scanned",
        "pages",
        "long",
        "nothing",
        "head",
        "no pages",
        "bomb",
        "deep",
        "cycle",
    ],
)
def test_a_pdf_without_readable_text_is_refused(data: bytes, rule: str, says: str) -> None:
    """The message says what is wrong and what to do about it."""
    with pytest.raises(Refused, match=says) as caught:
        text_of(data, BOUNDS)
    assert caught.value.rule == rule


def test_limits_are_the_largest_numbers_that_are_allowed() -> None:
    """As many pages and characters as may be come out."""
    bounds = msgspec.structs.replace(BOUNDS, max_pages=2, max_characters=10)
    assert text_of(pdf("abcde", "fghij"), bounds) == "abcde\n\nfghij"


@settings(deadline=None, max_examples=30)
@given(st.binary(max_size=100), st.integers(0, 700))
def test_any_damage_is_a_text_or_a_refusal(damage: bytes, at: int) -> None:
    """Whatever the bytes are, nothing else happens."""
    data = pdf("Hello", "world")
    try:
        text = text_of(data[:at] + damage + data[at + len(damage) :], BOUNDS)
    except Refused:
        return
    assert text.strip()
