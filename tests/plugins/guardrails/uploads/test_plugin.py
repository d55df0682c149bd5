"""Models see pixels and texts made anew, never an image or a file as it came."""

import asyncio
import base64
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest
from PIL import Image

from localai import Call, File, GatewayError, Message, SettingsError
from plugins.guardrails.uploads.attachments import framed
from plugins.guardrails.uploads.images import ORIENTATION
from plugins.guardrails.uploads.plugin import Uploads
from tests.double import OllamaDouble
from tests.double.models import Model as Installed
from tests.pace import within_async
from tests.plugins.guardrails.uploads.samples import (
    CANARY,
    b64,
    coded,
    pdf,
    picture,
    png_that_claims,
    seen,
)
from tests.plugins.support import a_call
from tests.support import routing, toml_for

ROOT = Path(__file__).parents[4]
CHAIN = '[plugins.own]\nuse = "plugins.guardrails.uploads.plugin:Uploads"\n'


def camera_jpeg() -> bytes:
    """Return a JPEG as a telephone writes it: turned, and with where it was taken."""
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    exif[0x010F] = CANARY.decode()
    return picture("jpeg", exif=exif)


async def asked(call: Call, **settings: Any) -> Call:
    """Return what the model is asked."""
    plugin = Uploads(Uploads.Config(**settings))
    async with plugin._reader.running():
        return await plugin.before_inference(call)


async def refused(call: Call, **settings: Any) -> GatewayError:
    """Return the refusal; the model is not asked."""
    plugin = Uploads(Uploads.Config(**settings))
    async with plugin._reader.running():
        with pytest.raises(GatewayError) as caught:
            await plugin.before_inference(call)
    return caught.value


def saying(*files: File, **more: Any) -> Call:
    """Return a call with a message that has these files."""
    return a_call(messages=(Message(role="user", content="What is it?", files=files, **more),))


async def test_a_call_without_attachments_is_not_touched() -> None:
    """It goes on as the object that came, and decides nothing."""
    call = a_call()
    assert await asked(call) is call
    assert not call.decisions


@pytest.mark.parametrize("kind", ["chat", "generate"])
async def test_images_are_made_anew(kind: str) -> None:
    """A model gets the picture upright, without what the camera wrote."""
    data = b64(camera_jpeg())
    if kind == "chat":
        given = await asked(saying(images=(data,), image_types=("image/jpeg",)))
        (image,) = given.messages[0].images
        assert not given.messages[0].image_types
    else:
        given = await asked(a_call(kind="generate", messages=(), prompt="x", images=(data,)))
        (image,) = given.images
    made = base64.b64decode(image, validate=True)
    assert CANARY not in made
    assert seen(made).size == (16, 32)


async def test_files_become_text() -> None:
    """The texts of PDFs and text files stand before the question, each in its frame."""
    given = await asked(
        saying(
            File(data=b64(pdf("Hello", "world")), name="a.pdf", media_type="application/pdf"),
            File(data=b64(b"\xef\xbb\xbfplain"), name="b.txt", media_type="text/plain"),
        )
    )
    (message,) = given.messages
    assert not message.files
    assert message.content == "\n\n".join(
        [framed("a.pdf", "Hello\n\nworld"), framed("b.txt", "plain"), "What is it?"]
    )


async def test_the_same_request_comes_out_the_same() -> None:
    """Caches behind this plugin see equal calls for equal requests."""
    call = saying(File(data=b64(pdf("Hello"))), images=(b64(camera_jpeg()),))
    assert (await asked(call)).messages == (await asked(call)).messages


async def test_decisions_say_what_was_done() -> None:
    """Made anew or refused, it is counted, without anything of the content."""
    call = saying(File(data=b64(pdf("Hello"))), images=(b64(camera_jpeg()),) * 2)
    await asked(call)
    assert {(each.rule, each.action, each.count) for each in call.decisions} == {
        ("image", "remake", 2),
        ("text", "remake", 1),
    }
    assert {each.guard for each in call.decisions} == {"uploads"}
    call = saying(images=(b64(png_that_claims(50_000, 50_000)),))
    await refused(call)
    (decision,) = call.decisions
    assert (decision.rule, decision.action, decision.hashes) == ("max_pixels", "block", ())


async def test_settings_reach_what_they_bound() -> None:
    """Each limit of the file is the one that is applied."""
    image, text = b64(picture("png")), File(data=b64(b"hello world"), name="a.txt")
    for call, settings, says in (
        (saying(images=(image,)), {"types": ("image/jpeg",)}, "type that is not taken"),
        (saying(images=(image,) * 3), {"max_files": 2}, "more than the 2 allowed"),
        (saying(text), {"max_name": 4}, "more than 4 characters"),
        (saying(text), {"max_file": 10}, "larger than 10 bytes"),
        (saying(text, text), {"max_total": 21}, "larger than the 21 bytes"),
        (saying(images=(image,)), {"max_pixels": 511}, "more than the 511"),
        (saying(text), {"max_characters": 10}, "more than the 10 characters"),
        (saying(File(data=b64(pdf("x", "y")))), {"max_pages": 1}, "more than the 1 pages"),
        (saying(images=(image,)), {"timeout": 0.001}, "take more than 0.001 s to read"),
    ):
        assert says in (await refused(call, **settings)).message
    given = await asked(saying(images=(image,)), max_side=8)
    assert seen(base64.b64decode(given.messages[0].images[0])).size == (8, 4)
    rough, fine = [
        (await asked(saying(images=(b64(picture("jpeg")),)), quality=quality)).messages[0].images[0]
        for quality in (10, 95)
    ]
    assert len(rough) < len(fine)


async def test_a_large_image_is_read_beside_the_router() -> None:
    """An image of 20 megapixels takes next to nothing of the router's own time."""
    image = b64(coded(Image.effect_noise((5000, 4000), 20), "jpeg"))
    call = saying(images=(image,))
    settings = {"max_file": 50_000_000, "max_total": 50_000_000}
    await asked(saying(images=(b64(picture("png")),)))
    await within_async(0.15, lambda: asked(call, **settings))


@pytest.mark.parametrize("settings", [{"memory": 255_999_999}, {"timeout": 0}])
def test_settings_with_which_nothing_can_be_read_are_refused(settings: dict[str, Any]) -> None:
    """The start fails by their names, not each request later on."""
    with pytest.raises(SettingsError, match=f"^{next(iter(settings))}: "):
        Uploads(Uploads.Config(**settings))


def test_nothing_is_imported_before_it_is_needed() -> None:
    """The router itself never imports a library that reads files."""
    code = (
        "import sys, plugins.guardrails.uploads.plugin as p; p.Uploads(p.Uploads.Config());"
        "print([name for name in ('PIL', 'pypdf') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, cwd=ROOT, timeout=30)
    assert done.stdout == b"[]\n"


# ---- over HTTP


@asynccontextmanager
async def running(folder: Path, chain: str = "own") -> AsyncIterator[tuple[OllamaDouble, str]]:
    """Run a router with the plugin in front of a vision model; yield its Ollama and its address."""
    model = Installed(name="llava", capabilities=("completion", "vision"))
    async with (
        OllamaDouble(models=[model]) as double,
        routing(toml_for(double.url, chain, CHAIN if chain else ""), folder) as router,
    ):
        yield double, router.url


def sent(double: OllamaDouble, path: str) -> Any:
    """Return what Ollama received last at a path."""
    return [each for each in double.received if each.path == path][-1].json


@pytest.mark.parametrize("stream", [False, True])
async def test_openais_client_sends_images_and_files(tmp_path: Path, stream: bool) -> None:
    """Parts of its messages reach Ollama as an upright image and as text."""
    content: list[Any] = [
        {"type": "text", "text": "What is it?"},
        {
            "type": "image_url",
            "image_url": {"url": f"data:image/jpeg;base64,{b64(camera_jpeg())}"},
        },
        {
            "type": "file",
            "file": {
                "filename": "a.pdf",
                "file_data": f"data:application/pdf;base64,{b64(pdf('Hello'))}",
            },
        },
    ]
    async with (
        running(tmp_path) as (double, url),
        openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="x", max_retries=0) as client,
    ):
        answer = await client.chat.completions.create(
            model="llava", messages=[{"role": "user", "content": content}], stream=stream
        )
        if isinstance(answer, openai.AsyncStream):
            assert [chunk async for chunk in answer]
        (message,) = sent(double, "/api/chat")["messages"]
    assert message["content"] == f"{framed('a.pdf', 'Hello')}\n\nWhat is it?"
    assert set(message) == {"role", "content", "images"}
    made = base64.b64decode(message["images"][0])
    assert seen(made).size == (16, 32)
    assert CANARY not in made


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("path", ["/api/chat", "/api/generate"])
async def test_ollamas_wire_format_sends_images(tmp_path: Path, path: str, stream: bool) -> None:
    """Images of a message or a prompt reach Ollama upright, and as nothing but pixels."""
    images = {"images": [b64(camera_jpeg())]}
    body: dict[str, Any] = {"model": "llava", "stream": stream}
    if path == "/api/chat":
        body["messages"] = [{"role": "user", "content": "What is it?"} | images]
    else:
        body |= {"prompt": "What is it?"} | images
    async with running(tmp_path) as (double, url), httpx.AsyncClient(base_url=url) as client:
        assert (await client.post(path, json=body)).status_code == 200
        received = sent(double, path)
    (image,) = (received["messages"][0] if path == "/api/chat" else received)["images"]
    assert seen(base64.b64decode(image)).size == (16, 32)


@pytest.mark.parametrize("stream", [False, True])
async def test_a_refusal_has_each_formats_form(tmp_path: Path, stream: bool) -> None:
    """Both formats answer 400 with the place and the reason, and Ollama is not asked."""
    bomb = b64(png_that_claims(50_000, 50_000))
    part = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{bomb}"}}
    says = "messages[0]: image 1 has 50000 x 50000 pixels, more than the 40000000 allowed"
    async with running(tmp_path) as (double, url), httpx.AsyncClient(base_url=url) as client:
        answer = await client.post(
            "/v1/chat/completions",
            json={
                "model": "llava",
                "stream": stream,
                "messages": [{"role": "user", "content": [part]}],
            },
        )
        error = answer.json()["error"]
        assert (answer.status_code, error["code"]) == (400, "invalid_upload")
        assert error["param"] == "messages[0].content"
        assert error["message"].startswith(says)
        answer = await client.post(
            "/api/chat",
            json={
                "model": "llava",
                "stream": stream,
                "messages": [{"role": "user", "content": "", "images": [bomb]}],
            },
        )
        assert answer.status_code == 400
        assert answer.json()["error"].startswith(says)
        assert not [each for each in double.received if each.path == "/api/chat"]


async def test_a_file_needs_the_plugin(tmp_path: Path) -> None:
    """Where nothing reads files, one is a 400 that says what to add."""
    part = {"type": "file", "file": {"filename": "a.txt", "file_data": b64(b"hello")}}
    body = {"model": "llava", "messages": [{"role": "user", "content": [part]}]}
    async with running(tmp_path, "") as (double, url), httpx.AsyncClient(base_url=url) as client:
        answer = await client.post("/v1/chat/completions", json=body)
        assert answer.status_code == 400
        assert 'add "guardrails.uploads"' in answer.json()["error"]["message"]
        assert not [each for each in double.received if each.path == "/api/chat"]


async def test_other_requests_go_on_meanwhile(tmp_path: Path) -> None:
    """Requests without images are answered while one with an image is being read."""
    image = b64(coded(Image.effect_noise((1200, 1200), 20), "png"))
    hello = {"model": "llava", "stream": False, "messages": [{"role": "user", "content": "hi"}]}
    look = hello | {"messages": [{"role": "user", "content": "look", "images": [image]}]}
    async with running(tmp_path) as (_, url), httpx.AsyncClient(base_url=url, timeout=60) as client:
        slow = asyncio.create_task(client.post("/api/chat", json=look))
        while not slow.done():
            assert (await client.post("/api/chat", json=hello)).status_code == 200
        assert (await slow).status_code == 200
