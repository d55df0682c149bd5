"""Names, types and contents are checked against each other and against what is allowed."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.guardrails.uploads.attachments import Attachment
from plugins.guardrails.uploads.checks import Checks, text_in
from plugins.guardrails.uploads.kinds import Kinds
from plugins.guardrails.uploads.work import Refused
from tests.plugins.guardrails.uploads.samples import b64, pdf, picture

CHECKS = Checks(
    Kinds(["image/jpeg", "image/png", "application/pdf", "text/plain"]),
    max_name=255,
    max_file=5000,
)
PNG, JPEG, GIF = picture("png"), picture("jpeg"), picture("gif")


def image(data: bytes, declared: str = "") -> Attachment:
    """Return an image of the first message."""
    return Attachment(0, 0, b64(data), declared=declared)


def file(data: bytes, name: str = "", declared: str = "") -> Attachment:
    """Return a file of the first message."""
    return Attachment(0, 0, b64(data), is_file=True, name=name, declared=declared)


@pytest.mark.parametrize(
    ("each", "form"),
    [
        (image(PNG), "png"),
        (image(JPEG, "image/jpeg"), "jpeg"),
        (image(JPEG, "image/jpg"), "jpeg"),
        (file(PNG, "a.png", "image/png"), "png"),
        (file(JPEG, "a.JPG"), "jpeg"),
        (file(pdf("x"), "a.pdf", "application/pdf"), "pdf"),
        (file(b"hello", "a.txt", "text/plain"), "text"),
        (file(b"hello"), "text"),
        (file(b"%PDF-"), "pdf"),
    ],
)
def test_what_agrees_is_taken(each: Attachment, form: str) -> None:
    """Content, declared type and name say the same, where they say anything."""
    assert CHECKS.form_of(each) == form


@pytest.mark.parametrize(
    ("each", "rule", "says"),
    [
        (image(JPEG, "image/png"), "content", "is declared as png, but its content is not"),
        (image(GIF), "type", "send one of image/jpeg, image/png"),
        (image(GIF, "image/gif"), "type", "is declared as a type that is not taken"),
        (image(pdf("x")), "content", "is no image"),
        (image(b"<svg/>"), "content", "is no image"),
        (image(b"x" * 5001), "max_file", "larger than 5000 bytes"),
        (file(b"hello", "a.pdf"), "content", "is named as pdf, but its content is not"),
        (file(b"MZ\x90\0", "a.pdf", "application/pdf"), "content", "its content is not"),
        (file(PNG, "a.png", "application/pdf"), "content", "is declared as pdf"),
        (file(b"hello", "a.exe"), "extension", ".jpg, .jpeg, .png, .pdf, .txt"),
        (file(b"hello", "a.md"), "extension", "must end in one of"),
        (file(b"hello", "../a.txt"), "name", "slash"),
        (file(b"hello", "a.txt", "text/html"), "type", "is declared as a type"),
        (file(b"PK\x03\x04", "a.txt", "application/zip"), "type", "is declared as a type"),
        (file(GIF), "type", "is of a type that is not taken"),
    ],
)
def test_what_does_not_agree_is_refused(each: Attachment, rule: str, says: str) -> None:
    """Each rule has a message that says what is wrong and what is taken."""
    with pytest.raises(Refused) as caught:
        CHECKS.form_of(each)
    assert caught.value.rule == rule
    assert says in caught.value.problem


def test_the_beginning_is_read_across_line_ends() -> None:
    """Base64 in lines, as Go reads it, is known by its content too."""
    lines = "\r\n".join(b64(PNG)[at : at + 3] for at in range(0, len(b64(PNG)), 3))
    assert CHECKS.form_of(Attachment(None, 0, lines)) == "png"


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=50))
def test_text_comes_out_as_it_went_in(text: str) -> None:
    """UTF-8 is text, with a mark of its order or not; one without any text is refused."""
    for prefix in (b"", b"\xef\xbb\xbf"):
        data = base64.b64encode(prefix + text.encode()).decode()
        expected = text.removeprefix("\ufeff") if not prefix else text
        if expected.strip():
            assert text_in(data, 50) == expected
        else:
            with pytest.raises(Refused, match="has no text"):
                text_in(data, 50)


@pytest.mark.parametrize(
    ("data", "rule", "says"),
    [
        ("hello".encode("utf-16"), "content", "not text in UTF-8"),
        (b"caf\xe9", "content", "not text in UTF-8"),
        (b"a\0b", "content", "control characters"),
        (b"a\x1b[31mb", "content", "control characters"),
        (b"a\xc2\x9bb", "content", "control characters"),
        (b"PK\x03\x04", "content", "control characters"),
        (b"", "no_text", "has no text"),
        (b" \r\n\t\n", "no_text", "has no text"),
        (b"x" * 11, "max_characters", "more than the 10 characters"),
        (b"x" * 1000, "max_characters", "more than the 10 characters"),
    ],
)
def test_what_is_no_text_is_refused(data: bytes, rule: str, says: str) -> None:
    """Other encodings, control characters, nothing at all and too much each have a message."""
    with pytest.raises(Refused) as caught:
        text_in(b64(data), 10)
    assert caught.value.rule == rule
    assert says in caught.value.problem


def test_the_longest_text_is_taken() -> None:
    """The limit counts characters, not bytes."""
    assert text_in(b64(("\U0001f600" * 10).encode()), 10) == "\U0001f600" * 10
