"""The checks of open ports."""

from pathlib import Path

import pytest

from plugins.routing.hardware.doctor.checks import ports
from plugins.routing.hardware.doctor.finding import Severity
from tests.plugins.routing.hardware.doctor.cases import a_machine, an_ollama, only
from tests.plugins.routing.hardware.machines import NO_GPU, Tree, unit


def listening(*addresses: str) -> Tree:
    """Return a table of listening ports; addresses are as the kernel writes them."""
    rows = [
        f"   {number}: {address} 00000000:0000 0A 00000000:00000000 00:00000000 00000000   0"
        for number, address in enumerate(addresses)
    ]
    return {"proc/net/tcp": "\n".join(["  sl  local_address rem_address   st", *rows])}


LOOPBACK, ALL = "0100007F", "00000000"


def test_an_open_ollama_is_told(tmp_path: Path) -> None:
    """Who can reach Ollama gets past the router; the remedy binds it to loopback."""
    machine = a_machine(tmp_path, NO_GPU, unit(), listening(f"{ALL}:2CAA", f"{ALL}:0016"))
    finding = only(ports.ollama, machine)
    assert finding.severity is Severity.WARNING
    assert finding.title == "Ollama listens on 0.0.0.0 port 11434, for other machines too"
    assert 'Environment="OLLAMA_HOST=127.0.0.1:11434"' in finding.remedy


def test_ollamas_own_port_is_looked_at(tmp_path: Path) -> None:
    """A port of the settings counts too, if it is this machine's."""
    here = an_ollama().replace(port=5000)
    machine = a_machine(tmp_path / "a", NO_GPU, listening(f"{ALL}:1388"), ollamas=[here])
    assert only(ports.ollama, machine).severity is Severity.WARNING
    there = here.replace(is_local=False)
    machine = a_machine(tmp_path / "b", NO_GPU, listening(f"{ALL}:1388"), ollamas=[there])
    assert list(ports.ollama(machine)) == []


def test_a_closed_ollama_is_well(tmp_path: Path) -> None:
    """On loopback only the router and other programs of this machine reach it."""
    machine = a_machine(tmp_path / "a", NO_GPU, listening(f"{LOOPBACK}:2CAA"))
    assert only(ports.ollama, machine).severity is Severity.OK
    assert list(ports.ollama(a_machine(tmp_path / "b", NO_GPU))) == []


@pytest.mark.parametrize(
    ("host", "is_open"),
    [
        ("0.0.0.0", True),
        ("0.0.0.0:11434", True),
        ("http://0.0.0.0:11434", True),
        (":11434", True),
        ("[::]:11434", True),
        ("192.168.1.7", True),
        ("127.0.0.1:11434", False),
        ("[::1]:11434", False),
        ("localhost", False),
        ("", False),
    ],
)
def test_what_is_configured_counts_before_it_listens(
    tmp_path: Path, host: str, is_open: bool
) -> None:
    """OLLAMA_HOST is judged while Ollama does not run."""
    machine = a_machine(tmp_path, NO_GPU, unit(OLLAMA_HOST=host))
    assert bool(list(ports.ollama(machine))) is is_open


@pytest.mark.parametrize(
    ("origins", "is_open"),
    [("*", True), ("http://a,*", True), ("https://a.example", False), ("http://*.lan", False)],
)
def test_web_pages_are_not_let_in(tmp_path: Path, origins: str, is_open: bool) -> None:
    """A star lets every page that is open in a browser here use Ollama."""
    machine = a_machine(tmp_path, NO_GPU, unit(OLLAMA_ORIGINS=origins))
    assert bool(list(ports.origins(machine))) is is_open


@pytest.mark.parametrize(
    ("server", "severity"),
    [
        ("", Severity.OK),
        ('host = "0.0.0.0"', Severity.OK),
        ('host = "127.0.0.1"\nallow_anonymous = true', Severity.OK),
        ('host = "0.0.0.0"\nallow_anonymous = true', Severity.WARNING),
        ('host = "192.168.1.7"\nallow_anonymous = true', Severity.WARNING),
    ],
)
def test_the_routers_own_door(tmp_path: Path, server: str, severity: Severity) -> None:
    """Others are let in with a key, or it is told that they need none."""
    machine = a_machine(tmp_path, NO_GPU, toml=f"[server]\n{server}")
    assert only(ports.router, machine).severity is severity
