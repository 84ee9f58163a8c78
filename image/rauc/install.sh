#!/usr/bin/env bash
# Put what updates need into the root file system at $1. Needs ARCH (Debian's word); GATEHOUSE_UPDATE_KEYRING is the
# authority whose bundles this image will install, without it the development keys'.
set -euo pipefail
root=$1
here=$(dirname "$0")
keyring=${GATEHOUSE_UPDATE_KEYRING:-}
if [ -z "$keyring" ]; then
    "$here/keys.sh" .cache/update-keys
    keyring=.cache/update-keys/ca.pem
    echo "This image trusts the development keys for updates; a release sets GATEHOUSE_UPDATE_KEYRING." >&2
fi

mkdir -p "$root/etc/rauc" "$root/usr/lib/gatehouse" "$root/etc/systemd/system/rauc.service.d"
sed "s/@ARCH@/$ARCH/" "$here/system.conf" >"$root/etc/rauc/system.conf"
install -m 644 "$keyring" "$root/etc/rauc/keyring.pem"
install -m 755 "$here/slots" "$here/before-install" "$root/usr/lib/gatehouse/"
install -m 644 "$here/version-floor" "$root/usr/lib/gatehouse/version-floor"
install -m 644 "$here/rauc.service.conf" "$root/etc/systemd/system/rauc.service.d/gatehouse.conf"
install -m 644 "$here/tmpfiles.conf" "$root/usr/lib/tmpfiles.d/gatehouse-rauc.conf"
install -m 644 "$here/dbus.conf" "$root/usr/share/dbus-1/system.d/de.pengutronix.rauc.conf"
