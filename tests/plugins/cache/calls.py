"""Calls of any kind: which of their fields change an answer, and which do not."""

from typing import Any

from hypothesis import strategies as st

from localai import Caching, Decision, File, Function, Message, Options, Principal, ToolCall, Work
from tests.plugins.support import connecting

TEXT = st.text(max_size=8)
NAMES = st.sampled_from(["llama3.2", "llama3.2:1b", "qwen", "ns/qwen", "qwen:latest-2"])
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
COUNTS = st.integers(0, 2**40)
FLAGS = st.sampled_from([None, True, False])
OBJECTS = st.dictionaries(TEXT, TEXT | st.dictionaries(TEXT, TEXT, max_size=2), max_size=3)
OPTIONS: dict[str, st.SearchStrategy[Any]] = {
    name: st.none() | values
    for names, values in (
        ("num_ctx num_batch num_gpu main_gpu num_thread draft_num_predict", COUNTS),
        ("num_keep seed num_predict top_k repeat_last_n", COUNTS),
        ("top_p min_p typical_p temperature repeat_penalty", FLOATS),
        ("presence_penalty frequency_penalty", FLOATS),
        ("use_mmap", st.booleans()),
        ("stop", st.lists(TEXT, max_size=2).map(tuple)),
    )
    for name in names.split()
}
TOOL_CALLS = st.lists(
    st.builds(ToolCall, id=TEXT, function=st.builds(Function, name=TEXT, arguments=OBJECTS)),
    max_size=2,
).map(tuple)
TEXTS = st.lists(TEXT, max_size=3).map(tuple)
MESSAGES: dict[str, st.SearchStrategy[Any]] = {
    "role": TEXT,
    "content": TEXT,
    "thinking": TEXT,
    "images": TEXTS,
    "tool_calls": TOOL_CALLS,
    "tool_name": TEXT,
    "tool_call_id": TEXT,
    "files": st.lists(st.builds(File, data=TEXT, name=TEXT, media_type=TEXT), max_size=2).map(
        tuple
    ),
}
IRRELEVANT_OF_MESSAGES: dict[str, st.SearchStrategy[Any]] = {"image_types": TEXTS}
MATTERS: dict[str, st.SearchStrategy[Any]] = {
    "kind": st.sampled_from(["chat", "generate", "embed"]),
    "model": NAMES,
    "options": st.fixed_dictionaries({}, optional=OPTIONS).map(lambda some: Options(**some)),
    "format": st.none() | st.just("json") | OBJECTS,
    "think": st.sampled_from([None, True, False, "low", "high"]),
    "logprobs": st.booleans(),
    "top_logprobs": st.integers(0, 20),
    "truncate": FLAGS,
    "shift": FLAGS,
    "messages": st.lists(st.builds(Message, **MESSAGES), max_size=2).map(tuple),
    "tools": st.lists(OBJECTS, max_size=2).map(tuple),
    "prompt": TEXT,
    "suffix": TEXT,
    "system": TEXT,
    "template": TEXT,
    "context": st.lists(st.integers(0, 9), max_size=3).map(tuple),
    "raw": st.booleans(),
    "images": TEXTS,
    "inputs": TEXTS,
    "dimensions": st.none() | st.integers(1, 9),
}
IRRELEVANT: dict[str, st.SearchStrategy[Any]] = {
    "stream": st.booleans(),
    "dialect": st.sampled_from(["openai", "ollama"]),
    "request_id": TEXT,
    "connection": st.none() | st.builds(connecting, st.just("192.0.2.1"), x_more=st.just("x")),
    "cache": st.builds(Caching, no_cache=st.booleans(), tags=st.lists(TEXT).map(tuple)),
    "keep_alive": st.none() | TEXT | FLOATS,
    "user": TEXT,
    "host": st.sampled_from(["", "http://127.0.0.1:11434"]),
    "headers": st.dictionaries(TEXT, TEXT, max_size=2),
    "decisions": st.lists(
        st.builds(Decision, guard=TEXT, rule=TEXT, action=TEXT, direction=st.just("input")),
        max_size=2,
    ),
    "work": st.builds(Work),
    "principal": st.builds(Principal, id=TEXT, name=TEXT, scopes=st.frozensets(TEXT, max_size=2)),
}
