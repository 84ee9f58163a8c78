#!/usr/bin/env bash
# The root file system below $1: Debian's part, Gatehouse, the overlay; then as a squashfs with its dm-verity tree behind it.
set -euo pipefail
root=$1
ROOT_BYTES_MOST=$((1024 * 1024 * 1024)) # the partition
VERITY_UUID=9f2c1c0e-6a0f-4a35-9d57-6ac0e64a1f10
VERITY_SALT=0000000000000000000000000000000000000000000000000000000000000000 # what is signed is the root hash
BLOCK=4096

mkdir -p "$root"
tar --numeric-owner --xattrs --xattrs-include='*' -xpf .cache/image/base.tar -C "$root"

# --- Gatehouse ------------------------------------------------------------------------------------------------------
cp -a "$OUT/tree/." "$root/"
rm "$root/opt/gatehouse/install.sh"
cp -r --no-preserve=ownership image/overlay/. "$root/"
chown -R 0:0 "$root/opt/gatehouse"
site=$root/opt/gatehouse/venv/lib/python3.11/site-packages
mkdir -p "$root/opt/gatehouse/venv/bin" "$site"
. image/wheels.sh
.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-index --require-hashes --no-compile --no-deps "${FITTING[@]}" \
    --find-links "$root/opt/gatehouse/wheels" --target "$site" -r "$root/opt/gatehouse/requirements/run.txt" \
    2> >(grep -v '^WARNING: ' >&2)
rm -rf "${site:?}/bin" "$root/opt/gatehouse/wheels"
ln -s /usr/bin/python3 "$root/opt/gatehouse/venv/bin/python3"
ln -s python3 "$root/opt/gatehouse/venv/bin/python"
printf 'home = /usr/bin\ninclude-system-site-packages = false\nversion = 3.11\n' >"$root/opt/gatehouse/venv/pyvenv.cfg"

# --- updates --------------------------------------------------------------------------------------------------------
printf '%s\n' "$VERSION" >"$root/usr/lib/gatehouse-version"
if [ -d image/rauc ]; then image/rauc/install.sh "$root"; fi

# --- what differs from build to build, or does not belong into an image -----------------------------------------------
: >"$root/etc/machine-id"
rm -rf "$root"/var/lib/apt/lists/* "$root"/var/cache/apt/* "$root"/var/cache/debconf/* "$root"/var/log/* \
    "$root"/var/cache/ldconfig/* "$root"/var/lib/systemd/* "$root"/tmp/* "$root"/run/* "$root"/etc/resolv.conf \
    "$root"/etc/hostname "$root"/var/lib/dbus/machine-id "$root"/etc/apt/apt.conf.d/* "$root"/usr/share/python-wheels
ln -s /run/systemd/resolve/stub-resolv.conf "$root/etc/resolv.conf"
mkdir -p "$root/data" "$root/var/lib/gatehouse" "$root/var/log/journal"

systemd-sysusers --root="$root"
sed -i 's/^\(root\):[^:]*:/\1:!*:/; s/^\([^:]*:[^:]*\):[0-9]*:/\1:19000:/' "$root/etc/shadow" # nobody has a password
rm -f "$root"/etc/{passwd,group,shadow,gshadow}-
systemctl --root="$root" preset-all 2>/dev/null

# Compiled here, for nothing can be written there, and by content, because squashfs changes the times.
find "$root/usr" "$root/opt" -name __pycache__ -type d -prune -exec rm -rf {} +
# -B, or what the compiler itself imports is kept by time, and would be compiled at every start again.
chroot "$root" /usr/bin/python3 -B -m compileall -q --invalidation-mode unchecked-hash -j 2 /opt/gatehouse /usr/lib/python3.11 /usr/lib/python3 ||
    echo "some files of Debian's Python could not be compiled" >&2

# --- initrd, while /boot is there --------------------------------------------------------------------------------------
cp image/initramfs/modules "$root/etc/initramfs-tools/modules"
cp image/initramfs/hooks/* "$root/etc/initramfs-tools/hooks/"
cp image/initramfs/scripts/local-top/* "$root/etc/initramfs-tools/scripts/local-top/"
sed -i 's/^MODULES=.*/MODULES=list/; s/^COMPRESS=.*/COMPRESS=zstd/' "$root/etc/initramfs-tools/initramfs.conf"
kernel=$(ls "$root/lib/modules")
chroot "$root" mkinitramfs -o /tmp/initrd.img "$kernel"
mv "$root/tmp/initrd.img" "$PARTS/initrd.img"
cp "$root/boot/vmlinuz-$kernel" "$PARTS/vmlinuz"
rm -rf "${root:?}"/boot/* "$root"/initrd.img* "$root"/vmlinuz*
dpkg-query --admindir="$root/var/lib/dpkg" -W -f '${Package} ${Version} ${Architecture}\n' | sort >"$OUT/packages.txt"

# --- what is in it ------------------------------------------------------------------------------------------------------
case $ARCH in arm64) grub=(grub-efi-arm64-bin) ;; *) grub=(grub-pc-bin grub-efi-amd64-bin) ;; esac
.venv/bin/python -m image.sbom --root "$root" --arch "$ARCH" --wheels "$OUT/tree/opt/gatehouse/wheels" --boot-loader "${grub[@]}" \
    --out "$OUT/sbom.cdx.json"
install -D -m 644 "$OUT/sbom.cdx.json" "$root/usr/share/gatehouse/sbom.cdx.json"

# --- squashfs and verity ----------------------------------------------------------------------------------------------
image=$PARTS/root.squashfs
rm -f "$image"
env -u SOURCE_DATE_EPOCH mksquashfs "$root" "$image" -noappend -quiet -no-progress -reproducible -comp zstd -Xcompression-level 9 \
    -mkfs-time "$SOURCE_DATE_EPOCH" -all-time "$SOURCE_DATE_EPOCH" >/dev/null
size=$(stat -c %s "$image")
offset=$(((size + BLOCK - 1) / BLOCK * BLOCK))
truncate -s "$offset" "$image"
root_hash=$(veritysetup format "$image" "$image" --hash-offset="$offset" --data-blocks=$((offset / BLOCK)) --uuid="$VERITY_UUID" --salt="$VERITY_SALT" |
    sed -n 's/^Root hash:[[:space:]]*//p')
[ -n "$root_hash" ] || { echo "veritysetup printed no root hash" >&2; exit 1; }
total=$(stat -c %s "$image")
[ "$total" -le "$ROOT_BYTES_MOST" ] || { echo "The root file system has $total bytes; its partition has room for $ROOT_BYTES_MOST." >&2; exit 1; }
printf 'set root_hash=%s\nset hash_offset=%s\n' "$root_hash" "$offset" >"$PARTS/slot.cfg"
echo "root hash $root_hash, $((total / 1048576)) MiB"
