"""PyJWT is loaded late, and off the event loop."""

import subprocess
import sys

SCRIPT = """
import asyncio, sys, threading
import plugins.auth.tokens.service
from plugins.auth.tokens import pyjwt

assert not {"jwt", "cryptography"} & set(sys.modules), "loaded before the first token"
threads = []
real = pyjwt.import_module
pyjwt.import_module = lambda name: (threads.append(threading.current_thread()), real(name))

async def main():
    await asyncio.gather(pyjwt.load(), pyjwt.load())
    await pyjwt.load()

asyncio.run(main())
assert "jwt" in sys.modules
assert threads and threading.main_thread() not in threads
"""


def test_it_is_loaded_with_the_first_token_in_a_thread() -> None:
    """The plugin runs without PyJWT until a token comes, and does not block the loop for it."""
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
