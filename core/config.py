"""`localai.toml` as strict Structs: found, read, checked, and explained when it is wrong."""

import os
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from core.errors import SettingsError
from core.explain import Document
from core.units import Duration, Secret, Size

FILE_NAME = "localai.toml"

Port = Annotated[int, Meta(ge=0, le=65535)]


class Table(Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """A table of the file; unknown settings are errors."""


class Server(Table, frozen=True):
    """Where the router listens, and what it takes from callers."""

    host: str = "127.0.0.1"
    """Address to listen on."""
    port: Port = 8000
    """Port to listen on; 0 takes a free one."""
    allow_anonymous: bool = False
    """Let callers in without a key on addresses other than loopback."""
    allowed_hosts: tuple[str, ...] = ()
    """Host names, besides loopback's, that are served; empty: all, but without a key only those."""
    trusted_proxies: tuple[str, ...] = ()
    """Addresses or networks of proxies whose X-Forwarded-For is believed; "unix": any socket."""
    admin: str = ""
    """Own address for /admin, such as "127.0.0.1:8001" or "unix:admin.sock"; empty: the same."""
    max_body: Size = Size(20_000_000)
    """Largest request body."""
    header_timeout: Duration = Duration(10)
    """Time for a request's headers to arrive."""
    body_timeout: Duration = Duration(10)
    """Time before a body slower than 100 bytes per second is cut off."""
    heartbeat: Duration = Duration(10)
    """Silence on a stream after which a sign of life is sent; 0 sends none."""
    send_timeout: Duration = Duration(60)
    """Time that a client may leave its answer unread."""
    drain_timeout: Duration = Duration(30)
    """Time for running answers to finish after SIGTERM."""
    reload: bool = True
    """Apply this file when it is saved."""


class Ollama(Table, frozen=True):
    """The Ollama server and the four clocks of a call to it."""

    hosts: Annotated[tuple[str, ...], Meta(min_length=1)] = ("http://127.0.0.1:11434",)
    """Addresses of Ollama; the first that answers is used."""
    embedded: Literal["auto", "never", "always"] = "auto"
    """Built-in engine: auto (while no Ollama answers here; localai-embed always), never, always."""
    connect_timeout: Duration = Duration(3)
    """Clock 1: until a connection stands."""
    first_token_timeout: Duration = Duration(120)
    """Clock 2: until the first token, of a loaded model."""
    load_timeout: Duration = Duration(300)
    """Clock 2 for a model that must be loaded first."""
    token_timeout: Duration = Duration(30)
    """Clock 3: between two tokens."""
    total_timeout: Duration = Duration(600)
    """Clock 4: the whole answer."""
    max_line: Size = Size(16_000_000)
    """Longest single line of a stream."""
    max_answer: Size = Size(64_000_000)
    """Longest whole answer."""
    connections: Annotated[int, Meta(ge=1)] = 512
    """Most connections to one host at a time."""


class Database(Table, frozen=True):
    """Where keys, users and usage are kept; opened when a plugin needs it."""

    url: Secret = Secret("sqlite:data/localai.db")
    """sqlite:FILE, or postgresql://USER:${PASSWORD}@HOST/NAME, which several routers may share."""
    pool_size: Annotated[int, Meta(ge=1, le=1000)] = 20
    """Connections that are kept open."""
    pool_overflow: Annotated[int, Meta(ge=0, le=1000)] = 40
    """Connections that may be opened above that."""
    pool_wait: Duration = Duration(30)
    """Time to wait for a connection while all are in use."""
    pool_recycle: Duration = Duration(3600)
    """Age at which a connection is replaced."""
    timeout: Duration = Duration(5)
    """Time that one statement may take."""


class Chain(Table, frozen=True):
    """Which plugins run, outermost first."""

    plugins: tuple[str, ...] = ()
    """A name is a family (`cache`) or one member (`cache.exact`), or a plugin of your own."""
    plugin_timeout: Duration = Duration(60)
    """For how long plugins that fail closed may keep a request to themselves, while neither a
    model nor the client has it; then the request is refused."""


class Log(Table, frozen=True):
    """How the router writes its log, on standard error."""

    format: Literal["auto", "json", "console"] = "auto"
    """auto: console on a terminal, JSON elsewhere."""
    level: Literal["debug", "info", "warning", "error"] = "info"
    """Least level that is written."""


class _File(Table, frozen=True):
    server: Server = Server()
    ollama: Ollama = Ollama()
    database: Database = Database()
    chain: Chain = Chain()
    log: Log = Log()
    plugins: dict[str, dict[str, Any]] = {}


class Settings(Struct, frozen=True, kw_only=True):
    """A whole configuration, checked but for the plugins' own tables."""

    document: Document
    server: Server = Server()
    ollama: Ollama = Ollama()
    database: Database = Database()
    chain: Chain = Chain()
    log: Log = Log()
    plugins: dict[str, dict[str, Any]] = {}
    """The raw `[plugins.*]` tables."""
    overrides: frozenset[str] = frozenset()
    """Settings of [server] that the command line set instead of the file."""

    @property
    def folder(self) -> Path:
        """The folder that relative paths and custom plugins start at."""
        return self.document.folder


def find(option: Path | None = None) -> Path | None:
    """Return the file to use: the option, `LOCALAI_CONFIG`, `./localai.toml`, or none."""
    if option is not None:
        return option
    if named := os.environ.get("LOCALAI_CONFIG"):
        return Path(named)
    here = Path(FILE_NAME)
    return here if here.is_file() else None


def load(path: Path | None) -> Settings:
    """Read the file, or take the defaults when there is none.

    Raises `SettingsError` that names the file, line, table and key.
    """
    if path is None:
        return parse("", None)
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise SettingsError(f"{path}: can't be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path}: is not UTF-8 (byte {error.start})") from None
    return parse(text, path)


def parse(text: str, path: Path | None) -> Settings:
    """Check the text of a file; `path` names it in messages."""
    document = Document(text, path)
    try:
        tables = tomllib.loads(text)
    except ValueError as error:  # TOMLDecodeError, or a number with too many digits
        raise SettingsError(f"{document.name}: {error}") from None
    except RecursionError:
        raise SettingsError(f"{document.name}: is nested too deeply") from None
    raw_plugins = tables.pop("plugins", {})
    file = document.convert({**tables, "plugins": {}}, _File, ())
    if not isinstance(raw_plugins, dict):
        raise document.error((), "plugins", "expected tables such as [plugins.cache.exact]")
    for name, table in raw_plugins.items():
        if not isinstance(table, dict):
            raise document.error(("plugins",), name, f"expected a table: [plugins.{name}]")
    for host in file.ollama.hosts:
        if not host.startswith(("http://", "https://")):
            raise document.error(
                ("ollama",), "hosts", f"expected an address such as http://127.0.0.1:11434: {host}"
            )
    return Settings(
        document=document,
        server=file.server,
        ollama=file.ollama,
        database=file.database,
        chain=file.chain,
        log=file.log,
        plugins=raw_plugins,
    )
