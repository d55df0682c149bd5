"""Images that are sent to be moderated are images, and are not fetched."""

import pytest

from plugins.guardrails.moderations.images import check_image
from tests.plugins.guardrails.uploads.samples import b64, picture

PNG = b64(picture("png"))


@pytest.mark.parametrize("form", ["png", "jpeg", "gif", "webp"])
def test_an_image_passes(form: str) -> None:
    """Its type may be declared or not."""
    data = b64(picture(form))
    assert check_image(f"data:image/{form};base64,{data}") is None
    assert check_image(f"data:;base64,{data}") is None


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("https://example.org/cat.png", "nothing is fetched"),
        ("data:text/html;base64,AAAA", "must be a data URI of an image"),
        (f"data:image/jpeg;base64,{PNG}", "is declared as jpeg, but its content is not"),
        (f"data:image/tiff;base64,{PNG}", "a type that is not taken"),
        ("data:image/png;base64,AAAA", "its content is not"),
        ("data:;base64,AAAA", "is no image"),
        ("data:;base64,====", "is no"),
        ("data:;base64,ääää", "is not valid base64"),
        ("", "must be a data URI"),
    ],
)
def test_anything_else_is_told(url: str, says: str) -> None:
    """The end of a sentence says what is wrong."""
    problem = check_image(url)
    assert problem is not None
    assert says in problem
