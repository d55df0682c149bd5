"""Secrets that go in do not come out: not in logs, errors, metrics or lists."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner

from core.cli.main import cli

PASSWORD = "canary-password-6Qe1"
PROMPT = "canary-prompt-8Zr4"
INJECTION = "' OR 1=1; DROP TABLE keys; --"
TOML = """
[server]
port = 0
[ollama]
embedded = "always"
[chain]
plugins = ["metrics", "auth", "guardrails", "routing", "cache"]
"""


class Localai:
    """The command line with the settings of one folder; keeps all that it writes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.written = b""
        file = folder / "localai.toml"
        file.write_text(TOML)
        self._config = ("--config", str(file))

    async def run(self, *argv: str, given: str = "") -> str:
        """Run a command to its end; return what it printed."""
        done = await asyncio.to_thread(CliRunner().invoke, cli, [*self._config, *argv], given)
        assert done.exit_code == 0, done.stderr
        self.written += done.stderr.encode()
        return done.stdout.strip()

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[str]:
        """Run the router in a process of its own; yield its address."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "core.cli", *self._config, "serve"),
            stderr=asyncio.subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
        )
        assert process.stderr is not None
        url = ""
        while not url:
            line = await process.stderr.readline()
            assert line, self.written.decode()
            self.written += line
            if b'"event":"ready"' in line:
                url = line.split(b'"url":"')[1].split(b'"')[0].decode()
        reading = asyncio.create_task(process.stderr.read())
        try:
            yield url
        finally:
            process.terminate()
            self.written += await reading
            await process.wait()


async def test_no_secret_is_written_anywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keys, passwords, tokens and prompts are in no log, error, metric, list or file."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    localai = Localai(tmp_path)
    key = await localai.run("keys", "create", "anna", "--scope", "*")
    kid, secret = key.split("_", 2)[1], key[15:58]
    users = ("users", "create", "ben", "--admin", "--password-stdin")
    await localai.run(*users, given=f"{PASSWORD}\n")
    said: list[str] = []

    def note(answer: httpx.Response) -> httpx.Response:
        said.append(f"{answer.headers}\n{answer.text}")
        return answer

    async with (
        localai.serving() as url,
        httpx.AsyncClient(base_url=url, trust_env=False, timeout=30) as http,
    ):
        login = {"grant_type": "password", "username": "ben", "password": PASSWORD}
        tokens = (await http.post("/auth/token", data=login)).json()
        secrets = [secret, PASSWORD, PROMPT, tokens["access_token"], tokens["refresh_token"]]
        body = {"model": "localai-guide", "messages": [{"role": "user", "content": PROMPT}]}
        headers = {"authorization": f"Bearer {key}"}
        bearer = {"authorization": f"Bearer {tokens['access_token']}"}
        near = f"{key[:-1]}{'0' if key[-1] != '0' else '1'}"
        wrong = [near, key[:-4], f"{key}x", key.swapcase(), f"{key} {key}", INJECTION]
        wrong += [f"{tokens['access_token']}x", tokens["refresh_token"]]
        for each in wrong:
            for name, value in (("authorization", f"Bearer {each}"), ("x-api-key", each)):
                refused = note(await http.post("/api/chat", json=body, headers={name: value}))
                assert refused.status_code in (401, 429), (name, refused.text)
        for path in (f"/v1/models?api_key={key}", f"/v1/models/{key}", f"/{key}", f"/admin/{key}"):
            note(await http.get(path))
            note(await http.get(path, headers=headers))
        note(await http.post("/auth/token", data=login | {"password": f"{PASSWORD}x"}))
        note(await http.post("/auth/token", json=login))
        note(await http.post("/auth/refresh", json={"refresh_token": "wrong"}))
        note(await http.post("/admin/keys", json={"name": secret, "x": key}, headers=headers))
        note(await http.post("/api/chat", json=body | {"model": key}, headers=headers))
        chat = await http.post("/api/chat", json=body | {"stream": False}, headers=headers)
        assert chat.status_code == 200, chat.text
        for path in ("/metrics", "/health", "/admin/keys", f"/admin/keys/{kid}", "/admin/users"):
            for who in (headers, bearer):
                answer = note(await http.get(path, headers=who))
                assert answer.status_code == 200, (path, answer.text)
        note(await http.get("/auth/me", headers=bearer))
    said.append(await localai.run("keys", "list"))
    said.append(await localai.run("keys", "show", kid))
    said.append(await localai.run("users", "list"))
    places = {"the log": localai.written.decode(), "an answer": "\n".join(said)}
    files = [file for file in (tmp_path / "data").rglob("*") if file.is_file()]
    places |= {file.name: file.read_bytes().decode("latin-1") for file in files}
    for place, text in places.items():
        assert [each for each in secrets if each in text] == [], place
    assert kid in places["the log"]
    assert {oct(file.stat().st_mode & 0o777) for file in files} == {"0o600"}
