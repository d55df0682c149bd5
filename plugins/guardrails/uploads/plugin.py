"""Images and files that come with requests: checked, and never passed on as they came.

Images are decoded and coded anew, so that a model sees pixels and nothing else. Of PDFs and text
files the text is taken. Fails closed.
"""

from contextlib import AbstractAsyncContextManager
from typing import Annotated

from msgspec import Meta, Struct

from localai import Call, Duration, Gateway, SettingsError, Size, hookimpl
from plugins.guardrails.findings import Findings
from plugins.guardrails.uploads.attachments import attachments, has_attachments, replaced
from plugins.guardrails.uploads.checks import Checks
from plugins.guardrails.uploads.kinds import Kinds, MediaType
from plugins.guardrails.uploads.making import Maker, Refusal
from plugins.guardrails.uploads.reading import Reader
from plugins.guardrails.uploads.work import Bounds

LEAST_MEMORY = 256_000_000
"""Bytes of address space that Python and its libraries take before they have read anything."""

Limit = Annotated[int, Meta(ge=1)]


class Uploads:
    """Checks what comes with a request, and gives models images and texts made of it."""

    fail_mode = "closed"
    guards = frozenset({"input"})

    class Config(Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
        """Settings of [plugins.guardrails.uploads]."""

        types: tuple[MediaType, ...] = ("image/jpeg", "image/png", "application/pdf", "text/plain")
        """Types that are taken, with their names' ends; image/webp, image/gif and text/markdown
        may be added. Content, declared type and name must agree."""
        max_files: Limit = 16
        """Most images and files in a request."""
        max_name: Limit = 255
        """Longest name of a file, in characters."""
        max_file: Size = Size(10_000_000)
        """Largest image or file."""
        max_total: Size = Size(15_000_000)
        """Most bytes of all images and files of a request."""
        max_pixels: Limit = 40_000_000
        """Most pixels of an image, width x height."""
        max_side: Annotated[int, Meta(ge=0)] = 0
        """Longest side in pixels that a model is shown: larger images are scaled down; 0: none."""
        quality: Annotated[int, Meta(ge=1, le=95)] = 90
        """Quality with which JPEG images are coded anew."""
        max_pages: Limit = 100
        """Most pages of a PDF."""
        max_characters: Limit = 50_000
        """Most characters of text of all files of a request."""
        timeout: Duration = Duration(20)
        """Time that the images and files of a request may take to read, and to wait for a turn."""
        memory: Size = Size(1_073_741_824)
        """Most memory that reading them may take, in a process of its own; 256MB or more."""
        workers: Annotated[int, Meta(ge=1, le=64)] = 2
        """Most requests whose images and files are read at the same time."""

    def __init__(self, config: Config) -> None:
        if config.memory < LEAST_MEMORY:
            raise SettingsError("memory: 256MB at least, as the libraries alone take most of that")
        if not config.timeout:
            raise SettingsError("timeout: more than 0, or nothing could be read")
        bounds = Bounds(
            max_pixels=config.max_pixels,
            max_side=config.max_side,
            quality=config.quality,
            max_pages=config.max_pages,
            max_characters=config.max_characters,
            max_result=config.max_total * 2,
            cpu_seconds=int(config.timeout) + 1,
            memory=int(config.memory),
        )
        self._reader = Reader(bounds, workers=config.workers, timeout=config.timeout)
        self._maker = Maker(
            Checks(Kinds(config.types), max_name=config.max_name, max_file=config.max_file),
            self._reader,
            max_files=config.max_files,
            max_total=config.max_total,
            max_characters=config.max_characters,
        )

    @hookimpl
    def lifespan(self, gateway: Gateway) -> AbstractAsyncContextManager[None]:
        """End what is being read when the router ends."""
        return self._reader.running()

    @hookimpl
    async def before_inference(self, call: Call) -> Call:
        """Put texts and fresh images in the place of what came."""
        return await self._read(call) if has_attachments(call) else call

    async def _read(self, call: Call) -> Call:
        found = list(attachments(call))
        findings = Findings("uploads")
        try:
            made = await self._maker.make(found)
            for each in made:
                findings.add("image" if each.is_image else "text", "remake", "input")
        except Refusal as refusal:
            findings.add(refusal.rule, "block", "input")
            raise refusal.error() from None
        finally:
            findings.report(call.decisions)
        return replaced(call, list(zip(found, made, strict=True)))
