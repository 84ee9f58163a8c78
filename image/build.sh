#!/usr/bin/env bash
# Build the flashable image: image/out/gatehouse-VERSION-ARCH.img, and beside it its parts, which updates are made of.
# Needs root, for the owners of files and for chroot, but no loop device, no mount and no network beyond Debian's mirror.
# Two runs on one commit and one state of the mirror give the same bytes; image/README.md says how, and what differs otherwise.
set -euo pipefail
cd "$(dirname "$0")/.."
umask 022
[ "$(id -u)" = 0 ] || { echo "Building the image needs root: files in it belong to several users. Try: sudo make image" >&2; exit 1; }

ARCH=${GATEHOUSE_ARCH:-$(dpkg --print-architecture)}
VERSION=$(.venv/bin/python -c 'import appliance; print(appliance.__version__)')
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
OUT=$PWD/image/out
PARTS=$OUT/parts
export ARCH VERSION SOURCE_DATE_EPOCH OUT PARTS LC_ALL=C.UTF-8 TZ=UTC
unset PYTHONPYCACHEPREFIX PYTHONDONTWRITEBYTECODE

say() { echo "$(date +%T) $*"; }

rm -rf "$PARTS" "$OUT/root" "$OUT"/gatehouse-*.img.xz
mkdir -p "$PARTS"
say "Packing Gatehouse"
image/pack.sh >/dev/null
say "Collecting Debian's packages"
image/base.sh
say "Making the root file system"
image/root.sh "$OUT/root"
say "Making the boot file system"
image/boot.sh "$OUT/root"
say "Making the disk"
image/disk.sh
rm -rf "$OUT/root"
say "Signing the update"
GATEHOUSE_ARCH=$ARCH image/bundle.sh >/dev/null
say "Done"
(cd "$OUT" && sha256sum parts/root.squashfs parts/boot.ext4 "gatehouse-$VERSION-$ARCH.img")
