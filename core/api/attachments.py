"""Images and files in requests: data URIs and base64, checked and never fetched."""

import re

from core.api.openai_request import FileContent
from core.errors import InvalidRequest, UnsupportedParameter
from core.messages import File

# What Ollama's own /v1 layer takes (openai/openai.go).
_IMAGE_URI = re.compile(r"data:(image/(?:jpeg|jpg|png|webp|gif))?;base64,", re.IGNORECASE)
# RFC 2397, with parameters such as `charset`.
_FILE_URI = re.compile(r"data:([^;,]{0,127})(?:;[^;,]{1,127}){0,4};base64,", re.IGNORECASE)

_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_SLICE = 262_144


def image_in(url: str, param: str) -> tuple[str, str]:
    """Return an image's base64, and the type that it is declared as; raise `InvalidRequest`."""
    if url[:5].lower() in ("http:", "https"):
        raise InvalidRequest(
            "images are not fetched from the network: send them as data:image/png;base64,…",
            param=param,
        )
    match = _IMAGE_URI.match(url)
    if match is None:
        raise InvalidRequest(
            "an image must be a data URI of a jpeg, png, webp or gif in base64", param=param
        )
    data = url[match.end() :]
    check_base64(data, param)
    return data, (match[1] or "").lower()


def file_in(file: FileContent, at: str) -> File:
    """Return a file as it is described; raise `InvalidRequest` unless its content is here."""
    if file.file_id is not None:
        raise UnsupportedParameter(
            "no files are kept here: send the content itself as file_data", param=f"{at}.file_id"
        )
    given = file.file_data or ""
    match = _FILE_URI.match(given)
    data = given[match.end() :] if match else given
    check_base64(data, f"{at}.file_data")
    media_type = match[1].strip().lower() if match else ""
    return File(name=file.filename or "", media_type=media_type, data=data)


def check_base64(data: str, param: str) -> None:
    """Raise `InvalidRequest` unless `data` is the base64 of something, as Go reads it."""
    if not _is_base64(data):
        raise InvalidRequest(f"{param} is not valid base64", param=param)


def _is_base64(data: str) -> bool:
    # Decoding would take five times as long, and 10 MB of it hold up everybody.
    if "\n" in data or "\r" in data:
        data = data.replace("\n", "").replace("\r", "")
    if not data or len(data) % 4 or not data.isascii():
        return False
    end = len(data) - len(data[-2:]) + len(data[-2:].rstrip("="))
    slices = (data[at : min(at + _SLICE, end)] for at in range(0, end, _SLICE))
    return not any(each.encode().translate(None, _ALPHABET) for each in slices)
