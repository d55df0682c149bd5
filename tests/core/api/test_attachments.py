"""Images and files come as data URIs or base64, and nothing is fetched."""

import base64
import binascii

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.api.attachments import check_base64, file_in, image_in
from core.api.openai_request import FileContent
from core.errors import InvalidRequest, UnsupportedParameter
from core.messages import File
from tests.pace import within

PNG = base64.b64encode(b"\x89PNG").decode()


@pytest.mark.parametrize(
    "kind", ["image/jpeg", "image/jpg", "image/png", "image/webp", "image/gif", "", "IMAGE/PNG"]
)
def test_images_are_read_from_data_uris(kind: str) -> None:
    """The base64 of a data URI is what Ollama gets; the declared type is kept in lower case."""
    assert image_in(f"data:{kind};base64,{PNG}", "x") == (PNG, kind.lower())


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("http://127.0.0.1:1/cat.png", "not fetched"),
        ("HTTPS://example.org/cat.png", "not fetched"),
        ("file:///etc/passwd", "must be a data URI"),
        ("/etc/passwd", "must be a data URI"),
        (f"data:text/html;base64,{PNG}", "must be a data URI"),
        ("data:image/png,plain", "must be a data URI"),
        ("data:image/png;base64,", "not valid base64"),
        ("data:image/png;base64,AAA", "not valid base64"),
        ("data:image/png;base64,A A=", "not valid base64"),
        ("", "must be a data URI"),
    ],
)
def test_other_images_are_refused(url: str, says: str) -> None:
    """Only base64 data URIs of images are read; an address is never followed."""
    with pytest.raises(InvalidRequest, match=says) as caught:
        image_in(url, "messages[0].content[0].image_url.url")
    assert caught.value.param == "messages[0].content[0].image_url.url"


@pytest.mark.parametrize(
    ("data", "media_type"),
    [
        (f"data:application/pdf;base64,{PNG}", "application/pdf"),
        (f"data:TEXT/Plain;charset=utf-8;base64,{PNG}", "text/plain"),
        (f"data:;base64,{PNG}", ""),
        (PNG, ""),
    ],
)
def test_files_are_read_from_data_uris_and_base64(data: str, media_type: str) -> None:
    """A file's content is bare base64, or a data URI that declares its type."""
    file = FileContent(filename="../a b.pdf", file_data=data)
    assert file_in(file, "f") == File(name="../a b.pdf", media_type=media_type, data=PNG)


@pytest.mark.parametrize(
    "data", [None, "", "http://x/", "data:text/plain,hi", "data:a/b;base64,", "data:a/b;base64,A"]
)
def test_a_file_without_content_is_refused(data: str | None) -> None:
    """Neither an address nor a text takes the place of base64."""
    with pytest.raises(InvalidRequest, match="not valid base64") as caught:
        file_in(FileContent(file_data=data), "f")
    assert caught.value.param == "f.file_data"


def test_a_file_kept_elsewhere_is_refused() -> None:
    """The id of a file means nothing here, also where content comes with it."""
    with pytest.raises(UnsupportedParameter, match="no files are kept here") as caught:
        file_in(FileContent(file_id="file-1", file_data=PNG), "f")
    assert caught.value.param == "f.file_id"


@given(st.binary(min_size=1))
def test_base64_of_anything_is_taken(data: bytes) -> None:
    """Whatever was encoded passes the check, in lines too: Go's decoder skips their ends."""
    check_base64(base64.encodebytes(data).decode(), "x")


@pytest.mark.parametrize("data", ["", "A", "AA", "AA==AA==", "AA== ", "ä", "A-_A", "\ud83d"])
def test_what_is_no_base64_is_refused(data: str) -> None:
    """Strict base64 only: no spaces, no missing or extra padding, no other alphabet."""
    with pytest.raises(InvalidRequest) as caught:
        check_base64(data, "images[0]")
    assert caught.value.param == "images[0]"


@given(st.text("Ab9+/=\n\r-", max_size=12))
@example("A=B=")
@example("A===")
@example("====")
@example("9999=")
def test_the_check_is_what_a_strict_decoder_says(data: str) -> None:
    """Texts pass that decode to something, line ends aside, and no others."""
    try:
        bare = data.replace("\n", "").replace("\r", "")
        # Python's takes one `=` too many; Go's, which Ollama reads with, does not.
        passes = bool(binascii.a2b_base64(bare, strict_mode=True)) and len(bare) % 4 == 0
    except ValueError:
        passes = False
    try:
        check_base64(data, "x")
    except InvalidRequest:
        assert not passes
    else:
        assert passes


def test_a_wrong_character_is_found_wherever_it_is() -> None:
    """Megabytes are checked to their last character, in a few milliseconds."""
    good = "ABCD" * 1_000_000
    within(0.02, lambda: check_base64(good, "x"))
    for at in (0, 262_143, 262_144, 3_999_999):
        with pytest.raises(InvalidRequest):
            check_base64(f"{good[:at]}-{good[at + 1 :]}", "x")
