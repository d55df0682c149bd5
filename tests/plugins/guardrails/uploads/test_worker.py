"""The process that reads files does what it is told, within its bounds."""

import base64
import subprocess
import sys
from io import BytesIO
from pathlib import Path

import msgspec
import pytest

from plugins.guardrails.uploads import images
from plugins.guardrails.uploads.work import Bounds, Order, Result, Task, encode, results_in
from plugins.guardrails.uploads.worker import run
from tests.plugins.guardrails.uploads.samples import (
    BOUNDS,
    b64,
    pdf,
    picture,
    png_that_claims,
    seen,
)

ROOT = Path(__file__).parents[4]
PNG, PDF = b64(picture("png")).encode(), b64(pdf("Hello")).encode()


def results_of(
    *files: tuple[Task, bytes], bounds: Bounds = BOUNDS
) -> tuple[tuple[Result, ...], bytes]:
    """Run these files; return the results and what follows them."""
    source, target = BytesIO(b"".join(data for _, data in files)), BytesIO()
    run(tuple((task, len(data)) for task, data in files), bounds, source, target)
    line, _, rest = target.getvalue().partition(b"\n")
    return results_in(line), rest


def test_each_file_has_a_result_and_its_content() -> None:
    """Contents follow the line of results, one after the other and as long as it says."""
    results, rest = results_of(("pdf", PDF), ("png", PNG), ("pdf", PDF))
    assert [result.rule for result in results] == ["", "", ""]
    assert [result.size for result in results[::2]] == [5, 5]
    assert (rest[:5], rest[-5:]) == (b"Hello", b"Hello")
    assert len(rest) == sum(result.size for result in results)


def test_nothing_is_read_after_a_refusal() -> None:
    """What is refused is the last result, and what was made before it is still given."""
    bomb = b64(png_that_claims(50_000, 50_000)).encode()
    results, rest = results_of(("pdf", PDF), ("png", bomb), ("pdf", PDF))
    assert [result.rule for result in results] == ["", "max_pixels"]
    assert rest == b"Hello"


def test_a_result_may_be_too_large() -> None:
    """What grows beyond the bound when it is decoded is refused."""
    results, rest = results_of(("pdf", PDF), bounds=msgspec.structs.replace(BOUNDS, max_result=4))
    assert (results[0].rule, rest) == ("max_total", b"")


def test_what_a_library_trips_over_is_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever it raises, the file is named by its place, and the process goes on."""

    def trips(*_: object) -> bytes:
        raise RecursionError

    monkeypatch.setattr(images, "remade", trips)
    results, rest = results_of(("pdf", PDF), ("png", PNG))
    assert [result.rule for result in results] == ["", "broken"]
    assert rest == b"Hello"


def in_a_process(bounds: Bounds, data: bytes) -> subprocess.CompletedProcess[bytes]:
    """Have a real process read a PNG."""
    given = b64(data).encode()
    order = encode(Order(bounds=bounds, tasks=(("png", len(given)),)))
    return subprocess.run(
        [sys.executable, "-m", "plugins.guardrails.uploads.worker"],
        input=order + b"\n" + given,
        capture_output=True,
        cwd=ROOT,
        env={},
        timeout=30,
    )


def test_the_process_answers_on_its_output() -> None:
    """An image goes in, a line and an image come out, and nothing is said besides."""
    done = in_a_process(BOUNDS, picture("png"))
    line, _, rest = done.stdout.partition(b"\n")
    assert (done.returncode, done.stderr) == (0, b"")
    (result,) = results_in(line)
    assert (result.rule, result.size) == ("", len(rest))


def test_the_process_can_take_no_more_memory_than_it_may() -> None:
    """An image that is larger than the memory is refused, and nothing crashes."""
    bounds = msgspec.structs.replace(BOUNDS, max_pixels=400_000_000, memory=268_435_456)
    done = in_a_process(bounds, png_that_claims(16_000, 16_000))
    assert done.returncode == 0
    assert results_in(done.stdout.strip())[0].rule == "memory"


@pytest.mark.parametrize("module", ["localai", "core", "litestar", "PIL", "pypdf"])
def test_the_process_starts_with_little(module: str) -> None:
    """It imports neither the router, which takes a second, nor a library before it is needed."""
    code = f"import sys, plugins.guardrails.uploads.worker; print({module!r} in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, cwd=ROOT, timeout=30)
    assert done.stdout == b"False\n"


def test_an_image_that_was_read_is_an_image() -> None:
    """What comes out is base64 of an image that a decoder reads."""
    _, rest = results_of(("png", PNG))
    assert seen(base64.b64decode(rest, validate=True)).size == (32, 16)
