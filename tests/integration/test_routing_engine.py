"""Without an Ollama: the embedded engine answers, until there is one."""

import asyncio
import socket
from pathlib import Path

import httpx

from tests.double import OllamaDouble
from tests.integration.box import PATIENCE, SMALL, WIRES, body, models, said, settings
from tests.support import routing

SENTENCE = " Hello from the tiny test model today."
QUICK = '[plugins.routing.hosts]\nprobe = "200ms"\nprobe_longest = "500ms"\n'


async def test_the_engine_answers_until_ollama_is_there(tmp_path: Path) -> None:
    """All works without Ollama; one that is started is used within seconds, without a restart."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    toml = settings([f"http://127.0.0.1:{port}"], QUICK, ollama='embedded = "auto"')
    async with (
        routing(toml, tmp_path) as router,
        httpx.AsyncClient(base_url=router.url, trust_env=False, timeout=PATIENCE) as client,
    ):
        for path in WIRES:
            for stream in (False, True):
                for model in ("localai-guide", "default", "auto"):
                    wanted = body("What can you do?", model=model, stream=stream)
                    answer = await client.post(path, json=wanted)
                    assert answer.status_code == 200, (model, answer.text)
                    assert said(answer.text), (path, stream, model)
            missing = await client.post(path, json=body("Hello", model="llama3.2"))
            assert missing.status_code == 503
            assert "start it with 'ollama serve'" in missing.text
            assert "'localai-guide' answers" in missing.text
        vectors = await client.post("/v1/embeddings", json={"model": "localai-embed", "input": "x"})
        assert vectors.status_code == 200
        listed = (await client.get("/v1/models")).json()["data"]
        assert "localai-guide:latest" in {each["id"] for each in listed}
        assert (await client.get("/health")).status_code == 200

        double = OllamaDouble(models())
        await double.start(port)
        try:
            async with asyncio.timeout(PATIENCE):
                while True:
                    answer = await client.post(WIRES[0], json=body("Hello"))
                    if answer.status_code == 200:
                        break
                    assert answer.status_code in (404, 503), answer.text
                    await asyncio.sleep(0.1)
                while (await _auto(client)) != SMALL:  # noqa: ASYNC110
                    await asyncio.sleep(0.1)
            assert said(answer.text) == SENTENCE
            for path in WIRES:
                missing = await client.post(path, json=body("Hello", model="llama3.2"))
                assert missing.status_code == 404
                assert "ollama pull llama3.2" in missing.text
        finally:
            await double.stop()


async def _auto(client: httpx.AsyncClient) -> str:
    answer = await client.post(WIRES[1], json=body("Hello", model="auto"))
    assert answer.status_code == 200, answer.text
    return str(answer.headers["x-localai-model"])
