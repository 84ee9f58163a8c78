"""A plain Debian 12 on a disk, without Gatehouse: what the appliance's boot is measured against.

The kernel and systemd are those of the image, the disk is started the same way (GRUB for BIOS, embedded in the disk);
the rest is what Debian's installer leaves behind with nothing chosen: packages of priority required and important, and
an initrd as the package makes it. Root is signed in on the serial line, for the tests of the rig itself.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

TREE = Path(__file__).parents[2]
CACHE = TREE / ".cache" / "rig"
PACKAGES = "linux-image-amd64,systemd-sysv,systemd-timesyncd,dbus"
BUILD_TIMEOUT_S = 1800
MIB, SECTOR = 1 << 20, 512
BIOS_AT, ROOT_AT, ROOT_MIB = 1, 2, 1536  # MiB
GUID_BIOS, GUID_LINUX = "21686148-6449-6E6F-744E-656564454649", "0FC63DAF-8483-4772-8E79-3D69D8477DE4"
ROOT_UUID = "0b3c2b5e-4b57-4f6b-8d2b-6a1f7f5f2c11"
MODULES = ("biosdisk", "part_gpt", "ext2", "normal", "linux", "test", "echo", "serial", "terminal", "memdisk", "tar")
GRUB = Path("/usr/lib/grub/i386-pc")
MENU = f"""\
serial --unit=0 --speed=115200
terminal_input console serial
terminal_output console serial
set root="hd0,gpt2"
set timeout_style=hidden
set timeout=2
menuentry "Debian" {{
    linux /vmlinuz root=UUID={ROOT_UUID} ro console=tty0 console=ttyS0,115200 quiet systemd.show_status=1
    initrd /initrd.img
}}
"""
LOGIN = """\
[Service]
ExecStart=
ExecStart=-/sbin/agetty --autologin root --keep-baud 115200 - vt220
"""
PROMPT = r"root@debian:~# $"
REACHED = r"Reached target .*multi-user\.target"


def debian_disk() -> Path:
    """The disk, made once in .cache/rig; needs root, mmdebstrap, e2fsprogs, sfdisk and grub-pc-bin."""
    disk = CACHE / "debian.img"
    if not disk.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        partial = disk.with_suffix(".new")
        with tempfile.TemporaryDirectory(prefix="gatehouse-debian-") as name:
            _make(partial, Path(name))
        partial.rename(disk)
    return disk


def _make(disk: Path, work: Path) -> None:
    _partition(disk)
    _write(disk, _root_file_system(work), ROOT_AT * MIB)
    core = _grub_core(work)
    # What grub-bios-setup would write: boot.img says where core.img begins, core.img's first sector where it goes on.
    start = BIOS_AT * MIB // SECTOR
    boot = bytearray((GRUB / "boot.img").read_bytes()[:440])
    boot[0x5C:0x64] = start.to_bytes(8, "little")
    core[0x1F4:0x1FC] = (start + 1).to_bytes(8, "little")
    with disk.open("r+b") as file:
        file.write(boot)
        file.seek(BIOS_AT * MIB)
        file.write(core)


def _partition(disk: Path) -> None:
    with disk.open("wb") as file:
        file.truncate((ROOT_AT + ROOT_MIB + 1) * MIB)
    table = (
        "label: gpt\nunit: sectors\n"
        f"start={BIOS_AT * MIB // SECTOR}, size={MIB // SECTOR}, type={GUID_BIOS}\n"
        f"start={ROOT_AT * MIB // SECTOR}, size={ROOT_MIB * MIB // SECTOR}, type={GUID_LINUX}\n"
    )
    subprocess.run(["sfdisk", "--quiet", disk], input=table, text=True, check=True, timeout=60)


def _root_file_system(work: Path) -> Path:
    tree, image = work / "root", work / "root.ext4"
    command = ["mmdebstrap", "--quiet", "--variant=debootstrap", f"--include={PACKAGES}", "bookworm", str(tree)]
    subprocess.run(command, check=True, timeout=BUILD_TIMEOUT_S)
    (tree / "etc" / "fstab").write_text(f"UUID={ROOT_UUID} / ext4 errors=remount-ro 0 1\n")
    (tree / "etc" / "hostname").write_text("debian\n")
    login = tree / "etc" / "systemd" / "system" / "serial-getty@ttyS0.service.d" / "login.conf"
    login.parent.mkdir(parents=True)
    login.write_text(LOGIN)
    with image.open("wb") as file:
        file.truncate(ROOT_MIB * MIB)
    # GRUB 2.06 reads no metadata_csum_seed.
    made = ["mke2fs", "-q", "-t", "ext4", "-O", "^metadata_csum", "-U", ROOT_UUID, "-d", str(tree), str(image)]
    subprocess.run(made, check=True, timeout=BUILD_TIMEOUT_S)
    shutil.rmtree(tree)
    return image


def _grub_core(work: Path) -> bytearray:
    menu, memdisk, core = work / "boot" / "grub" / "grub.cfg", work / "memdisk.tar", work / "core.img"
    menu.parent.mkdir(parents=True)
    menu.write_text(MENU)
    subprocess.run(["tar", "-C", work, "--format=ustar", "-cf", memdisk, "boot"], check=True, timeout=60)
    prefix = ("-m", str(memdisk), "-p", "(memdisk)/boot/grub")
    command = ["grub-mkimage", "-O", "i386-pc", "-o", str(core), *prefix, *MODULES]
    subprocess.run(command, check=True, timeout=60)
    return bytearray(core.read_bytes())


def _write(disk: Path, image: Path, at: int) -> None:
    options = ("bs=64K", f"seek={at}", "oflag=seek_bytes", "conv=notrunc,sparse", "status=none")
    subprocess.run(["dd", f"if={image}", f"of={disk}", *options], check=True, timeout=BUILD_TIMEOUT_S)


if __name__ == "__main__":
    sys.stdout.write(f"{debian_disk()}\n")
