"""The life of keys against a simple model of it, as two routers on one database see it."""

import asyncio
import shutil
import tempfile
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from functools import cache
from math import inf
from pathlib import Path
from typing import Any, TypeVar
from unittest.mock import patch

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, multiple, rule

from localai import GatewayError, Principal, Unauthenticated
from plugins.auth.keys.forms import Change, Create, Rotate
from plugins.auth.keys.plugin import Keys
from plugins.auth.lineage import MAX_DEPTH
from tests.plugins.auth.keys.support import ROOT, running
from tests.plugins.support import connecting
from tests.servers.databases import database_at

T = TypeVar("T")

SCOPES = ("chat", "embeddings", "models:read", "admin:keys")
START = 1_800_000_000.0

some_scopes = st.sets(st.sampled_from(SCOPES), min_size=1)


@dataclass(eq=False)
class Model:
    """What is known of a key."""

    kid: str
    parent: "Model | None"
    scopes: set[str]
    expires_at: float
    texts: dict[str, float] = field(default_factory=dict)
    """Each text that was ever given out, with the moment until which it works."""
    is_revoked: bool = False

    def stands(self, now: float) -> bool:
        """Say whether it and all its makers live."""
        lives = not self.is_revoked and now < self.expires_at
        return lives and (self.parent is None or self.parent.stands(now))

    def until(self) -> float:
        """Return when the first of its line expires."""
        return min(self.expires_at, self.parent.until() if self.parent else inf)

    def held(self) -> set[str]:
        """Return the scopes that it and all its makers have."""
        return self.scopes & (self.parent.held() if self.parent else set(SCOPES))

    def depth(self) -> int:
        """Return how long its line is."""
        return 1 + (self.parent.depth() if self.parent else 0)


@cache
def _template() -> Path:
    """Make a folder with an empty database and its secret, to be copied."""
    folder = Path(tempfile.mkdtemp())

    async def make() -> None:
        database = database_at("sqlite:localai.db", folder)
        async with running(database, pepper=folder / "keys.pepper"):
            pass
        await database.close()

    asyncio.run(make())
    return folder


class Life(RuleBasedStateMachine):
    """Makes, changes and ends keys here and there, and asks both who may call."""

    keys = Bundle("keys")

    def __init__(self) -> None:
        super().__init__()
        self.now = START
        self.known: list[Model] = []
        self.clock = patch("time.time", lambda: self.now)
        self.folder = Path(tempfile.mkdtemp())
        for name in ("localai.db", "keys.pepper"):
            shutil.copy(_template() / name, self.folder)
        self.runner = asyncio.Runner()
        self.clock.start()
        self.stacks = [AsyncExitStack(), AsyncExitStack()]
        self.routers = [self.run(self.start(number)) for number in range(2)]

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run something to its end."""
        return self.runner.run(work)

    async def start(self, number: int) -> Keys:
        """Start a router on the folder's database."""
        stack = self.stacks[number]
        database = database_at("sqlite:localai.db", self.folder)
        stack.push_async_callback(database.close)
        return await stack.enter_async_context(
            running(database, pepper=self.folder / "keys.pepper")
        )

    def teardown(self) -> None:
        """Stop all."""
        try:
            for stack in self.stacks:
                self.run(stack.aclose())
        finally:
            self.runner.close()
            self.clock.stop()
            shutil.rmtree(self.folder)

    def caller(self, router: Keys, key: Model | None) -> Principal:
        """Return who calls with a key, as a request that has just come; nobody's is root."""
        if key is None:
            return ROOT
        text = max(key.texts, key=lambda text: key.texts[text])
        principal = self.run(router.authenticate(connecting("192.0.2.1", x_api_key=text)))
        assert principal is not None
        return principal

    @rule(
        target=keys,
        router=st.sampled_from([0, 1]),
        by=st.none() | keys,
        scopes=some_scopes,
        life=st.none() | st.sampled_from([10, 100]),
    )
    def create(self, router: int, by: Model | None, scopes: set[str], life: int | None) -> Any:
        """Make a key, which works out when its maker stands and holds what it gives."""
        if by is not None and not by.stands(self.now):
            return multiple()
        self.look(router)
        until = by.until() if by else inf
        end = until if life is None else self.now + life
        fine = by is None or (scopes <= by.held() and end <= until and by.depth() < MAX_DEPTH)
        form = Create(name="k", scopes=tuple(sorted(scopes)), expires_in=life)
        service = self.routers[router]._service
        try:
            text, key = self.run(service.create(self.caller(self.routers[router], by), form))
        except GatewayError:
            assert not fine
            return multiple()
        assert fine
        made = Model(key.kid, by, scopes, end, {text: inf})
        self.known.append(made)
        return made

    @rule(router=st.sampled_from([0, 1]), key=keys, grace=st.sampled_from([0, 20]))
    def rotate(self, router: int, key: Model, grace: int) -> None:
        """Give a key a new text; the one before works on for the grace, and all others end."""
        service = self.routers[router]._service
        try:
            text, _ = self.run(service.rotate(ROOT, key.kid, Rotate(grace=grace)))
        except GatewayError:
            assert key.is_revoked or self.now >= key.expires_at
            return
        assert not key.is_revoked
        for each, until in key.texts.items():
            key.texts[each] = self.now + grace if until == inf else -inf
        key.texts[text] = inf

    @rule(router=st.sampled_from([0, 1]), key=keys)
    def revoke(self, router: int, key: Model) -> None:
        """End a key."""
        self.run(self.routers[router]._service.revoke(ROOT, key.kid))
        key.is_revoked = True

    @rule(router=st.sampled_from([0, 1]), key=keys, scopes=some_scopes)
    def change(self, router: int, key: Model, scopes: set[str]) -> None:
        """Give a key other scopes."""
        form = msgspec.convert({"scopes": sorted(scopes)}, Change)
        try:
            self.run(self.routers[router]._service.change(ROOT, key.kid, form))
        except GatewayError:
            assert key.is_revoked or self.now >= key.expires_at
            return
        key.scopes = scopes

    @rule(seconds=st.sampled_from([1, 15, 60, -30]))
    def wait(self, seconds: int) -> None:
        """Let the clock on the wall go on, or jump back."""
        self.now += seconds

    @rule(router=st.sampled_from([0, 1]))
    def restart(self, router: int) -> None:
        """Replace a router by one that has to read everything anew."""
        self.run(self.stacks[router].aclose())
        self.routers[router] = self.run(self.start(router))

    def look(self, router: int) -> None:
        """Have a router look at the file with its next request, as it does each millisecond."""
        self.routers[router]._directory._looked_at = -inf

    @invariant()
    def both_routers_agree_with_the_model(self) -> None:
        """Each text that was ever given out opens what the model says, on both routers."""
        for number, router in enumerate(self.routers):
            for key in self.known:
                for text, until in key.texts.items():
                    self.look(number)
                    expected = key.held() if key.stands(self.now) and self.now < until else None
                    assert self.opened(router, text) == expected

    def opened(self, router: Keys, text: str) -> set[str] | None:
        """Return the scopes that a text opens, or `None` when it opens nothing."""
        try:
            found = self.run(router.authenticate(connecting("192.0.2.1", x_api_key=text)))
        except Unauthenticated:
            return None
        assert found is not None
        return {scope for scope in SCOPES if found.may(scope)}


Life.TestCase.settings = settings(max_examples=12, stateful_step_count=15, deadline=None)
TestLife = Life.TestCase
