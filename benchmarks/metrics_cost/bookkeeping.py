"""What the core itself notes of each call for metrics, which no setting switches off."""

import time
from dataclasses import dataclass

from core.attempt import Attempt
from core.inference import Inference
from core.messages import Call, Chunk, Message
from core.principal import Principal
from tests.pace import slowness

HOST = "http://127.0.0.1:11434"


@dataclass(frozen=True)
class Bookkeeping:
    """Microseconds of CPU on the machine of the budgets."""

    request: float
    """Of an attempt and an inference, without plugins that look at them."""
    chunk: float
    """Of noting a chunk in both."""


def measure(rounds: int = 2_000, chunks: int = 200) -> Bookkeeping:
    """Measure it at its best: nothing else runs, so that what disturbs only adds."""
    call = Call(
        kind="chat",
        model="llama3.2",
        stream=True,
        dialect="openai",
        request_id="bench",
        principal=Principal(id="bench"),
        messages=(Message(role="user", content="Hello"),),
    )
    token = Chunk(content=" lap", model=call.model)
    last = Chunk(done=True, done_reason="stop", model=call.model, eval_count=chunks)
    requests, tokens = [], []
    for _ in range(10):
        scale = slowness()
        calls = [call.apart() for _ in range(rounds)]
        began = time.process_time()
        for each in calls:
            _follow(each, (token, last))
        requests.append((time.process_time() - began) / rounds / scale)
        pieces = [token] * chunks
        attempt, inference = Attempt(call), Inference(call)
        began = time.process_time()
        for _ in range(rounds // 100):
            for piece in pieces:
                inference.saw(attempt.saw(piece))
        tokens.append((time.process_time() - began) / (rounds // 100 * chunks) / scale)
    return Bookkeeping(request=min(requests) * 1e6, chunk=min(tokens) * 1e6)


def _follow(call: Call, chunks: tuple[Chunk, ...]) -> None:
    inference = Inference(call)
    attempt = Attempt(call)
    attempt.on(HOST, "1", ())
    for chunk in chunks:
        inference.saw(attempt.saw(chunk))
    inference.end(lambda ended: None)
