"""Measure what metrics cost, per request and per chunk: `python -m benchmarks.metrics_cost`.

Routers without metrics, with all of them, and with all but each member take turns in one process,
in front of a fake Ollama in another. What differs between two of them in the same round is what the
members between them cost: CPU time of all threads, rows in the database included.
"""

import argparse
import sys
from dataclasses import asdict
from pathlib import Path

import msgspec

from benchmarks.metrics_cost import bookkeeping, report
from benchmarks.metrics_cost.run import run
from benchmarks.metrics_cost.variants import NONE, everything, variants

ROUNDS = 2000


def main() -> int:
    """Print the table; the exit code is 1 if all together are above a budget for certain."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.metrics_cost", description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="samples (%(default)s)")
    parser.add_argument("--quick", action="store_true", help="only all together, small samples")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all samples there")
    options = parser.parse_args()
    compared = [NONE, everything()] if options.quick else list(variants())
    samples = run(
        compared,
        options.rounds,
        idle=0.0 if options.quick else 5.0,
        say=lambda line: print(line, file=sys.__stderr__),
    )
    own = bookkeeping.measure()
    print(report.table(samples, compared[2:]))
    print()
    print(report.notes(samples, own))
    if options.json:
        requests = {" / ".join(key): values for key, values in samples.requests.items()}
        text = msgspec.json.encode(asdict(samples) | {"requests": requests})
        options.json.write_bytes(msgspec.json.format(text))
    request, chunk = report.total(samples)
    return int(request.low > report.REQUEST_BUDGET or chunk.low > report.CHUNK_BUDGET)


if __name__ == "__main__":
    sys.exit(main())
