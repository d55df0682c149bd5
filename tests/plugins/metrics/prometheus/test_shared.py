"""A folder that several routers share."""

import fcntl
import os
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, rule
from hypothesis.stateful import run_state_machine_as_test as run

from plugins.metrics.prometheus import shared
from plugins.metrics.prometheus.figures import Counter
from plugins.metrics.prometheus.shared import Folder


class Router:
    """A router that counts."""

    def __init__(self, path: Path) -> None:
        self.counter = Counter("x_total", "Some.")
        self.folder = Folder(path)
        self.folder.open()

    def publish(self) -> None:
        """Write the figures."""
        self.folder.publish([self.counter.family])

    def scraped(self) -> float:
        """Return what whoever scrapes this one sees."""
        (family,) = self.folder.merged([self.counter.family])
        return family.cells[()][0]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A folder that is not there yet."""
    return tmp_path / "figures" / "all"


def test_routers_see_what_all_have_counted(path: Path) -> None:
    """Whichever is scraped tells the sum, of itself as it is now."""
    one, two = Router(path), Router(path)
    one.counter.add(1)
    assert one.scraped() == 1
    two.counter.add(10)
    assert two.scraped() == 11
    assert one.scraped() == 11
    one.folder.close()
    two.folder.close()


def test_what_the_dead_have_counted_stays(path: Path) -> None:
    """A router that ends takes nothing away, once and not twice; its files go."""
    one, two = Router(path), Router(path)
    one.counter.add(3)
    one.publish()
    one.folder.close()
    for _ in range(3):
        two.counter.add(1)
        two.scraped()
    assert two.scraped() == 6
    assert len(list(path.glob("*.figures"))) == len(list(path.glob("*.alive"))) == 1
    two.folder.close()


def test_the_first_one_begins_anew(path: Path) -> None:
    """When no router is alive, nothing of earlier ones counts: so it is with one alone."""
    for _ in range(3):
        router = Router(path)
        assert router.scraped() == 0
        router.counter.add(5)
        router.publish()
        router.folder.close()
    assert len(list(path.glob("*.alive"))) == 1


def test_one_that_stops_between_two_steps_counts_once(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the files of the dead could not be removed, they are not added again."""
    one, two = Router(path), Router(path)
    one.counter.add(3)
    one.publish()
    one.folder.close()
    with monkeypatch.context() as patched:
        patched.setattr(Folder, "_remove", lambda self, name: None)
        assert two.scraped() == 3
    assert len(list(path.glob("*.alive"))) == 2
    assert two.scraped() == 3
    assert len(list(path.glob("*.alive"))) == 1
    two.folder.close()


@pytest.mark.parametrize("content", [b"", b"\xc1", b"\x81\xa1x\x01", b"\x90"])
def test_files_of_other_versions_count_for_nothing(path: Path, content: bytes) -> None:
    """What can't be read is left out, of the living and of the past."""
    one, two = Router(path), Router(path)
    two.publish()
    for file in (*path.glob("*.figures"), path / "past"):
        file.write_bytes(content)
    one.counter.add(2)
    assert one.scraped() == 2
    one.folder.close()
    two.folder.close()


def test_a_file_that_is_too_large_is_not_read(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Above the bound a file counts for nothing."""
    one, two = Router(path), Router(path)
    two.counter.add(2)
    two.publish()
    monkeypatch.setattr(shared, "MOST_BYTES", 10)
    assert one.scraped() == 0
    one.folder.close()
    two.folder.close()


def test_nobody_waits_for_ever(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When another one holds the folder for too long, that is an error and not a wait."""
    monkeypatch.setattr(shared, "MOST_WAIT", 0.05)
    router = Router(path)
    with (path / "guard").open("wb") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        with pytest.raises(TimeoutError):
            router.scraped()
    assert router.scraped() == 0
    router.folder.close()


def test_only_the_owner_can_look(path: Path) -> None:
    """A new folder is for its user alone."""
    Router(path).folder.close()
    assert path.stat().st_mode & 0o777 == 0o700


def test_a_folder_that_can_not_be_made_is_an_error(tmp_path: Path) -> None:
    """Where a file is in the way, the router is told."""
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        Folder(tmp_path / "file").open()


def test_no_file_is_left_open(path: Path) -> None:
    """Whoever looks a hundred times has as many files open as before, but its own lock."""
    before = len(os.listdir("/proc/self/fd"))
    one, two = Router(path), Router(path)
    for _ in range(100):
        one.scraped()
    assert len(os.listdir("/proc/self/fd")) == before + 2
    one.folder.close()
    two.folder.close()
    assert len(os.listdir("/proc/self/fd")) == before


def test_no_scrape_is_ever_smaller_than_one_before(path: Path) -> None:
    """Whatever begins, counts, is scraped or ends, all that was counted and told is in the sum."""

    class Life(RuleBasedStateMachine):
        routers: Bundle[Router] = Bundle("routers")

        def __init__(self) -> None:
            super().__init__()
            self.alive: set[Router] = set()
            self.past = 0.0
            self.told = 0.0

        @rule(target=routers)
        def begins(self) -> Router:
            if not self.alive:
                self.past = self.told = 0.0
            router = Router(path)
            self.alive.add(router)
            return router

        @rule(router=routers, amount=st.integers(1, 5))
        def counts(self, router: Router, amount: int) -> None:
            router.counter.add(amount)

        @rule(router=routers)
        def writes(self, router: Router) -> None:
            router.publish()

        @rule(router=consumes(routers), is_killed=st.booleans())
        def ends(self, router: Router, is_killed: bool) -> None:
            if is_killed:
                # What it counted since it wrote is lost with it.
                written = router.folder._figures(router.folder._name)
                self.past += written["x_total"].cells[()][0] if written else 0.0
            else:
                router.publish()
                self.past += _value(router)
            router.folder.close()
            self.alive.remove(router)

        @rule(router=routers)
        def is_scraped(self, router: Router) -> None:
            found = router.scraped()
            assert found >= self.told
            assert found <= self.past + sum(map(_value, self.alive))
            self.told = found

        @rule(router=routers)
        def is_scraped_after_all_have_written(self, router: Router) -> None:
            for each in self.alive:
                each.publish()
            self.told = router.scraped()
            assert self.told == self.past + sum(map(_value, self.alive))

        def teardown(self) -> None:
            for router in self.alive:
                router.folder.close()

    run(Life, settings=settings(max_examples=30, stateful_step_count=20, deadline=None))


def _value(router: Router) -> float:
    return router.counter.family.cells[()][0]
