"""Real bundles of a few hundred kilobytes, made by image/bundle.sh with keys of the test's own."""

import os
import random
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
COMPATIBLE = "gatehouse-amd64"


@dataclass(frozen=True)
class Keys:
    """An authority, and a certificate of it that signs bundles."""

    folder: Path

    @classmethod
    def make(cls, folder: Path) -> "Keys":
        subprocess.run([ROOT / "image/rauc/keys.sh", folder], check=True, capture_output=True)
        return cls(folder)

    def other_purpose(self, folder: Path, purpose: str) -> "Keys":
        """Of the same authority, but for something else than code."""
        folder.mkdir()
        (folder / "extensions").write_text(f"extendedKeyUsage={purpose}\nkeyUsage=digitalSignature\n")
        curve = ("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")
        key, request = folder / "signing.key", folder / "request"
        authority = ("-CA", self.folder / "ca.pem", "-CAkey", self.folder / "ca.key")
        for command in (
            ("genpkey", *curve, "-out", key),
            ("req", "-new", "-key", key, "-subj", "/CN=other", "-out", request),
            (
                "x509",
                "-req",
                "-in",
                request,
                *authority,
                "-extfile",
                folder / "extensions",
                "-out",
                folder / "signing.pem",
            ),
        ):
            subprocess.run(["openssl", *map(str, command)], check=True, capture_output=True)
        return Keys(folder)


@dataclass(frozen=True)
class Workshop:
    """Makes bundles and the configuration of a RAUC that trusts its keys."""

    folder: Path
    keys: Keys

    @classmethod
    def open(cls, folder: Path) -> "Workshop":
        folder.mkdir(parents=True, exist_ok=True)
        return cls(folder, Keys.make(folder / "keys"))

    @property
    def configuration(self) -> Path:
        """image/rauc/system.conf with this workshop's authority."""
        path = self.folder / "system.conf"
        if not path.exists():
            text = (ROOT / "image/rauc/system.conf").read_text().replace("@ARCH@", "amd64")
            text = text.replace("/etc/rauc/keyring.pem", str(self.keys.folder / "ca.pem"))
            path.write_text(text.replace("/data/rauc/status.raucs", str(self.folder / "status.raucs")))
        return path

    def bundle(self, version: str = "1.3.0", *, arch: str = "amd64", keys: Keys | None = None, kib: int = 300) -> Path:
        """A good one, unless keys or architecture are not this workshop's. The same one is made once."""
        keys = keys or self.keys
        path = self.folder / f"{version}-{arch}-{keys.folder.name}-{kib}.raucb"
        if not path.exists():
            environment = {
                **os.environ,
                "GATEHOUSE_ARCH": arch,
                "GATEHOUSE_UPDATE_KEY": str(keys.folder / "signing.key"),
                "GATEHOUSE_UPDATE_CERT": str(keys.folder / "signing.pem"),
            }
            command: list[str | Path] = [ROOT / "image/bundle.sh", _parts(self.folder, kib), version, path]
            subprocess.run(command, env=environment, check=True, capture_output=True)
        return path


@cache
def _parts(folder: Path, kib: int) -> Path:
    parts = folder / f"parts-{kib}"
    parts.mkdir(exist_ok=True)
    (parts / "root.squashfs").write_bytes(random.Random(kib).randbytes(kib * 1024))
    (parts / "boot.ext4").write_bytes(bytes(64 * 1024))
    return parts


def changed(bundle: Path, at: int, target: Path) -> Path:
    """A copy with one bit of one byte turned; a negative `at` counts from the end."""
    content = bytearray(bundle.read_bytes())
    content[at] ^= 1
    target.write_bytes(content)
    return target


def cut(bundle: Path, size_bytes: int, target: Path) -> Path:
    """The first bytes of a bundle."""
    target.write_bytes(bundle.read_bytes()[:size_bytes])
    return target


def unsigned(folder: Path) -> Path:
    """What a bundle is made of, without a signature."""
    (folder / "content").mkdir()
    (folder / "content" / "root.squashfs").write_bytes(bytes(50_000))
    path = folder / "unsigned.raucb"
    subprocess.run(["mksquashfs", folder / "content", path, "-quiet", "-no-progress"], check=True, capture_output=True)
    return path
