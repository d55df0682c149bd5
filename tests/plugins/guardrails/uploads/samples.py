"""Images and PDFs for the tests of uploads, good and hostile."""

import base64
import struct
import zlib
from collections.abc import Sequence
from io import BytesIO
from typing import Any

from PIL import Image

from plugins.guardrails.uploads.work import Bounds

BOUNDS = Bounds(
    max_pixels=1_000_000,
    max_side=0,
    quality=90,
    max_pages=20,
    max_characters=10_000,
    max_result=10_000_000,
    cpu_seconds=20,
    memory=1_073_741_824,
)
RED, BLUE = (255, 0, 0), (0, 0, 255)
CANARY = b"canary-in-a-file"


def coded(image: Image.Image, form: str, **more: Any) -> bytes:
    """Return an image's bytes."""
    made = BytesIO()
    image.save(made, form.upper(), **more)
    return made.getvalue()


def picture(form: str = "png", size: tuple[int, int] = (32, 16), **more: Any) -> bytes:
    """Return an image that is red at its top left and blue elsewhere."""
    image = Image.new("RGB", size, BLUE)
    image.paste(RED, (0, 0, size[0] // 2, size[1] // 2))
    return coded(image, form, **more)


def seen(data: bytes) -> Image.Image:
    """Return an image, decoded."""
    image = Image.open(BytesIO(data))
    image.load()
    return image


def b64(data: bytes) -> str:
    """Return base64."""
    return base64.b64encode(data).decode()


def png_that_claims(width: int, height: int) -> bytes:
    """Return a small PNG whose header has these sizes."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 1000))
        + chunk(b"IEND", b"")
    )


def pdf_of(*objects: bytes) -> bytes:
    """Return a PDF of these objects, numbered from 1; the first is the catalog."""
    body = b"%PDF-1.4\n"
    offsets = []
    for number, each in enumerate(objects, 1):
        offsets.append(len(body))
        body += b"%d 0 obj\n%b\nendobj\n" % (number, each)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    count = len(objects) + 1
    return (
        body
        + b"xref\n0 %d\n0000000000 65535 f \n%b" % (count, table)
        + b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (count, len(body))
    )


def stream(content: bytes, more: bytes = b"") -> bytes:
    """Return a stream object."""
    return b"<< /Length %d %b >>\nstream\n%b\nendstream" % (len(content), more, content)


def pdf(*pages: str, catalog: bytes = b"", contents: Sequence[bytes] = ()) -> bytes:
    """Return a PDF with a line of text on each page, or with these streams as their contents."""
    streams = list(contents) or [
        stream(b"BT /F1 12 Tf 72 720 Td (%b) Tj ET" % text.encode("latin-1")) for text in pages
    ]
    kids = b" ".join(b"%d 0 R" % (4 + 2 * number) for number in range(len(streams)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R %b >>" % catalog,
        b"<< /Type /Pages /Count %d /Kids [%b] >>" % (len(streams), kids),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for number, each in enumerate(streams):
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents %d 0 R "
            b"/Resources << /Font << /F1 3 0 R >> >> >>" % (5 + 2 * number)
        )
        objects.append(each)
    return pdf_of(*objects)
