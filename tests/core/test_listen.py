"""Sockets are had or it is said why not; a Unix socket is its owner's and leaves nothing."""

import errno
import os
import socket
import stat
from pathlib import Path

import pytest

from core.config import parse
from core.errors import SettingsError
from core.listen import Address, admin_address, admin_url, listening, main_address, url_of


def of(folder: Path, line: str) -> Address | None:
    """Return the address of /admin that a file with this line in [server] names."""
    return admin_address(parse(f"[server]\n{line}\n", folder / "localai.toml"))


def test_a_port_that_is_taken_is_told() -> None:
    """The error names the address, and how to choose another."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with (
            pytest.raises(SettingsError, match=rf"can't listen on 127\.0\.0\.1:{port}.*--port"),
            listening(Address(host="127.0.0.1", port=port)),
        ):
            pass


def test_an_address_of_another_machine_is_told() -> None:
    """An address that this machine does not have is a clear error."""
    address = Address(host="192.0.2.1", setting="[server] admin")
    with (
        pytest.raises(SettingsError, match=r"can't listen on 192\.0\.2\.1:0: .*\[server\] admin$"),
        listening(address),
    ):
        pass


def test_the_main_address_is_host_and_port(tmp_path: Path) -> None:
    """It is what [server] says."""
    settings = parse('[server]\nhost = "::1"\nport = 1234\n', tmp_path / "localai.toml")
    assert str(main_address(settings)) == "[::1]:1234"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("127.0.0.1:8001", ("127.0.0.1", 8001)),
        ("[::1]:0", ("::1", 0)),
        ("localhost:65535", ("localhost", 65535)),
    ],
)
def test_an_admin_address_is_a_host_and_port(
    tmp_path: Path, text: str, expected: tuple[str, int]
) -> None:
    """IPv6 stands in brackets, and port 0 takes a free one."""
    address = of(tmp_path, f'admin = "{text}"')
    assert address is not None
    assert (address.host, address.port) == expected


def test_an_admin_socket_starts_at_the_files_folder(tmp_path: Path) -> None:
    """A relative path is relative to the file, an absolute one is itself."""
    relative = of(tmp_path, 'admin = "unix:run/admin.sock"')
    absolute = of(tmp_path, 'admin = "unix:/run/admin.sock"')
    assert relative is not None
    assert absolute is not None
    assert (relative.path, absolute.path) == (tmp_path / "run/admin.sock", Path("/run/admin.sock"))
    assert of(tmp_path, "") is None


@pytest.mark.parametrize(
    "text", ["8001", ":8001", "127.0.0.1", "::1:8001", "a:65536", "a:x", "unix:", "http://a:1", " "]
)
def test_what_is_no_address_is_told(tmp_path: Path, text: str) -> None:
    """The error has line, table and key, and shows how to write one."""
    with pytest.raises(SettingsError, match=r'toml:2: \[server\] admin: expected "127\.0\.0\.1:80'):
        of(tmp_path, f'admin = "{text}"')


def test_a_unix_socket_is_its_owners_and_is_removed(tmp_path: Path) -> None:
    """Nobody else may connect, and the file is gone at the end."""
    path = tmp_path / "a.sock"
    with listening(Address(path=path)) as sock:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert url_of(sock) == f"unix:{path}"
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(path))
    assert not path.exists()


def test_what_a_killed_server_left_is_replaced(tmp_path: Path) -> None:
    """A socket that nobody listens on is no obstacle."""
    path = tmp_path / "a.sock"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    with listening(Address(path=path)), socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))


def test_the_socket_of_another_server_stays(tmp_path: Path) -> None:
    """While somebody listens there, or has a full queue, it is theirs."""
    path = tmp_path / "a.sock"
    address = Address(path=path, setting="[server] admin")
    with socket.socket(socket.AF_UNIX) as other, socket.socket(socket.AF_UNIX) as waiting:
        other.bind(str(path))
        other.listen(0)
        for _ in range(2):
            with pytest.raises(SettingsError, match="Address already in use: is another server"):
                listening(address).__enter__()
        waiting.setblocking(False)
        assert waiting.connect_ex(str(path)) in (0, errno.EAGAIN)
        with pytest.raises(SettingsError, match=r"Address already in use.*\[server\] admin"):
            listening(address).__enter__()
    assert path.is_socket()


def test_a_file_that_is_no_socket_stays(tmp_path: Path) -> None:
    """A file or a link in its place is an error, and is not touched."""
    (tmp_path / "file").write_text("precious")
    (tmp_path / "link").symlink_to("file")
    for name in ("file", "link"):
        with pytest.raises(SettingsError, match="there is a file that is no socket"):
            listening(Address(path=tmp_path / name)).__enter__()
    assert (tmp_path / "file").read_text() == "precious"


def test_a_socket_that_replaced_ours_stays(tmp_path: Path) -> None:
    """At the end only the own file is removed."""
    path = tmp_path / "a.sock"
    with listening(Address(path=path)):
        path.unlink()
        path.write_text("somebody's")
    assert path.read_text() == "somebody's"


@pytest.mark.parametrize(
    ("path", "message"),
    [("x" * 200, "path too long"), ("nowhere/a.sock", "No such file or directory")],
)
def test_a_path_that_can_not_be_is_told(tmp_path: Path, path: str, message: str) -> None:
    """A path that is too long, or a folder that is missing, is a clear error."""
    with pytest.raises(SettingsError, match=rf"can't listen on {tmp_path}/{path}: .*{message}"):
        listening(Address(path=tmp_path / path)).__enter__()
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_the_url_of_a_socket(host: str) -> None:
    """It has the port that was taken, and IPv6 in brackets."""
    with listening(Address(host=host)) as sock:
        port = sock.getsockname()[1]
        assert url_of(sock) == f"http://{'[::1]' if ':' in host else host}:{port}"


@pytest.mark.parametrize(
    ("lines", "url"),
    [
        ("", "http://127.0.0.1:8000"),
        ('host = "0.0.0.0"\nport = 80', "http://127.0.0.1:80"),
        ('host = "::"', "http://[::1]:8000"),
        ('host = "box.lan"', "http://box.lan:8000"),
        ('admin = "127.0.0.1:8001"', "http://127.0.0.1:8001"),
        ('port = 0\nadmin = "[::1]:8001"', "http://[::1]:8001"),
    ],
)
def test_programs_find_admin_by_the_settings(tmp_path: Path, lines: str, url: str) -> None:
    """It is the address of /admin, on loopback where the router listens on all."""
    file = tmp_path / "localai.toml"
    file.write_text(f"[server]\n{lines}\n")
    assert admin_url(file) == url


def test_programs_find_a_socket_of_admin(tmp_path: Path) -> None:
    """A Unix socket starts at the folder of the settings."""
    file = tmp_path / "localai.toml"
    file.write_text('[server]\nadmin = "unix:admin.sock"\n')
    assert admin_url(file) == f"unix:{tmp_path.resolve()}/admin.sock"


def test_a_free_port_can_not_be_found_by_the_settings(tmp_path: Path) -> None:
    """The error says where the address stands."""
    file = tmp_path / "localai.toml"
    file.write_text("[server]\nport = 0\n")
    with pytest.raises(SettingsError, match="take the address from the start of its log"):
        admin_url(file)
