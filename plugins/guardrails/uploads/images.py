"""Images, decoded and coded anew: what is no picture is left behind.

EXIF, XMP, colour profiles, comments, further frames and whatever stands behind the image's end do
not come through. The same image always comes out the same. Runs in the process that reads files.
"""

from io import BytesIO

from PIL import Image

from plugins.guardrails.uploads.work import Bounds, Refused, Task

# The size is checked from the header, below; Pillow's own limit warns, and is one for a process.
Image.MAX_IMAGE_PIXELS = None

ORIENTATION = 0x0112
"""The tag of EXIF that says how a camera was held (CIPA DC-008 §4.6.4)."""
UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
COMPRESSION = 3
"""Of PNG, from 0 to 9: higher ones take several times as long for a few per cent."""

_JPEG_MODES = ("L", "RGB")
_PNG_MODES = ("1", "L", "LA", "I;16", "RGB", "RGBA")


def remade(data: bytes, form: Task, bounds: Bounds) -> bytes:
    """Return an image as a JPEG or PNG of its pixels alone; raise `Refused`."""
    image = _decoded(data, form, bounds)
    image = _upright(image)
    has_alpha = "transparency" in image.info or image.mode in ("LA", "PA", "RGBA", "La", "RGBa")
    as_png = form in ("png", "gif") or has_alpha
    if image.mode not in (_PNG_MODES if as_png else _JPEG_MODES) or "transparency" in image.info:
        image = image.convert("RGBA" if as_png and has_alpha else "RGB")
    if bounds.max_side and max(image.size) > bounds.max_side:
        image.thumbnail((bounds.max_side, bounds.max_side), Image.Resampling.LANCZOS)
    image.info = {}  # Pillow would write some of it again
    made = BytesIO()
    if as_png:
        image.save(made, "PNG", compress_level=COMPRESSION)
    else:
        image.save(made, "JPEG", quality=bounds.quality)
    return made.getvalue()


def _decoded(data: bytes, form: Task, bounds: Bounds) -> Image.Image:
    try:
        image = Image.open(BytesIO(data), formats=[form.upper()])
    except MemoryError:
        raise
    except Exception:
        raise _broken(form) from None
    width, height = image.size
    if width * height > bounds.max_pixels:
        raise Refused(
            "max_pixels",
            f"has {width} x {height} pixels, more than the {bounds.max_pixels} allowed: "
            "scale it down",
        )
    try:
        image.load()
    except MemoryError:
        raise
    except Exception:
        raise _broken(form) from None
    return image


def _broken(form: Task) -> Refused:
    return Refused("broken", f"is a broken or truncated {form} image: send it again, whole")


def _upright(image: Image.Image) -> Image.Image:
    try:
        turn = UPRIGHT.get(image.getexif().get(ORIENTATION, 1))
    except Exception:  # EXIF is read in many ways, and none of it is needed
        turn = None
    return image if turn is None else image.transpose(turn)
