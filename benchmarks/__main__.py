"""Measure the router and its peers side by side: `python -m benchmarks`.

The exit code is 1 when a gateway did not start or a figure is invalid.
"""

import argparse
import sys
from pathlib import Path

import msgspec
from rich.console import Console

from benchmarks import gateways, report
from benchmarks.rounds import Bench, Cores

QUICK_ROUNDS = 2
QUICK_PART = 0.1


def main() -> int:
    """Run the benchmarks that the command line names, and print the tables."""
    options = _options()
    console = Console()
    progress = Console(stderr=True)
    chosen = _chosen(options)
    cores = Cores.available()
    if cores.shared:
        progress.print("Only one core: load generator and gateway disturb each other.")
    rounds = options.rounds or (QUICK_ROUNDS if options.quick else 5)
    part = QUICK_PART if options.quick else 1.0
    facts = report.machine(cores, rounds, options.chain)
    bench = Bench(chosen, cores=cores, part=part, say=lambda line: progress.print(line))
    bench.run(rounds)
    console.print(report.terminal(bench.table, chosen))
    console.print(
        report.markdown(bench.table, chosen, facts, bench.failed), markup=False, soft_wrap=True
    )
    if options.json:
        recorded = report.record(bench.table, facts, bench.failed)
        options.json.write_bytes(msgspec.json.format(msgspec.json.encode(recorded)))
    return 1 if bench.failed or any(cell.problem for cell in bench.table.values()) else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="about 20 seconds, without LiteLLM")
    parser.add_argument("--only", help="gateways, separated by commas: router,passthrough")
    parser.add_argument("--rounds", type=int, help="samples of each figure (5; quick: 2)")
    parser.add_argument(
        "--chain", default=gateways.CHAIN, help="the router's plugins (%(default)s)"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all samples there")
    parser.add_argument(
        "--litellm",
        type=Path,
        metavar="PYTHON",
        default=gateways.ROOT / ".venv-litellm" / "bin" / "python",
        help="python of the environment that has litellm[proxy] (.venv-litellm/bin/python)",
    )
    return parser.parse_args()


def _chosen(options: argparse.Namespace) -> list[gateways.Gateway]:
    found = gateways.installed(options.chain.split(","), options.litellm)
    if options.only is None:
        return [each for each in found if not (options.quick and each.name == "litellm")]
    names = options.only.split(",")
    if unknown := set(names) - {each.name for each in found}:
        sys.exit(f"not installed or not known: {', '.join(sorted(unknown))}")
    return [each for each in found if each.name in names]


if __name__ == "__main__":
    sys.exit(main())
