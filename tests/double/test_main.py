"""Serving by hand."""

import asyncio
import signal
import sys
from pathlib import Path

import httpx


async def test_it_serves_until_it_is_told_to_stop() -> None:
    """`python -m tests.double` prints its address, serves, and ends cleanly on SIGTERM."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.double", "--profile", "0.24"),
        cwd=Path(__file__).parents[2],
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(30):
            url = (await process.stdout.readline()).decode().split()[-1]
            async with httpx.AsyncClient(base_url=url) as http:
                assert (await http.get("/api/version")).json() == {"version": "0.24.0"}
            process.send_signal(signal.SIGTERM)
            assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
