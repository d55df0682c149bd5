"""The process that reads files: `python -m plugins.guardrails.uploads.worker`.

It is given one request's files, and ends. What goes wrong in it, takes too long or takes too much
memory does so here and not in the router; it has nothing of the router's memory or environment.
"""

import os
import resource
import sys
from base64 import b64encode
from binascii import a2b_base64
from typing import BinaryIO

from plugins.guardrails.uploads.work import Bounds, Refused, Result, Task, encode, order_in

NICE = 5
"""How much other work goes before: the router's own answers are not to wait for this."""
OPEN_FILES = 64


def main() -> None:
    """Read an order from the standard input, and write its results to the standard output."""
    order = order_in(sys.stdin.buffer.readline())
    confine(order.bounds)
    run(order.tasks, order.bounds, sys.stdin.buffer, sys.stdout.buffer)


def confine(bounds: Bounds) -> None:
    """Bound this process: its memory and time, and that it writes no file."""
    for limit, value in (
        (resource.RLIMIT_AS, bounds.memory),
        (resource.RLIMIT_CPU, bounds.cpu_seconds),
        (resource.RLIMIT_NOFILE, OPEN_FILES),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(limit, (value, value))
    os.nice(NICE)


def run(
    tasks: tuple[tuple[Task, int], ...], bounds: Bounds, source: BinaryIO, target: BinaryIO
) -> None:
    """Read each file up to the first that is refused, and write what became of them."""
    results: list[Result] = []
    made: list[bytes] = []
    for task, size in tasks:
        try:
            data = _made_of(task, a2b_base64(source.read(size)), bounds)
        except Refused as refused:
            results.append(Result(rule=refused.rule, problem=refused.problem))
            break
        except MemoryError:
            problem = "takes more memory to read than it may: send a smaller one"
            results.append(Result(rule="memory", problem=problem))
            break
        except Exception:  # libraries trip over hostile files in many ways
            problem = "can't be read: send it again, or in another form"
            results.append(Result(rule="broken", problem=problem))
            break
        made.append(data)
        results.append(Result(size=len(data)))
    target.write(encode(results) + b"\n")
    for data in made:
        target.write(data)
    target.flush()


def _made_of(task: Task, data: bytes, bounds: Bounds) -> bytes:
    # Each import takes a tenth of a second or more.
    if task == "pdf":
        from plugins.guardrails.uploads.pdfs import text_of

        made = text_of(data, bounds).encode()
    else:
        from plugins.guardrails.uploads.images import remade

        made = b64encode(remade(data, task, bounds))
    if len(made) > bounds.max_result:
        raise Refused("max_total", "is too large once it is decoded: scale it down")
    return made


if __name__ == "__main__":
    main()
