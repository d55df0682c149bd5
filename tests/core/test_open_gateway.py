"""A gateway without a server, for commands."""

from contextlib import aclosing
from pathlib import Path

from core.gateway import open_gateway
from core.messages import Call
from core.principal import Principal

EMBEDDED = '[server]\nport = 0\nreload = false\n[ollama]\nembedded = "always"\n'


async def test_a_command_opens_a_gateway_with_some_families_only(tmp_path: Path) -> None:
    """It answers without a server; families that are not named are not in its chain."""
    file = tmp_path / "localai.toml"
    file.write_text(f'{EMBEDDED}[chain]\nplugins = ["auth", "routing", "cache.exact"]\n')
    call = Call(
        kind="embed",
        model="localai-embed",
        inputs=("hello",),
        stream=False,
        dialect="ollama",
        request_id="r",
        principal=Principal(id="router:test"),
    )
    async with open_gateway(file, ("routing",)) as gateway:
        plugins = {plugin.name.partition(".")[0] for plugin in gateway.current.plugins}
        async with aclosing(gateway.infer(call)) as chunks:
            embeddings = [chunk.embeddings async for chunk in chunks]
    assert plugins == {"routing"}
    assert len(embeddings) == 1
    assert not (tmp_path / "data").exists()
