"""The environment of Ollama."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from plugins.routing.hardware.doctor.service import Service, service
from plugins.routing.hardware.files import Files
from tests.plugins.routing.hardware.machines import Tree, unit, write

UNIT = "etc/systemd/system/ollama.service"


def found(root: Path, *trees: Tree) -> Service:
    """Return how Ollama is started on a machine."""
    return service(Files(write(root, *trees)))


def test_drop_ins_are_read(tmp_path: Path) -> None:
    """The variables of a drop-in count; those that are nobody's business are not kept."""
    assert found(tmp_path, unit(OLLAMA_NUM_PARALLEL="4", SECRET="x", HSA_ENABLE_SDMA="0")) == (
        Service(has_unit=True, configured={"OLLAMA_NUM_PARALLEL": "4", "HSA_ENABLE_SDMA": "0"})
    )


def test_the_unit_is_found_where_systemd_does(tmp_path: Path) -> None:
    """A unit in /etc hides the package's own, and drop-ins of all folders hold by their names."""
    result = found(
        tmp_path,
        {
            "usr/lib/systemd/system/ollama.service": "[Service]\nEnvironment=OLLAMA_DEBUG=1",
            UNIT: "[Service]\nEnvironment=OLLAMA_HOST=a",
            "usr/lib/systemd/system/ollama.service.d/20-b.conf": "[Service]\n"
            "Environment=OLLAMA_HOST=c",
            f"{UNIT}.d/10-a.conf": "[Service]\nEnvironment=OLLAMA_HOST=b OLLAMA_MODELS=/m",
            "run/systemd/system/ollama.service.d/10-a.conf": "[Service]\nEnvironment=OLLAMA_HOST=x",
            f"{UNIT}.d/notes.txt": "[Service]\nEnvironment=OLLAMA_HOST=y",
        },
    )
    assert result.configured == {"OLLAMA_HOST": "c", "OLLAMA_MODELS": "/m"}


def test_the_forms_of_systemd_are_read(tmp_path: Path) -> None:
    """Quotes, several on a line, a line that goes on, a reset, comments, files, other sections."""
    result = found(
        tmp_path,
        {
            UNIT: "[Unit]\nEnvironment=OLLAMA_DEBUG=unit\n[Service]\n"
            "Environment=OLLAMA_NOPRUNE=1\nEnvironment=\n"
            "Environment=\"OLLAMA_ORIGINS=a b\" 'OLLAMA_HOST=h' \\\n  OLLAMA_KEEP_ALIVE=1h\n"
            '# Environment=OLLAMA_DEBUG=1\n; x\nEnvironment="OLLAMA_DEBUG=2\n'
            "EnvironmentFile=-/etc/ollama.env\nEnvironmentFile=/etc/none\nnonsense",
            "etc/ollama.env": '# it is\nOLLAMA_HOST="file"\n\nOLLAMA_MODELS=/m',
        },
    )
    assert result.configured == {
        "OLLAMA_ORIGINS": "a b",
        "OLLAMA_KEEP_ALIVE": "1h",
        "OLLAMA_HOST": "file",
        "OLLAMA_MODELS": "/m",
    }


def test_the_running_process_is_asked(tmp_path: Path) -> None:
    """What the process has counts now, what the service says from the next start on."""
    result = found(
        tmp_path,
        unit(OLLAMA_NUM_PARALLEL="4"),
        {
            "proc/1/cmdline": b"/sbin/init\0",
            "proc/70/cmdline": b"/usr/bin/ollama\0run\0x\0",
            "proc/70/environ": b"OLLAMA_DEBUG=1\0",
            "proc/77/cmdline": b"/usr/local/bin/ollama\0serve\0",
            "proc/77/environ": b"HOME=/root\0OLLAMA_NUM_PARALLEL=2\0\xff\0",
            "proc/sys/x": "",
        },
    )
    assert result.configured == {"OLLAMA_NUM_PARALLEL": "4"}
    assert result.environment == result.running == {"OLLAMA_NUM_PARALLEL": "2"}


def test_without_ollama_nothing_is_known(tmp_path: Path) -> None:
    """Neither a service nor a process means an unknown environment."""
    assert found(tmp_path, {}) == Service()
    assert not Service().is_known
    unreadable = {"proc/77/cmdline": b"ollama\0serve\0"}
    assert found(tmp_path, unreadable).running is None


@given(st.text(), st.binary())
def test_any_unit_and_process_is_read(text: str, environment: bytes) -> None:
    """Nothing that stands in them raises."""

    class Said(Files):
        def names(self, path: str) -> list[str]:
            return ["7"] if path == "proc" else ["a.conf"]

        def text(self, path: str) -> str:
            return f"[Service]\n{text}\nEnvironment={text}\nEnvironmentFile={text}"

        def read(self, path: str) -> bytes:
            return b"ollama\0serve" if path.endswith("cmdline") else environment

    assert service(Said()).has_unit
