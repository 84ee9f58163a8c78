#!/usr/bin/env bash
# Debian's part of the root file system, as a tar in .cache/image: made anew only when the list of packages changes.
set -euo pipefail
SUITE=bookworm
MIRROR=${GATEHOUSE_DEBIAN_MIRROR:-}
export SOURCE_DATE_EPOCH=1686355200 # the day Debian 12 came out, not the commit's: what is kept must not depend on who made it

case $ARCH in
amd64) kernel=linux-image-amd64 ;;
arm64) kernel=linux-image-arm64 ;;
*)
    echo "There is no image for $ARCH: set GATEHOUSE_ARCH to amd64 or arm64." >&2
    exit 1
    ;;
esac

packages=$(sed 's/#.*//' image/packages | tr -s ' \n' ',' | sed 's/^,//; s/,$//'),$kernel
key=$(printf '%s\n' "$packages" "$SUITE" "$MIRROR" | cat - image/base.sh | sha256sum | cut -c1-16)
cache=.cache/image/base-$ARCH-$key.tar
if [ ! -e "$cache" ]; then
    mkdir -p .cache/image
    rm -f .cache/image/base-"$ARCH"-*.tar
    # Manuals and translations are left out, licences stay.
    # INITRD=No: root.sh makes the only one.
    INITRD=No mmdebstrap --quiet --format=tar --arch="$ARCH" --variant=minbase --include="$packages" \
        --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
        --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-include=/usr/share/doc/*/copyright' \
        --dpkgopt='path-exclude=/usr/share/info/*' --dpkgopt='path-exclude=/usr/share/lintian/*' \
        "$SUITE" "$cache.new" ${MIRROR:+"$MIRROR"}
    mv "$cache.new" "$cache"
fi
ln -sf "$(basename "$cache")" .cache/image/base.tar
