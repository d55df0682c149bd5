"""Images come out as their pixels alone, the same every time, or are refused."""

import zipfile
from io import BytesIO
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms
from PIL.PngImagePlugin import PngInfo

from plugins.guardrails.uploads.images import ORIENTATION, UPRIGHT, remade
from plugins.guardrails.uploads.work import Refused, Task
from tests.plugins.guardrails.uploads.samples import (
    BLUE,
    BOUNDS,
    CANARY,
    RED,
    coded,
    picture,
    png_that_claims,
    seen,
)

GPS = 0x8825
FORMS: tuple[Task, ...] = ("jpeg", "png", "gif", "webp")


def exif(orientation: int = 1) -> Image.Exif:
    """Return EXIF with a camera's name, where it was, and how it was held."""
    made = Image.Exif()
    made[0x010F] = CANARY.decode()
    made[ORIENTATION] = orientation
    made.get_ifd(GPS).update({1: "N", 2: (52.0, 31.0, 12.0), 3: "E", 4: (13.0, 24.0, 36.0)})
    return made


def is_red(pixel: object) -> bool:
    """Say whether a pixel is red, give or take what JPEG does to it."""
    assert isinstance(pixel, tuple)
    return bool(pixel[0] > 200 and pixel[2] < 60)


@pytest.mark.parametrize(
    ("form", "out"), [("jpeg", "JPEG"), ("png", "PNG"), ("gif", "PNG"), ("webp", "JPEG")]
)
def test_the_picture_stays_the_same(form: Task, out: str) -> None:
    """JPEG and PNG stay what they are, others become what a model reads; the pixels stay."""
    data = picture(form)
    image = seen(remade(data, form, BOUNDS))
    assert (image.format, image.size) == (out, (32, 16))
    pixels = image.convert("RGB")
    assert is_red(pixels.getpixel((2, 2)))
    assert not is_red(pixels.getpixel((30, 14)))


@pytest.mark.parametrize("form", ["jpeg", "png", "webp"])
def test_what_a_camera_writes_is_gone(form: Task) -> None:
    """No EXIF, place, colour profile, comment or XMP comes out of an image that had them."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    more: dict[str, Any] = {
        "exif": exif(),
        "icc_profile": profile,
        "xmp": b"<x>" + CANARY + b"</x>",
    }
    if form == "jpeg":
        more["comment"] = CANARY
    data = picture(form, **more)
    assert CANARY in data
    made = remade(data, form, BOUNDS)
    assert CANARY not in made
    image = seen(made)
    assert not dict(image.getexif())
    assert not {"icc_profile", "exif", "xmp", "comment", "dpi"} & set(image.info)
    assert b"Exif" not in made


def test_texts_in_a_png_are_gone() -> None:
    """Neither plain nor compressed text comes out."""
    info = PngInfo()
    info.add_text("Comment", CANARY.decode())
    info.add_itxt("More", CANARY.decode(), zip=True)
    data = picture("png", pnginfo=info)
    assert CANARY in data
    image = seen(remade(data, "png", BOUNDS))
    assert CANARY not in remade(data, "png", BOUNDS)
    assert not image.info


@pytest.mark.parametrize("orientation", [1, *UPRIGHT])
@pytest.mark.parametrize("form", ["jpeg", "png"])
def test_an_image_comes_out_upright(form: Task, orientation: int) -> None:
    """However a camera was held, the picture is turned as a viewer would show it."""
    upright = seen(picture("png"))
    back = {2: 2, 3: 3, 4: 4, 5: 5, 6: 8, 7: 7, 8: 6}
    held = upright.transpose(UPRIGHT[back[orientation]]) if orientation > 1 else upright
    image = seen(remade(coded(held, form, exif=exif(orientation)), form, BOUNDS))
    assert image.size == (32, 16)
    assert is_red(image.getpixel((2, 2)))
    assert not is_red(image.getpixel((30, 14)))


def test_broken_exif_does_no_harm() -> None:
    """An image whose EXIF can't be read comes out as it is."""
    image = seen(remade(picture("jpeg", exif=b"Exif\0\0" + CANARY), "jpeg", BOUNDS))
    assert image.size == (32, 16)


def test_an_image_with_a_tail_loses_it() -> None:
    """What is an image and an archive, or a program, comes out as the image alone."""
    archive = BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("x", CANARY)
    for form, tail in (("jpeg", archive.getvalue()), ("png", b"<?php " + CANARY)):
        data = picture(form) + tail
        task: Task = "jpeg" if form == "jpeg" else "png"
        made = remade(data, task, BOUNDS)
        assert made == remade(picture(form), task, BOUNDS)
        assert CANARY not in made
        assert not zipfile.is_zipfile(BytesIO(made))


@pytest.mark.parametrize("form", FORMS)
def test_only_the_first_frame_comes_out(form: Task) -> None:
    """An animation is shown as it begins; what comes later is seen by nobody, so by no model."""
    first, later = Image.new("RGB", (16, 16), RED), Image.new("RGB", (16, 16), BLUE)
    if form == "jpeg":
        return
    data = coded(first, form, save_all=True, append_images=[later], duration=100)
    image = seen(remade(data, form, BOUNDS))
    assert getattr(image, "n_frames", 1) == 1
    assert is_red(image.convert("RGB").getpixel((8, 8)))


@pytest.mark.parametrize(
    ("mode", "form", "comes_out"),
    [
        ("L", "jpeg", "L"),
        ("CMYK", "jpeg", "RGB"),
        ("1", "png", "1"),
        ("L", "png", "L"),
        ("LA", "png", "LA"),
        ("P", "png", "RGB"),
        ("RGBA", "png", "RGBA"),
        ("I;16", "png", "I;16"),
        ("RGBA", "webp", "RGBA"),
        ("P", "gif", "RGB"),
    ],
)
def test_each_kind_of_pixel_comes_out(mode: str, form: Task, comes_out: str) -> None:
    """Grey, palettes, transparency and print colours end as what models read."""
    image = seen(remade(coded(Image.new(mode, (8, 8)), form), form, BOUNDS))
    assert (image.mode, image.size) == (comes_out, (8, 8))


def test_a_transparent_colour_stays_transparent() -> None:
    """A palette's transparent entry becomes pixels that can't be seen."""
    image = Image.new("P", (8, 8), 1)
    image.putpalette([0, 0, 0, 255, 0, 0])
    made = seen(remade(coded(image, "png", transparency=1), "png", BOUNDS))
    assert made.mode == "RGBA"
    assert made.getpixel((4, 4)) == (255, 0, 0, 0)


@pytest.mark.parametrize("size", [(50_000, 50_000), (1001, 1000), (1_000_001, 1)])
def test_a_bomb_is_told_by_its_header(size: tuple[int, int]) -> None:
    """An image of too many pixels is refused before any of them is decoded."""
    with pytest.raises(Refused, match=f"has {size[0]} x {size[1]} pixels, more than") as caught:
        remade(png_that_claims(*size), "png", BOUNDS)
    assert caught.value.rule == "max_pixels"


def test_the_largest_image_is_taken() -> None:
    """The limit is the largest number that is allowed."""
    data = coded(Image.new("1", (1000, 1000)), "png")
    assert seen(remade(data, "png", BOUNDS)).size == (1000, 1000)


@pytest.mark.parametrize("form", FORMS)
def test_a_truncated_image_is_refused(form: Task) -> None:
    """An image without its end is no image, wherever it was cut."""
    data = picture(form, size=(200, 200))
    for part in (0, 1, 10, len(data) // 4, len(data) // 2):
        with pytest.raises(Refused, match="broken or truncated") as caught:
            remade(data[:part], form, BOUNDS)
        assert caught.value.rule == "broken"


def test_no_other_decoder_is_tried() -> None:
    """A PNG that is said to be a JPEG is not read as a PNG."""
    with pytest.raises(Refused, match="broken or truncated jpeg"):
        remade(picture("png"), "jpeg", BOUNDS)


def test_a_large_image_is_scaled_down_if_that_is_wanted() -> None:
    """The longer side fits, the shape stays, and small images stay as they are."""
    bounds = msgspec.structs.replace(BOUNDS, max_side=20)
    assert seen(remade(picture("png", size=(40, 10)), "png", bounds)).size == (20, 5)
    assert seen(remade(picture("png", size=(16, 20)), "png", bounds)).size == (16, 20)


@settings(deadline=None, max_examples=30)
@given(st.sampled_from(FORMS), st.binary(max_size=400), st.integers(0, 400))
def test_any_damage_is_a_picture_or_a_refusal(form: Task, damage: bytes, at: int) -> None:
    """Whatever the bytes are, an image comes out, the same twice, or the file is refused."""
    data = picture(form)
    data = data[:at] + damage + data[at + len(damage) :]
    try:
        made = remade(data, form, BOUNDS)
    except Refused:
        return
    assert remade(data, form, BOUNDS) == made
    seen(made)
