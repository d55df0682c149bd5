"""`python -m tests.double [--port N] [--pace S] [--profile P]`: serve until SIGINT or SIGTERM."""

import argparse
import asyncio
import signal

from tests.double import OllamaDouble, Script


async def _serve(port: int, pace: float, profile: str) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    double = OllamaDouble(profile="0.24" if profile == "0.24" else "0.32", keep_received=False)
    double.answer = lambda received: Script(pace=pace)
    await double.start(port)
    print(f"The Ollama double listens on {double.url}", flush=True)
    await stopped.wait()
    await double.stop()


def main() -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(prog="python -m tests.double", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--pace", type=float, default=0.0, help="seconds between tokens")
    parser.add_argument("--profile", choices=("0.32", "0.24"), default="0.32")
    given = parser.parse_args()
    asyncio.run(_serve(given.port, given.pace, given.profile))


if __name__ == "__main__":
    main()
