"""The benchmarks measure whole gateways, and call a figure invalid rather than guess."""

import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import report
from benchmarks.figures import FIGURES
from benchmarks.gateways import Gateway, passthrough
from benchmarks.rounds import Bench, Cell, Cores


@pytest.fixture(autouse=True)
def same_cores() -> Iterator[None]:
    """Give the test process its cores back."""
    cores = os.sched_getaffinity(0)
    yield
    os.sched_setaffinity(0, cores)


def test_measures_a_gateway() -> None:
    """One round gives each figure of a gateway one sample, all of them valid."""
    gateway = passthrough()
    bench = Bench([gateway], cores=Cores.available(), part=0.01)
    bench.run(rounds=1)
    assert bench.failed == {}
    assert {cell.problem for cell in bench.table.values()} == {""}
    measured = {figure for figure, _gateway in bench.table}
    assert measured == {figure.name for figure in FIGURES} - {"cache-hit"}
    assert all(len(cell.samples) == 1 for cell in bench.table.values())


def test_a_gateway_that_does_not_call_the_upstream_is_invalid() -> None:
    """Figures of a gateway that answers by itself are invalid, not fast."""

    def command(port: int, upstream: int, folder: Path) -> list[str]:
        return [sys.executable, "-m", "benchmarks.upstream", "--port", str(port)]

    bench = Bench([Gateway("cheat", command, "1")], cores=Cores.available(), part=0.01)
    bench.run(rounds=1)
    cell = bench.table["plain", "cheat"]
    assert cell.median is None
    assert cell.problem == "the upstream answered 0 requests, not 40"


def test_a_gateway_that_does_not_start_is_left_out() -> None:
    """A gateway that ends at its start is reported, and the others are measured."""
    broken = Gateway("broken", lambda port, upstream, folder: [sys.executable, "-c", "1/0"], "1")
    bench = Bench([broken, passthrough()], cores=Cores.available(), part=0.01)
    bench.run(rounds=1)
    assert "ZeroDivisionError" in bench.failed["broken"]
    assert {gateway for _figure, gateway in bench.table} == {"passthrough"}


def test_report() -> None:
    """The tables show medians, their range and the ratio, and say what is invalid."""
    slow = replace(passthrough(), name="slow")
    table = {
        ("plain", "passthrough"): Cell([100.0, 200.0, 150.0]),
        ("plain", "slow"): Cell([300.0, 300.0, 310.0]),
        ("burst", "slow"): Cell([1.0], problem="3 of 4 failed: status 500"),
    }
    text = report.markdown(table, [passthrough(), slow], {"CPU": "one"}, {"nginx": "no file"})
    assert "| 150 (100 to 200) | 300 (300 to 310) 2.00x |" in text
    assert "| 20 | - | invalid |" in text
    assert "- invalid: burst of slow: 3 of 4 failed: status 500" in text
    assert "- not measured: nginx: no file" in text
