"""All plugins that there are."""

from pathlib import Path

from core.config import parse
from core.inventory import Known, inventory
from core.loader import load
from core.resolve import families

OWN = '''"""A plugin."""
import nothing_of_this_name


class Mine:
    """Does what its owner wants.

    And more.
    """

    fail_mode = "open"
'''


def known(toml: str, folder: Path) -> dict[str, Known]:
    """Return the plugins by their names, with those loaded that the file wants."""
    settings = parse(toml, folder / "localai.toml")
    return {each.name: each for each in inventory(settings, load(settings))}


def test_all_built_in_plugins_are_there(tmp_path: Path) -> None:
    """Each member of each family is told once, on or off, with its first line."""
    found = known('[chain]\nplugins = ["cache"]', tmp_path)
    assert {*found} == {
        f"{family}.{member}" for family, members in families().items() for member in members
    }
    assert all(each.what for each in found.values())
    exact, semantic, log = (
        found[name] for name in ("cache.exact", "cache.semantic", "metrics.log")
    )
    assert (exact.enabled, exact.in_chain, exact.fail_mode) == (True, True, "open")
    assert (semantic.enabled, semantic.in_chain) == (False, True)
    assert (log.enabled, log.in_chain, log.family) == (False, False, "metrics")


def test_a_class_is_described_alike_on_and_off(tmp_path: Path) -> None:
    """What is read of a source is what the class says when it runs."""
    on = known('[chain]\nplugins = ["metrics", "cache", "auth"]', tmp_path)
    off = known("", tmp_path)
    for name, each in on.items():
        if each.enabled:
            assert (off[name].what, off[name].fail_mode) == (each.what, each.fail_mode)


def test_who_lets_callers_in_is_known(tmp_path: Path) -> None:
    """A plugin that authenticates says so, while it is on."""
    found = known('[chain]\nplugins = ["auth.static", "auth.limits"]', tmp_path)
    assert [name for name, each in found.items() if each.authenticates] == ["auth.static"]


def test_a_family_that_is_off_is_told(tmp_path: Path) -> None:
    """Its members say that they are off with it."""
    found = known('[chain]\nplugins = ["cache"]\n[plugins.cache]\nenabled = false', tmp_path)
    assert found["cache.exact"].family_off
    assert not found["cache.exact"].enabled
    assert not found["metrics.log"].family_off


def test_no_code_of_what_is_off_is_run(tmp_path: Path) -> None:
    """A plugin of one's own that can't be imported is described all the same."""
    (tmp_path / "mine.py").write_text(OWN)
    toml = '[plugins.mine]\nuse = "mine:Mine"\n[plugins.gone]\nuse = "nowhere.at_all:Gone"\n'
    found = known(toml, tmp_path)
    mine, gone = found["mine"], found["gone"]
    assert (mine.what, mine.fail_mode, mine.family) == ("Does what its owner wants.", "open", "")
    assert (gone.what, gone.fail_mode, gone.enabled) == ("", "closed", False)
    (tmp_path / "mine.py").write_text("class Other: pass")
    assert known(toml, tmp_path)["mine"].what == ""
    (tmp_path / "mine.py").write_text("class")
    assert known(toml, tmp_path)["mine"].what == ""
