"""Machines as their /sys, /proc and /etc tell of them, to be written below a folder.

The figures are real ones where a source is named; `unit` and the packages are made up.
"""

import struct
from collections.abc import Mapping
from pathlib import Path

Tree = Mapping[str, str | bytes]
"""Files by their path below the root."""

GIB = 2**30
CARD = "sys/class/drm/card1/device"
HWMON = f"{CARD}/hwmon/hwmon5"
KFD = "sys/class/kfd/kfd/topology/nodes"


def write(root: Path, *trees: Tree) -> Path:
    """Write the files of trees below a folder, later ones over earlier ones; return it."""
    for tree in trees:
        for path, content in tree.items():
            file = root / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content if isinstance(content, bytes) else f"{content}\n".encode())
    return root


def gpu_metrics(
    *,
    milliwatts: int = 0xFFFFFFFF,
    activity: int = 0xFFFF,
    clock: int = 0xFFFF,
    memory_clock: int = 0xFFFF,
    temperature: int = 0xFFFF,
    header: tuple[int, int, int] = (264, 3, 0),
) -> bytes:
    """Return the bytes of format 3.0 with these figures; what is not said, the chip does not say.

    Offsets are those of `struct gpu_metrics_v3_0` in kgd_pp_interface.h.
    """
    content = bytearray(b"\xff" * 264)
    struct.pack_into("<HBB", content, 0, *header)
    for offset, kind, value in (
        (4, "H", temperature),
        (42, "H", activity),
        (112, "I", milliwatts),
        (174, "H", clock),
        (186, "H", memory_clock),
    ):
        struct.pack_into(f"<{kind}", content, offset, value)
    return bytes(content)


def system(
    *, ram: int, kernel: str, arguments: str = "", release: str = "ID=fedora\nVERSION_ID=43"
) -> Tree:
    """Return what the kernel tells; `ram` is in kB."""
    return {
        "proc/sys/kernel/osrelease": kernel,
        "proc/cmdline": f"BOOT_IMAGE=/vmlinuz root=UUID=0 ro quiet {arguments}".strip(),
        "proc/meminfo": f"MemTotal:       {ram} kB\nMemFree:  1000000 kB\n"
        f"MemAvailable:   {ram // 2} kB\nBuffers:  5000 kB",
        "etc/os-release": f'NAME="Some Linux"\n{release}',
    }


def apu(
    *,
    device: int = 0x1586,
    gfx: int = 110501,
    simds: int = 80,
    slot: str = "0000:c6:00.0",
    vram: int,
    gtt: int,
    vram_used: int = 466870272,
    gtt_used: int = 31301365760,
) -> Tree:
    """Return the files of an APU's card: those that there are, by strix-halo's sources."""
    return {
        f"{CARD}/vendor": "0x1002",
        f"{CARD}/device": f"0x{device:04x}",
        f"{CARD}/class": "0x038000",
        f"{CARD}/revision": "0xc1",
        f"{CARD}/uevent": f"DRIVER=amdgpu\nPCI_CLASS=38000\nPCI_ID=1002:{device:04X}\n"
        f"PCI_SUBSYS_ID=2014:801D\nPCI_SLOT_NAME={slot}",
        f"{CARD}/mem_info_vram_total": str(vram),
        f"{CARD}/mem_info_vram_used": str(vram_used),
        f"{CARD}/mem_info_vis_vram_total": str(vram),
        f"{CARD}/mem_info_vis_vram_used": str(vram_used),
        f"{CARD}/mem_info_gtt_total": str(gtt),
        f"{CARD}/mem_info_gtt_used": str(gtt_used),
        f"{CARD}/mem_info_preempt_used": "0",
        f"{CARD}/gpu_busy_percent": "3",
        f"{CARD}/pp_dpm_sclk": "0: 600Mhz \n1: 848Mhz *\n2: 2900Mhz ",
        f"{CARD}/pp_dpm_mclk": "0: 400Mhz \n1: 800Mhz *\n2: 1000Mhz ",
        f"{CARD}/power_dpm_force_performance_level": "auto",
        f"{CARD}/power/runtime_status": "active",
        f"{CARD}/drm/renderD128/dev": "226:128",
        f"{HWMON}/name": "amdgpu",
        f"{HWMON}/power1_average": "9087000",
        f"{HWMON}/power1_input": "9087000",
        f"{HWMON}/power1_label": "PPT",
        f"{HWMON}/temp1_input": "38000",
        f"{HWMON}/temp1_label": "edge",
        f"{HWMON}/freq1_input": "848000000",
        f"{KFD}/0/properties": "cpu_cores_count 32\nsimd_count 0\ngfx_target_version 0",
        f"{KFD}/1/properties": "cpu_cores_count 0\n"
        f"simd_count {simds}\nmem_banks_count 1\ncaches_count 141\nmax_waves_per_simd 16\n"
        f"wave_front_size 32\ngfx_target_version {gfx}\nvendor_id 4098\ndevice_id {device}\n"
        f"location_id {int(slot[5:7], 16) << 8}\ndomain 0\ndrm_render_minor 128\nlocal_mem_size 0",
    }


HALO_HALF: Tree = {
    **apu(vram=536870912, gtt=33253330944),
    **system(ram=64948888, kernel="6.17.8-200.fc43.x86_64"),
}
"""A Strix Halo as it comes: the BIOS keeps 512 MB, and half of the memory may be mapped."""

HALO_LARGE: Tree = {
    **apu(vram=2147483648, gtt=120259084288, simds=80),
    **system(
        ram=127098456,
        kernel="6.18.9-200.fc43.x86_64",
        arguments="amd_iommu=off ttm.pages_limit=29360128",
    ),
    "etc/tuned/active_profile": "accelerator-performance",
}
"""The machine "Aurora" of Strata's fixtures: 112 GiB may be mapped."""

HALO_TABLET: Tree = {
    **apu(vram=4294967296, gtt=103079215104, simds=64, slot="0000:c3:00.0"),
    **system(
        ram=125001304,
        kernel="6.19.4-arch1-1",
        arguments="ttm.pages_limit=25165824",
        release="ID=arch",
    ),
}
"""An ROG Z13: the BIOS keeps 4 GiB."""

STRIX_POINT: Tree = {
    **apu(device=0x150E, gfx=110500, simds=32, vram=536870912, gtt=16106127360),
    **system(ram=31457280, kernel="6.14.0-37-generic", release="ID=ubuntu\nID_LIKE=debian"),
    f"{CARD}/gpu_metrics": gpu_metrics(
        milliwatts=9871, activity=3, clock=848, memory_clock=800, temperature=3850
    ),
}
"""A Ryzen AI 9 HX 370, as LACT's snapshot has it."""

DISCRETE: Tree = {
    **apu(device=0x744C, gfx=110000, simds=192, slot="0000:03:00.0", vram=24 * GIB, gtt=31 * GIB),
    **system(ram=65536000, kernel="6.12.57+deb13-amd64", release="ID=debian"),
    f"{CARD}/class": "0x030000",
    f"{CARD}/mem_info_vram_vendor": "hynix",
    f"{CARD}/board_info": "type : oam",
    f"{HWMON}/power1_average": "23087000",
}
"""A Radeon RX 7900 XTX."""

NO_GPU: Tree = system(ram=16303124, kernel="6.12.57+deb13-amd64", release="ID=debian")

MACHINES: Mapping[str, Tree] = {
    "halo_half": HALO_HALF,
    "halo_large": HALO_LARGE,
    "halo_tablet": HALO_TABLET,
    "strix_point": STRIX_POINT,
    "discrete": DISCRETE,
    "no_gpu": NO_GPU,
}


def unit(**variables: str) -> Tree:
    """Return Ollama's service as its installer writes it, with a drop-in for these variables."""
    lines = "\n".join(f'Environment="{key}={value}"' for key, value in variables.items())
    service = "etc/systemd/system/ollama.service"
    return {
        service: "[Unit]\nDescription=Ollama Service\n\n[Service]\n"
        'ExecStart=/usr/local/bin/ollama serve\nEnvironment="PATH=/usr/bin"\n',
        f"{service}.d/override.conf": f"[Service]\n{lines}",
    }
