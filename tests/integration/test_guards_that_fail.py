"""A guard that raises, hangs or makes nonsense: nothing passes, in any form of a request."""

import asyncio
from contextlib import aclosing
from pathlib import Path
from typing import Literal

import pytest
from msgspec import Struct
from structlog.testing import capture_logs

from localai import Call, Chunks, Handler, hookimpl
from tests.plugins.guardrails.forms import FORMS, Form, ask, guarded, says, tokens_of

SOON = 'plugin_timeout = "0.2s"'
SECRET = "the answer that nobody may see"


class Faulty:
    """A guard with a fault."""

    fail_mode = "closed"
    guards = frozenset({"input", "output"})

    class Config(Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
        """Settings of the fault."""

        fault: Literal["raise", "hang", "nonsense"]
        after: int
        """Chunks that it lets pass before."""

    def __init__(self, config: Config) -> None:
        self._config = config

    @hookimpl
    def around_inference(self, next: Handler) -> Handler:
        """Fail before the call, or after some chunks."""

        async def faulty(call: Call) -> Chunks:
            left = self._config.after
            async with aclosing(next(call)) as chunks:
                async for chunk in chunks:
                    if not left:
                        if self._config.fault == "raise":
                            raise RuntimeError(SECRET)
                        if self._config.fault == "hang":
                            await asyncio.Event().wait()
                        yield SECRET  # type: ignore[misc]
                    left -= 1
                    yield chunk

        return faulty


def settings(fault: str, after: int) -> str:
    """Return the rest of a file in which the guard has a fault."""
    return f'[plugins.faulty]\nuse = "{__name__}:Faulty"\nfault = "{fault}"\nafter = {after}\n'


@pytest.mark.parametrize("fault", ["raise", "hang", "nonsense"])
@pytest.mark.parametrize("form", FORMS, ids=str)
async def test_nothing_passes_a_guard_that_fails(form: Form, fault: str, tmp_path: Path) -> None:
    """The caller gets a 503 in its own format, and no word of the answer or of the fault."""
    with capture_logs() as logs:
        async with guarded(tmp_path, "faulty", settings(fault, 0), SOON) as (client, double, _):
            says(double, tokens_of(SECRET))
            answer = await ask(client, form)
    assert answer.status == 503
    assert answer.error.startswith("this request could not be checked")
    assert SECRET not in answer.raw + str(logs)
    assert not answer.text
    assert [each["plugin"] for each in logs if "plugin" in each["event"]] == ["faulty"]


@pytest.mark.parametrize("fault", ["raise", "hang", "nonsense"])
@pytest.mark.parametrize("form", [form for form in FORMS if form.stream], ids=str)
async def test_a_stream_ends_where_its_guard_fails(form: Form, fault: str, tmp_path: Path) -> None:
    """What was checked stays, then comes an error, and no end as if all had been well."""
    with capture_logs():
        async with guarded(tmp_path, "faulty", settings(fault, 2), SOON) as (client, double, _):
            says(double, tokens_of("abcdefghi"))
            answer = await ask(client, form)
    assert answer.status == 200
    assert answer.text == "abcdef"
    assert answer.error.startswith("this request could not be checked")
    assert not answer.finish
    assert "[DONE]" not in answer.raw
