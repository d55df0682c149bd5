"""The OpenAPI document describes the routes that there are, and none of them breaks."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from tests.support import routing


@pytest.mark.parametrize(
    "examples",
    [1, pytest.param(50, marks=[pytest.mark.nightly, pytest.mark.timeout(1800)])],
)
async def test_no_request_that_the_document_allows_breaks_the_router(
    examples: int, tmp_path: Path
) -> None:
    """schemathesis finds no server error in any operation of the OpenAPI document."""
    toml = '[ollama]\nembedded = "always"\n[chain]\nplugins = ["metrics", "guardrails", "cache"]\n'
    async with routing(toml, tmp_path) as router:
        process = await asyncio.create_subprocess_exec(
            os.path.join(os.path.dirname(sys.executable), "schemathesis"),
            "run",
            f"{router.url}/schema/openapi.json",
            "--checks=not_a_server_error",
            "--phases=examples,coverage,fuzzing",
            f"--max-examples={examples}",
            "--seed=1",
            "--exclude-path=/ui/events",  # its answer does not end
            "--no-color",
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            cwd=tmp_path,
        )
        output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()[-4000:]
    assert b"/v1/chat/completions" in output or b"operations" in output.lower()
