"""Commands that mend what was found, for this machine's distribution."""

from plugins.routing.hardware.doctor.machine import Machine
from plugins.routing.hardware.doctor.service import UNIT

REBOOT = "sudo reboot"
RED_HATS, DEBIANS = {"fedora", "rhel", "centos"}, {"debian", "ubuntu"}
GRUB = "/etc/default/grub"
DROP_INS = f"/etc/systemd/system/{UNIT}.d"


def kernel_argument(machine: Machine, argument: str) -> str:
    """Return what gives the kernel an argument, from its next start on; the last one counts."""
    name, _, value = argument.partition("=")
    distribution = set(machine.system.distribution)
    if _is_image(machine):
        is_known = machine.system.argument(name) is not None
        lines = [f"rpm-ostree kargs --{'replace' if is_known else 'append'}={name}={value}"]
    elif distribution & RED_HATS:
        lines = [f'sudo grubby --update-kernel=ALL --args="{argument}"']
    elif distribution & DEBIANS:
        line = f'GRUB_CMDLINE_LINUX_DEFAULT="$GRUB_CMDLINE_LINUX_DEFAULT {argument}"'
        lines = [
            f"sudo mkdir -p {GRUB}.d",
            f"echo '{line}' | sudo tee -a {GRUB}.d/90-localai.cfg",
            "sudo update-grub",
        ]
    elif _has_grub(machine):
        pattern = rf's/^\(GRUB_CMDLINE_LINUX_DEFAULT=".*\)"$/\1 {argument}"/'
        lines = [
            f"sudo sed -i '{pattern}' {GRUB}",
            "sudo grub-mkconfig -o /boot/grub/grub.cfg",
        ]
    else:
        lines = [f"# in your boot loader, add to the kernel's arguments: {argument}"]
    return "\n".join([*lines, REBOOT])


def without_kernel_argument(machine: Machine, name: str) -> str:
    """Return what takes an argument away from the kernel, from its next start on."""
    distribution = set(machine.system.distribution)
    if _is_image(machine):
        lines = [f"rpm-ostree kargs --delete={name}={machine.system.argument(name)}"]
    elif distribution & RED_HATS:
        lines = [f'sudo grubby --update-kernel=ALL --remove-args="{name}"']
    elif _has_grub(machine):
        files = f"{GRUB} {GRUB}.d/*.cfg" if distribution & DEBIANS else GRUB
        lines = [
            rf"sudo sed -i 's/ *\b{name}=[0-9]*//g' {files}",
            "sudo grub-mkconfig -o /boot/grub/grub.cfg",
        ]
    else:
        lines = [f"# in your boot loader, remove from the kernel's arguments: {name}"]
    return "\n".join([*lines, REBOOT])


def ollama_variables(machine: Machine, name: str, **variables: str) -> str:
    """Return what sets variables of Ollama's environment; `name` is that of the drop-in."""
    if not machine.service.has_unit:
        # Whoever started it by hand has to do so again.
        return "\n".join(
            [*(f"export {key}={value}" for key, value in variables.items()), "ollama serve"]
        )
    # Drop-ins hold in the order of their names: `systemctl edit` writes override.conf.
    file = f"{DROP_INS}/zz-localai-{name}.conf"
    lines = "".join(rf'Environment="{key}={value}"\n' for key, value in variables.items())
    return "\n".join(
        [
            f"sudo mkdir -p {DROP_INS}",
            rf"printf '[Service]\n{lines}' | sudo tee {file}",
            "sudo systemctl daemon-reload",
            "sudo systemctl restart ollama",
        ]
    )


def upgrade(machine: Machine, *packages: str) -> str:
    """Return what installs the newest version of packages; empty for an unknown distribution."""
    names = " ".join(packages)
    distribution = set(machine.system.distribution)
    if _is_image(machine):
        return "rpm-ostree upgrade"
    if distribution & RED_HATS:
        return f"sudo dnf upgrade --refresh {names}"
    if distribution & DEBIANS:
        return f"sudo apt update\nsudo apt install --only-upgrade {names}"
    if "arch" in distribution:
        return "sudo pacman -Syu"
    return ""


def _is_image(machine: Machine) -> bool:
    """Say whether the system is an image that rpm-ostree changes, as Silverblue and Bazzite are."""
    return bool(machine.files.names("sysroot/ostree"))


def _has_grub(machine: Machine) -> bool:
    return machine.files.text(GRUB.lstrip("/")) is not None
