"""Shows the results: a table for the terminal, the same as Markdown, and all samples as JSON."""

import dataclasses
import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.table import Table as RichTable

from benchmarks.figures import FIGURES, GROWTH, GROWTH_REQUESTS, Figure
from benchmarks.gateways import Gateway
from benchmarks.rounds import Cell, Cores, Table

BASE = "passthrough"
"""The gateway that ratios refer to."""


def machine(cores: Cores, rounds: int, chain: str) -> dict[str, str]:
    """Return what a reader must know of the machine and the run."""
    split = f"load and upstream on core {cores.load}, gateway on core {cores.gateway}"
    if cores.shared:
        split = "only one core: load, upstream and gateway share it"
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "CPU": f"{_cpu_model()}, {os.cpu_count()} cores",
        "cores": split,
        "kernel": f"{platform.system()} {platform.release()}",
        "Python": platform.python_version(),
        "rounds": str(rounds),
        "router's chain": chain,
    }


def rows(table: Table, gateways: Sequence[Gateway]) -> tuple[list[str], list[list[str]]]:
    """Return the heading and one row of texts for each figure."""
    heading = ["figure", "unit", "goal", "budget", *(gateway.name for gateway in gateways)]
    body = []
    for figure in FIGURES:
        base = table.get((figure.name, BASE), Cell()).median
        cells = [_cell(figure, table, gateway, base) for gateway in gateways]
        body.append([figure.title, figure.unit, f"{figure.goal:g}", f"{figure.budget:g}", *cells])
    return heading, body


def terminal(table: Table, gateways: Sequence[Gateway]) -> RichTable:
    """Return the table for the terminal."""
    heading, body = rows(table, gateways)
    shown = RichTable(title="median (least to most) and ratio to the pass-through", show_lines=True)
    for number, title in enumerate(heading):
        shown.add_column(title, justify="right" if number > 1 else "left")
    for row in body:
        shown.add_row(*row)
    return shown


def markdown(
    table: Table, gateways: Sequence[Gateway], facts: dict[str, str], failed: dict[str, str]
) -> str:
    """Return facts, table and problems as Markdown."""
    heading, body = rows(table, gateways)
    versions = ", ".join(f"{gateway.name} ({gateway.version})" for gateway in gateways)
    lines = [f"- {name}: {value}" for name, value in facts.items()]
    lines += [f"- gateways: {versions}", ""]
    lines += ["| " + " | ".join(heading) + " |", "|---" * len(heading) + "|"]
    lines += ["| " + " | ".join(row) + " |" for row in body]
    problems = [
        f"- invalid: {figure} of {gateway}: {cell.problem}"
        for (figure, gateway), cell in table.items()
        if cell.problem
    ]
    problems += [f"- not measured: {name}: {reason}" for name, reason in failed.items()]
    return "\n".join([*lines, *([""] if problems else []), *problems])


def record(table: Table, facts: dict[str, str], failed: dict[str, str]) -> dict[str, Any]:
    """Return everything that was measured, for `--json`."""
    cells = [
        {"figure": figure, "gateway": gateway, "median": cell.median, **dataclasses.asdict(cell)}
        for (figure, gateway), cell in table.items()
    ]
    return {"machine": facts, "failed": failed, "cells": cells}


def _cell(figure: Figure, table: Table, gateway: Gateway, base: float | None) -> str:
    cell = table.get((figure.name, gateway.name))
    if cell is None:
        return "-"
    if cell.median is None:
        return "invalid"
    text = f"{_number(cell.median)} ({_number(min(cell.samples))} to {_number(max(cell.samples))})"
    if base and gateway.name != BASE:
        text += f" {_number(cell.median / base)}x"
    if figure is GROWTH and cell.requests != GROWTH_REQUESTS:
        text += f" [{cell.requests:,} requests]"
    return text


def _number(value: float) -> str:
    """Three significant digits, without an exponent."""
    digits = 2 if abs(value) < 10 else 1 if abs(value) < 100 else 0
    return f"{value:,.{digits}f}"


def _cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
