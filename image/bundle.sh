#!/usr/bin/env bash
# Make an update: image/bundle.sh [PARTS [VERSION [BUNDLE]]]
# PARTS has root.squashfs (its dm-verity tree behind it) and boot.ext4, as image/build.sh leaves them in image/out/parts.
# Signed with GATEHOUSE_UPDATE_KEY and GATEHOUSE_UPDATE_CERT, else with the development keys. Needs no root.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
parts=${1:-$here/out/parts}
version=${2:-$(cd "$here/.." && .venv/bin/python -c 'import appliance; print(appliance.__version__)')}
arch=${GATEHOUSE_ARCH:-$(dpkg --print-architecture)}
bundle=${3:-$here/out/gatehouse-$version-$arch.raucb}
key=${GATEHOUSE_UPDATE_KEY:-} cert=${GATEHOUSE_UPDATE_CERT:-}
if [ -z "$key" ] || [ -z "$cert" ]; then
    keys=$here/../.cache/update-keys
    "$here/rauc/keys.sh" "$keys"
    key=$keys/signing.key cert=$keys/signing.pem
fi

staging=$(mktemp -d "${bundle%/*}/.bundle.XXXXXX")
trap 'rm -rf "$staging"' EXIT
for part in root.squashfs boot.ext4; do
    ln "$parts/$part" "$staging/$part" 2>/dev/null || cp "$parts/$part" "$staging/$part"
done
# The payload is signed as a whole, so this is too; RAUC tells a pre-install handler nothing else of the version.
printf '%s\n' "$version" >"$staging/VERSION"
cat >"$staging/manifest.raucm" <<MANIFEST
[update]
compatible=gatehouse-$arch
version=$version

[bundle]
format=verity

[image.rootfs]
filename=root.squashfs

[image.boot]
filename=boot.ext4
MANIFEST
rm -f "$bundle"
# The root is compressed already; the boot file system is mostly empty.
rauc bundle --cert="$cert" --key="$key" --mksquashfs-args="-comp zstd -Xcompression-level 3 -all-root -quiet -no-progress" "$staging" "$bundle" >/dev/null
chmod 644 "$bundle"
sha256sum "$bundle"
