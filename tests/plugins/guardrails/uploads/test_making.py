"""Attachments are checked one by one and in sum, and each becomes an image or a text."""

from collections.abc import AsyncIterator

import pytest

from localai import InvalidRequest, PayloadTooLarge
from plugins.guardrails.uploads.attachments import Attachment
from plugins.guardrails.uploads.checks import Checks
from plugins.guardrails.uploads.kinds import Kinds
from plugins.guardrails.uploads.making import Maker, Refusal
from plugins.guardrails.uploads.reading import Reader
from plugins.guardrails.uploads.work import Refused
from tests.plugins.guardrails.uploads.samples import BOUNDS, b64, pdf, picture, png_that_claims


def file(data: bytes, number: int = 0, message: int = 0) -> Attachment:
    """Return a file without a name."""
    return Attachment(message, number, b64(data), is_file=True)


@pytest.fixture
async def maker() -> AsyncIterator[Maker]:
    """A maker of small bounds."""
    reader = Reader(BOUNDS, workers=1, timeout=20)
    kinds = Kinds(["image/png", "application/pdf", "text/plain"])
    async with reader.running():
        yield Maker(
            Checks(kinds, max_name=255, max_file=2000),
            reader,
            max_files=4,
            max_total=3000,
            max_characters=20,
        )


async def test_each_attachment_becomes_an_image_or_a_text(maker: Maker) -> None:
    """What comes out has the order of what went in, whoever has read it."""
    found = [
        file(pdf("Hello")),
        file(b"some text", 1),
        Attachment(1, 0, b64(picture("png"))),
        file(b"more", 0, 2),
    ]
    made = await maker.make(found)
    assert [each.is_image for each in made] == [False, False, True, False]
    assert [made[at].content for at in (0, 1, 3)] == ["Hello", "some text", "more"]


@pytest.mark.parametrize(
    ("found", "rule", "says", "param"),
    [
        ([file(b"x")] * 5, "max_files", "5 images and files are more than the 4", None),
        ([file(b"x" * 1501)] * 2, "max_total", "larger than the 3000 bytes", None),
        ([file(b"x" * 2001)], "max_file", "messages[0]: file 1 is larger", "messages[0].content"),
        (
            [file(b"x"), file(b"PK\x03\x04", 2, 3)],
            "content",
            "messages[3]: file 3 has control characters",
            "messages[3].content",
        ),
        (
            [file(pdf("x")), Attachment(None, 1, b64(png_that_claims(9000, 9000)))],
            "max_pixels",
            "image 2 has 9000 x 9000 pixels",
            "images[1]",
        ),
        (
            [file(pdf("x" * 11)), file(b"y" * 10, 1)],
            "max_characters",
            "messages[0]: file 2 makes more than the 20 characters",
            "messages[0].content",
        ),
    ],
)
async def test_the_first_violation_is_told(
    maker: Maker, found: list[Attachment], rule: str, says: str, param: str | None
) -> None:
    """The error names the attachment, the rule and what to do about it."""
    with pytest.raises(Refusal) as caught:
        await maker.make(found)
    error = caught.value.error()
    assert caught.value.rule == rule
    assert error.message.startswith(says) or says in error.message
    assert (error.param, error.code) == (param, "invalid_upload")


async def test_a_failure_of_the_process_names_no_file(
    maker: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody knows which of them it was, so none is accused."""

    async def fails(_: object) -> None:
        raise Refused("timeout", "the images and files take too long")

    monkeypatch.setattr(maker._reader, "read", fails)
    with pytest.raises(Refusal) as caught:
        await maker.make([file(pdf("x")), file(pdf("y"), 1)])
    error = caught.value.error()
    assert (error.message, error.param) == ("the images and files take too long", None)


@pytest.mark.parametrize(
    ("rule", "kind"),
    [("max_file", PayloadTooLarge), ("max_total", PayloadTooLarge), ("broken", InvalidRequest)],
)
def test_sizes_are_a_413(rule: str, kind: type[Exception]) -> None:
    """What is too many bytes is told apart from what is wrong."""
    assert type(Refusal(Refused(rule, "is wrong")).error()) is kind
