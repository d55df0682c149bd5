"""Who stands behind a request of Open WebUI, by the headers that it adds for each user."""

import re
from collections.abc import Mapping
from urllib.parse import unquote

MAX_LENGTH = 128

_WORD = re.compile(r"[^\s,]+")


def user_of(headers: Mapping[str, str]) -> str | None:
    """Return the user's address, or else id, or else name; `None` when none is well formed.

    Open WebUI sends them with ENABLE_FORWARD_USER_INFO_HEADERS; names are URL-quoted.
    """
    for header in ("x-openwebui-user-email", "x-openwebui-user-id"):
        value = headers.get(header, "")
        if len(value) <= MAX_LENGTH and _WORD.fullmatch(value) and value.isprintable():
            return value
    name = _unquoted(headers.get("x-openwebui-user-name", ""))
    return name if 1 <= len(name) <= MAX_LENGTH and name.isprintable() else None


def _unquoted(text: str) -> str:
    if len(text) > 12 * MAX_LENGTH:  # four bytes of UTF-8 for each character, each as %XX
        return ""
    try:
        return unquote(text, errors="strict").strip(" ")
    except UnicodeDecodeError:
        return ""
