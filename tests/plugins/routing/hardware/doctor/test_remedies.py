"""Commands that mend."""

import os
import subprocess
from pathlib import Path

import pytest

from plugins.routing.hardware.doctor.remedies import (
    kernel_argument,
    ollama_variables,
    upgrade,
    without_kernel_argument,
)
from plugins.routing.hardware.doctor.service import service
from plugins.routing.hardware.files import Files
from tests.plugins.routing.hardware.doctor.cases import a_machine
from tests.plugins.routing.hardware.machines import HALO_LARGE, NO_GPU, Tree, unit, write

FEDORA: Tree = {"etc/os-release": "ID=fedora"}
IMAGE: Tree = {**FEDORA, "sysroot/ostree/repo/config": ""}
UBUNTU: Tree = {"etc/os-release": "ID=ubuntu\nID_LIKE=debian", "etc/default/grub": "X"}
ARCH: Tree = {"etc/os-release": "ID=arch", "etc/default/grub": "X"}
OTHER: Tree = {"etc/os-release": "ID=nixos"}


@pytest.mark.parametrize(
    ("system", "expected"),
    [
        (FEDORA, 'sudo grubby --update-kernel=ALL --args="a.b=1"'),
        (IMAGE, "rpm-ostree kargs --append=a.b=1"),
        (UBUNTU, "sudo update-grub"),
        (ARCH, "sudo grub-mkconfig -o /boot/grub/grub.cfg"),
        (OTHER, "# in your boot loader, add to the kernel's arguments: a.b=1"),
    ],
)
def test_each_distribution_has_its_way(tmp_path: Path, system: Tree, expected: str) -> None:
    """An argument of the kernel is set as the distribution does, and a restart follows."""
    lines = kernel_argument(a_machine(tmp_path, NO_GPU, system), "a.b=1").splitlines()
    assert expected in lines
    assert lines[-1] == "sudo reboot"


def test_an_image_replaces_what_is_set(tmp_path: Path) -> None:
    """rpm-ostree would keep both values of an argument that is appended again."""
    machine = a_machine(tmp_path, HALO_LARGE, IMAGE)
    line = kernel_argument(machine, "ttm.pages_limit=5").splitlines()[0]
    assert line == "rpm-ostree kargs --replace=ttm.pages_limit=5"
    line = without_kernel_argument(machine, "ttm.pages_limit").splitlines()[0]
    assert line == "rpm-ostree kargs --delete=ttm.pages_limit=29360128"


@pytest.mark.parametrize(
    ("system", "expected"),
    [
        (FEDORA, 'sudo grubby --update-kernel=ALL --remove-args="a.b"'),
        (UBUNTU, r"sudo sed -i 's/ *\ba.b=[0-9]*//g' /etc/default/grub /etc/default/grub.d/*.cfg"),
        (ARCH, r"sudo sed -i 's/ *\ba.b=[0-9]*//g' /etc/default/grub"),
        (OTHER, "# in your boot loader, remove from the kernel's arguments: a.b"),
    ],
)
def test_an_argument_is_taken_away(tmp_path: Path, system: Tree, expected: str) -> None:
    """So is one that should not be there."""
    lines = without_kernel_argument(a_machine(tmp_path, NO_GPU, system), "a.b").splitlines()
    assert expected in lines


@pytest.mark.parametrize(
    ("system", "expected"),
    [
        (FEDORA, "sudo dnf upgrade --refresh a b"),
        (IMAGE, "rpm-ostree upgrade"),
        (UBUNTU, "sudo apt update\nsudo apt install --only-upgrade a b"),
        (ARCH, "sudo pacman -Syu"),
        (OTHER, ""),
    ],
)
def test_packages_are_upgraded(tmp_path: Path, system: Tree, expected: str) -> None:
    """By the distribution's own tool; of an unknown one, nothing is guessed."""
    assert upgrade(a_machine(tmp_path, NO_GPU, system), "a", "b") == expected


def paste(commands: str, root: Path) -> None:
    """Run commands as a shell would, on the files below a root; those that need rights do nothing.

    A name of a function may have no `-` in it, so these are made of files.
    """
    for name in ("systemctl", "update-grub", "grub-mkconfig", "reboot"):
        write(root, {f"bin/{name}": "#!/bin/sh"})
        (root / "bin" / name).chmod(0o755)
    script = 'sudo() { "$@"; }\n' + commands.replace("/etc/", f"{root}/etc/")
    path = f"{root}/bin:{os.environ['PATH']}"
    subprocess.run(["sh", "-euc", script], check=True, env={"PATH": path}, capture_output=True)


def test_a_drop_in_can_be_pasted(tmp_path: Path) -> None:
    """What a shell makes of the commands is what systemd reads, also over `systemctl edit`."""
    machine = a_machine(tmp_path, NO_GPU, unit(OLLAMA_HOST="0.0.0.0"))
    commands = ollama_variables(machine, "host", OLLAMA_HOST="127.0.0.1:11434", HSA_X="1")
    paste(commands, tmp_path)
    found = service(Files(tmp_path)).configured
    assert found == {"OLLAMA_HOST": "127.0.0.1:11434", "HSA_X": "1"}


def test_who_starts_ollama_by_hand_sets_variables_by_hand(tmp_path: Path) -> None:
    """Without a service there is no drop-in."""
    commands = ollama_variables(a_machine(tmp_path, NO_GPU), "host", OLLAMA_HOST="127.0.0.1")
    assert commands == "export OLLAMA_HOST=127.0.0.1\nollama serve"


def test_grub_can_be_pasted(tmp_path: Path) -> None:
    """The argument stands in grub's settings after the commands, behind those that were there."""
    grub = 'GRUB_TIMEOUT=5\nGRUB_CMDLINE_LINUX_DEFAULT="quiet ttm.pages_limit=1"'
    machine = a_machine(tmp_path, NO_GPU, ARCH, {"etc/default/grub": grub})
    paste(kernel_argument(machine, "ttm.pages_limit=2"), tmp_path)
    text = (tmp_path / "etc/default/grub").read_text()
    assert 'DEFAULT="quiet ttm.pages_limit=1 ttm.pages_limit=2"\n' in text
    paste(without_kernel_argument(machine, "ttm.pages_limit"), tmp_path)
    text = (tmp_path / "etc/default/grub").read_text()
    assert 'DEFAULT="quiet"\n' in text


def test_debians_grub_can_be_pasted(tmp_path: Path) -> None:
    """The file that grub reads last appends to what was set before."""
    machine = a_machine(tmp_path, NO_GPU, UBUNTU)
    paste(kernel_argument(machine, "ttm.pages_limit=2"), tmp_path)
    script = "GRUB_CMDLINE_LINUX_DEFAULT=quiet; . $0; echo $GRUB_CMDLINE_LINUX_DEFAULT"
    file = tmp_path / "etc/default/grub.d/90-localai.cfg"
    shown = subprocess.run(
        ["sh", "-c", script, str(file)], check=True, capture_output=True, text=True
    )
    assert shown.stdout == "quiet ttm.pages_limit=2\n"
