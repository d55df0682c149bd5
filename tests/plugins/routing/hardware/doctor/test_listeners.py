"""Which ports are open."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.routing.hardware.doctor import listeners as module
from plugins.routing.hardware.doctor.listeners import Listener, listeners
from plugins.routing.hardware.files import Files
from tests.plugins.routing.hardware.machines import write

HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n"
TCP = (
    f"{HEAD}   0: 0100007F:2CAA 00000000:0000 0A 00000000:00000000 00:00000000 00000000   996\n"
    "   1: 00000000:1F40 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000\n"
    "   2: 0100007F:2CAA 0100007F:9C40 01 00000000:00000000 00:00000000 00000000   996\n"
)
TCP6 = (
    f"{HEAD}   0: 00000000000000000000000000000000:2CAA "
    "00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000   996\n"
    "   1: 00000000000000000000000001000000:0016 "
    "00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0\n"
    "   2: 0000000000000000FFFF00000100007F:0050 "
    "00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0\n"
)


def test_listening_ports_are_found(tmp_path: Path) -> None:
    """Both families are read, each address in its usual spelling; connections are no listeners."""
    files = Files(write(tmp_path, {"proc/net/tcp": TCP, "proc/net/tcp6": TCP6}))
    assert listeners(files) == [
        Listener(host="127.0.0.1", port=11434),
        Listener(host="0.0.0.0", port=8000),
        Listener(host="::", port=11434),
        Listener(host="::1", port=22),
        Listener(host="::ffff:7f00:1", port=80),
    ]


@pytest.mark.parametrize(
    ("host", "is_open"),
    [
        ("127.0.0.1", False),
        ("::1", False),
        ("::ffff:127.0.0.1", False),
        ("0.0.0.0", True),
        ("::", True),
        ("192.168.1.7", True),
        ("fe80::1", True),
    ],
)
def test_only_loopback_is_closed_to_others(host: str, is_open: bool) -> None:
    """Every other address can be reached, that of all addresses too."""
    assert Listener(host=host, port=1).is_open is is_open


@given(st.text(alphabet="0123456789ABCDEF: \n", max_size=120))
def test_any_table_is_read(text: str) -> None:
    """A garbled line is no listener, and raises nothing."""

    class Said(Files):
        def text(self, path: str) -> str:
            return text

    for found in listeners(Said()):
        assert 0 <= found.port < 65536


def test_this_machine_can_be_read() -> None:
    """The real files of a running kernel have the expected form."""
    assert isinstance(module.listeners(Files()), list)
