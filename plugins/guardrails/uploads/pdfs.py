"""The text of a PDF. Runs in the process that reads files; nothing of the file is run."""

from collections.abc import Iterator
from io import BytesIO

from pypdf import PdfReader

from plugins.guardrails.uploads.work import Bounds, Refused

_CONTROL = {code: None for code in (*range(32), *range(127, 160)) if chr(code) not in "\n\t"}


def text_of(data: bytes, bounds: Bounds) -> str:
    """Return the text of all pages, with blank lines between; raise `Refused`."""
    texts: list[str] = []
    length = 0
    try:
        for text in _pages(data, bounds):
            length += len(text)
            if length > bounds.max_characters:
                raise Refused(
                    "max_characters",
                    f"has more than {bounds.max_characters} characters of text: send fewer pages",
                )
            if text:
                texts.append(text)
    except (Refused, MemoryError):
        raise
    except Exception:  # pypdf lets through whatever a malformed file makes it trip over
        raise Refused("broken", "is a broken PDF: save it anew, and send it whole") from None
    if not texts:
        raise Refused(
            "no_text",
            "has no text: it may be scanned, so send its pages as images to a vision model",
        )
    return "\n\n".join(texts)


def _pages(data: bytes, bounds: Bounds) -> Iterator[str]:
    reader = PdfReader(BytesIO(data), strict=False)
    if reader.is_encrypted:
        raise Refused("encrypted", "is encrypted: save it without a password")
    for number, page in enumerate(reader.pages):
        if number >= bounds.max_pages:
            raise Refused(
                "max_pages", f"has more than the {bounds.max_pages} pages allowed: send fewer"
            )
        text = page.extract_text().encode("utf-8", "replace").decode()
        yield text.translate(_CONTROL).strip()
