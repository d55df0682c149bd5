"""How each gateway under test is configured and started, always with one worker."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.answers import MODELS

KEY = "bench-key-0123456789abcdef"
"""The key that requests carry, unless the gateway has left another one in its folder."""
KEY_FILE = "key"
"""Where a gateway's command leaves the key that it wants to see."""
CHAIN = "metrics,auth,guardrails,routing,cache,routing.fallback,routing.context,routing.queue"
"""The router's default chain."""
ROOT = Path(__file__).parent.parent

_ROUTER = """\
[server]
port = {port}
[ollama]
hosts = ["http://127.0.0.1:{upstream}"]
embedded = "never"
[chain]
plugins = [{chain}]
{more}
"""

_LIMITS = """[plugins.auth.limits]
rules = [{ per = "key", kind = "chat", requests = "1000000000/minute" }]
"""
"""A limit that is counted and never met."""

_SLOTS = """[plugins.routing.queue]
slots = 8
"""
"""As many answers at a time as the queue ever lets through: the others wait in it."""

_NGINX = """\
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log stderr;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  upstream ollama {{
    server 127.0.0.1:{upstream};
    keepalive 128;
    keepalive_requests 100000000;
  }}
  server {{
    listen 127.0.0.1:{port};
    keepalive_requests 100000000;
    location / {{
      proxy_pass http://ollama;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_buffering off;
    }}
  }}
}}
"""


@dataclass(frozen=True)
class Gateway:
    """One gateway under test."""

    name: str
    command: Callable[[int, int, Path], list[str]]
    """Given its port, the upstream's port and an empty folder, writes its files, returns argv."""
    version: str
    caches: bool = False
    """It answers equal requests from memory, so the cache hit can be measured."""
    part: float = 1.0
    """The part of each figure's work that it gets, so that a slow gateway ends in time."""
    env: dict[str, str] = field(default_factory=dict)


def router(chain: Sequence[str], name: str = "router") -> Gateway:
    """Return the router of this checkout with the plugins of `chain`.

    With `auth` among them, the requests carry a key of its database.
    """

    def command(port: int, upstream: int, folder: Path) -> list[str]:
        config = folder / "localai.toml"
        names = ", ".join(f'"{name}"' for name in chain)
        more = _LIMITS if "auth" in chain else ""
        more += _SLOTS if "routing" in chain or "routing.queue" in chain else ""
        config.write_text(_ROUTER.format(port=port, upstream=upstream, more=more, chain=names))
        localai = [sys.executable, "-m", "core.cli", "--config", str(config)]
        if "auth" in chain:
            key = subprocess.run(
                [*localai, "keys", "create", "bench"],
                stdout=subprocess.PIPE,
                text=True,
                check=True,
                timeout=60,
            )
            (folder / KEY_FILE).write_text(key.stdout.strip())
        return [*localai, "serve"]

    caches = any(name.partition(".")[0] == "cache" for name in chain)
    return Gateway(name, command, "this checkout", caches=caches)


def passthrough() -> Gateway:
    """Return the bare ASGI pass-through."""

    def command(port: int, upstream: int, folder: Path) -> list[str]:
        module = [sys.executable, "-m", "benchmarks.passthrough"]
        return [*module, "--port", str(port), "--upstream", f"http://127.0.0.1:{upstream}"]

    return Gateway("passthrough", command, "uvicorn + aiohttp")


def nginx() -> Gateway | None:
    """Return nginx as an unbuffered reverse proxy, or None where it is not installed."""
    program = shutil.which("nginx")
    if program is None:
        return None

    def command(port: int, upstream: int, folder: Path) -> list[str]:
        config = folder / "nginx.conf"
        config.write_text(_NGINX.format(port=port, upstream=upstream, folder=folder))
        return [program, "-e", "stderr", "-p", str(folder), "-c", str(config)]

    return Gateway("nginx", command, _output(program, "-v").rpartition("/")[2])


def litellm(python: Path) -> Gateway | None:
    """Return LiteLLM's proxy from the environment of `python`, or None where it is not there.

    It runs without a key, a database or callbacks: as cheap as it gets.
    """
    program = python.parent / "litellm"
    if not program.is_file():
        return None

    def command(port: int, upstream: int, folder: Path) -> list[str]:
        config = folder / "litellm.yaml"
        lines = ["model_list:"]
        for model in MODELS:
            lines += [
                f"  - model_name: {model}",
                f"    litellm_params: {{model: openai/{model}, api_key: none, "
                f'api_base: "http://127.0.0.1:{upstream}/v1"}}',
            ]
        config.write_text("\n".join(lines) + "\n")
        listen = ["--host", "127.0.0.1", "--port", str(port)]
        return [str(program), "--config", str(config), *listen, "--num_workers", "1"]

    script = "from importlib.metadata import version; print(version('litellm'))"
    return Gateway(
        "litellm",
        command,
        _output(str(python), "-c", script),
        part=0.05,
        env={
            "LITELLM_DANGEROUSLY_PERMIT_WEAK_OR_UNSET_MASTER_KEY": "true",
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",
            "LITELLM_TELEMETRY": "False",
            "LITELLM_LOG": "ERROR",
        },
    )


def installed(chain: Sequence[str], litellm_python: Path) -> list[Gateway]:
    """Return the gateways that can be measured here: the router first, and without its auth."""
    peers = [passthrough(), nginx(), litellm(litellm_python)]
    open_door = [name for name in chain if name.partition(".")[0] != "auth"]
    routers = [router(chain), router(open_door, "anonymous")]
    return [*routers, *(peer for peer in peers if peer is not None)]


def _output(*argv: str) -> str:
    done = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=60)
    return (done.stdout + done.stderr).strip()
