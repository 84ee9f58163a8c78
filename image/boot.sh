#!/usr/bin/env bash
# The boot file system of a slot, $PARTS/boot.ext4: kernel, initrd, and the hash of the root file system that belongs to them.
set -euo pipefail
BOOT_MIB=64
FILE_SYSTEM_UUID=5d1f7a9e-20cf-4a1b-8a52-52b6d9b3a0c4

staging=$PARTS/boot
mkdir -p "$staging"
cp "$PARTS/vmlinuz" "$PARTS/initrd.img" "$PARTS/slot.cfg" "$staging/"
printf '%s\n' "$VERSION" >"$staging/version"
find "$staging" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
rm -f "$PARTS/boot.ext4"
truncate -s "${BOOT_MIB}M" "$PARTS/boot.ext4"
# GRUB 2.06 reads neither metadata_csum_seed nor orphan_file; without a journal there is nothing to replay.
E2FSPROGS_FAKE_TIME=$SOURCE_DATE_EPOCH mke2fs -q -t ext4 -O '^has_journal,^metadata_csum,^64bit' -m 0 -U "$FILE_SYSTEM_UUID" \
    -E "hash_seed=$FILE_SYSTEM_UUID,root_owner=0:0" -L gatehouse-boot -d "$staging" "$PARTS/boot.ext4"
rm -r "$staging"
