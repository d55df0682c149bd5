"""`localai.toml` is found, read and checked."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.config import find, load, parse
from core.errors import SettingsError

FILE = Path("/etc/localai/localai.toml")


def _refusal(text: str) -> str:
    with pytest.raises(SettingsError) as caught:
        parse(text, FILE)
    return str(caught.value)


def test_no_file_means_the_defaults() -> None:
    """Without a file the router listens on loopback, without plugins."""
    settings = load(None)
    assert (settings.server.host, settings.server.port) == ("127.0.0.1", 8000)
    assert settings.chain.plugins == ()
    assert not settings.server.allow_anonymous


def test_the_file_is_found_by_option_environment_and_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The option wins over LOCALAI_CONFIG, that over ./localai.toml; without any there is none."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LOCALAI_CONFIG", raising=False)
    assert find() is None
    Path("localai.toml").touch()
    assert find() == Path("localai.toml")
    monkeypatch.setenv("LOCALAI_CONFIG", "named.toml")
    assert find() == Path("named.toml")
    assert find(Path("option.toml")) == Path("option.toml")


@pytest.mark.parametrize(
    ("content", "expected"),
    [(None, "can't be read: No such file"), (b"a = '\xff'", "is not UTF-8")],
)
def test_a_file_that_can_not_be_read_is_named(
    content: bytes | None, expected: str, tmp_path: Path
) -> None:
    """A missing file, and one that is not UTF-8, are one message with the file's name."""
    file = tmp_path / "localai.toml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(SettingsError, match=expected) as caught:
        load(file)
    assert str(caught.value).startswith(f"{file}: ")


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    """A folder in place of the file is a message, not a traceback."""
    with pytest.raises(SettingsError, match="can't be read"):
        load(tmp_path)


WRONG = {
    "typo in a section": ("\n[sevrer]\n", ":2: [sevrer]: unknown table; did you mean 'server'?"),
    "typo in a key": (
        "[server]\n\nprot = 1",
        ":3: [server] prot: unknown setting; did you mean 'port'?",
    ),
    "far from any key": (
        "[log]\nzzz = 1",
        ":2: [log] zzz: unknown setting; known are: format",
    ),
    "wrong type": ("[server]\nport = '80'", ":2: [server] port: expected 'int', got 'str'"),
    "wrong type in a list": ("[ollama]\nhosts = [1]", ":2: [ollama] hosts: expected 'str', got"),
    "above a bound": ("[server]\nport = 99999", ":2: [server] port: expected 'int' <= 65535"),
    "below a bound": ("[ollama]\nconnections = 0", ":2: [ollama] connections: expected 'int' >= 1"),
    "an empty list": ("[ollama]\nhosts = []", ":2: [ollama] hosts: expected 'array' of length >="),
    "no choice": (
        "[log]\nlevel = 'loud'",
        "[log] level: expected one of 'debug', 'info'",
    ),
    "no duration": (
        "[ollama]\ntotal_timeout = 'long'",
        ":2: [ollama] total_timeout: expected a",
    ),
    "no size": ("[server]\nmax_body = '1 meg'", ":2: [server] max_body: expected a size such as"),
    "no address": ("[ollama]\nhosts = ['box']", ":2: [ollama] hosts: expected an address such as"),
    "missing variable": (
        "[server]\nhost = '${NOT_THERE}'",
        ":2: [server] host: the environment has no variable NOT_THERE: set it",
    ),
    "bad TOML": ("[server]\nport = = 1", "(at line 2, column 8)"),
    "cut off": ("[server", "(at end of document)"),
    "a value for a table": ("server = 1", ":1: server: expected 'object', got 'int'"),
    "a value for all plugins": ("plugins = 1", ":1: plugins: expected tables such as"),
    "a value for a plugin": ("[plugins]\nx = 1", ":2: [plugins] x: expected a table: [plugins.x]"),
    "a dotted key": ("log.level = 'info'\nserver.port = 'x'", ":2: [server] port: expected 'int'"),
    "an inline table": ("server = { port = 'x' }", ":1: [server] port: expected 'int', got 'str'"),
    "quoted names": ("['server']\n\"port\" = 'x'", ":2: [server] port: expected 'int', got 'str'"),
    "too deep": ("a = " + "[" * 100_000, ": is nested too deeply"),
    "too many digits": ("a = " + "9" * 10_000, ": Exceeds the limit"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_said_with_its_place(case: str) -> None:
    """A mistake is one line with the file, line, table, key, expectation and nearest name."""
    text, expected = WRONG[case]
    message = _refusal(text)
    assert message.startswith(f"{FILE}:")
    assert expected in message
    assert "\n" not in message


def test_the_environment_fills_references(monkeypatch: pytest.MonkeyPatch) -> None:
    """`${NAME}` stands for a variable, within texts and lists."""
    monkeypatch.setenv("BOX", "box.lan")
    settings = parse("[ollama]\nhosts = ['http://${BOX}:1', 'http://${BOX}:2']", FILE)
    assert settings.ollama.hosts == ("http://box.lan:1", "http://box.lan:2")


def test_relative_paths_start_at_the_folder_of_the_file(tmp_path: Path) -> None:
    """The folder of the settings is that of the file, whatever the current one is."""
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "localai.toml").touch()
    assert load(tmp_path / "sub" / "localai.toml").folder == tmp_path / "sub"


LINES = st.sampled_from(
    [
        "[server]",
        "[[server]]",
        "[plugins.cache]",
        "[plugins.x]",
        "port = 1",
        "hosts = ['${HOME}x']",
        "use = 5",
        "[chain]",
        "plugins = ['cache']",
        "max_body = '9GB'",
        "a.b.c = {d = 1}",
        "[",
        'x = """',
        "[ollama]",
        "hosts = [1, {}]",
        "level = 'info'",
        "= 1",
        "1979-05-27 = 07:32:00",
    ]
)


@given(st.text() | st.lists(LINES | st.text()).map("\n".join))
def test_any_text_parses_or_is_refused(text: str) -> None:
    """No text makes the reader fail otherwise than by one `SettingsError` that names the file."""
    message = str(FILE)
    try:
        parse(text, FILE)
    except SettingsError as error:
        message = str(error)
    assert message.startswith(str(FILE))
