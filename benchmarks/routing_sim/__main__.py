"""Run a day of mixed traffic under each policy: `python -m benchmarks.routing_sim`."""

import argparse
import sys
from pathlib import Path

from benchmarks.routing_sim import report
from benchmarks.routing_sim.ours import Ours
from benchmarks.routing_sim.policies import baselines
from benchmarks.routing_sim.run import Outcome, run
from benchmarks.routing_sim.traffic import BATCHES, EMBEDDINGS, HOUR, PEOPLE, Request, traffic


def outcomes(requests: list[Request]) -> list[Outcome]:
    """Run requests under our policy and under all others."""
    return [run(Ours, requests), *(run(each.on, requests) for each in baselines())]


def main() -> int:
    """Print the table, and write the plot if that is wanted."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.routing_sim", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="of the traffic (%(default)s)")
    parser.add_argument("--hours", type=float, default=24.0, help="of the day (%(default)s)")
    parser.add_argument("--begin", type=float, default=0.0, help="hour of the day (%(default)s)")
    parser.add_argument(
        "--people", type=int, default=PEOPLE, help="questions in the busiest hour (%(default)s)"
    )
    parser.add_argument(
        "--batches", type=int, default=BATCHES, help="in each hour of the night (%(default)s)"
    )
    parser.add_argument(
        "--embeddings", type=int, default=EMBEDDINGS, help="in the busiest hour (%(default)s)"
    )
    parser.add_argument("--plot", type=Path, metavar="FILE", help="write the plot there, as SVG")
    options = parser.parse_args()
    begin = options.begin * HOUR
    requests = traffic(
        options.seed,
        begin,
        begin + options.hours * HOUR,
        people=options.people,
        batches=options.batches,
        embeddings=options.embeddings,
    )
    kinds: dict[str, int] = {}
    for each in requests:
        kinds[each.kind.name] = kinds.get(each.kind.name, 0) + 1
    print(f"{len(requests):,} requests:", ", ".join(f"{n:,} {kind}" for kind, n in kinds.items()))
    print()
    found = outcomes(requests)
    print(report.table(found))
    if options.plot:
        options.plot.write_text(report.plot(found), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
