"""What a file is, is told by its content; what is said of it is held against that."""

import pytest

from plugins.guardrails.uploads.kinds import HEAD, KINDS, Form, Kinds, sniff
from tests.plugins.guardrails.uploads.samples import pdf, picture

ALL = Kinds([kind.media_type for kind in KINDS])


@pytest.mark.parametrize("form", ["jpeg", "png", "gif", "webp"])
def test_an_image_is_known_by_its_first_bytes(form: str) -> None:
    """What an encoder writes begins as its form does."""
    assert sniff(picture(form)[:HEAD]) == form


def test_what_begins_as_nothing_known_may_be_text() -> None:
    """A PDF begins as one; the rest may be text, until it is decoded."""
    assert sniff(pdf("x")[:HEAD]) == "pdf"
    for head in (b"", b"hello", b"PK\x03\x04", b"RIFF1234WAVE", b" %PDF-1.4", b"<?php"):
        assert sniff(head) == "text"


@pytest.mark.parametrize(
    ("media_type", "form"),
    [
        ("image/jpeg", "jpeg"),
        ("image/jpg", "jpeg"),
        ("text/markdown", "text"),
        ("application/octet-stream", None),
        ("text/html", None),
        ("image/svg+xml", None),
        ("", None),
    ],
)
def test_a_declared_type_stands_for_a_form(media_type: str, form: Form | None) -> None:
    """Only types of the table count, and names that are used for them."""
    assert ALL.declared(media_type) == form


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("a.jpg", "jpeg"),
        ("a.JPEG", "jpeg"),
        ("a.b.pdf", "pdf"),
        ("a.md", "text"),
        ("a.pdf.exe", None),
        ("a", None),
        ("a.", None),
        ("a.svg", None),
    ],
)
def test_a_name_stands_for_a_form_by_its_end(name: str, form: Form | None) -> None:
    """The last extension counts, in any case; a name without one stands for nothing."""
    assert ALL.named(name) == form


def test_only_what_is_allowed_counts() -> None:
    """A type that is not named brings neither its extensions nor its form."""
    kinds = Kinds(["text/plain", "image/png"])
    assert (kinds.declared("text/markdown"), kinds.named("a.md")) == (None, None)
    assert kinds.named("a.txt") == "text"
    assert kinds.forms == {"text", "png"}
    assert Kinds([]).forms == frozenset()
