#!/usr/bin/env bash
# The boot file system of a slot, $PARTS/boot.ext4: kernel, initrd, and the hash of the root file system that belongs to them.
set -euo pipefail
BOOT_MIB=64
FILE_SYSTEM_UUID=5d1f7a9e-20cf-4a1b-8a52-52b6d9b3a0c4

disk=$PARTS/boot.ext4
printf '%s\n' "$VERSION" >"$PARTS/version"
rm -f "$disk"
truncate -s "${BOOT_MIB}M" "$disk"
export E2FSPROGS_FAKE_TIME=$SOURCE_DATE_EPOCH
# GRUB 2.06 reads neither metadata_csum_seed nor orphan_file; without a journal there is nothing to replay.
mke2fs -q -t ext4 -O '^has_journal,^metadata_csum,^64bit' -m 0 -U "$FILE_SYSTEM_UUID" \
    -E "hash_seed=$FILE_SYSTEM_UUID,root_owner=0:0" -L gatehouse-boot "$disk"
# One by one, because mke2fs -d copies the times of the last inode change, and the order of this machine's folder.
for file in vmlinuz initrd.img slot.cfg version; do
    printf 'write %s %s\nset_inode_field %s mode 0100644\n' "$PARTS/$file" "$file" "$file" | debugfs -w -f - "$disk" >/dev/null 2>&1
    debugfs -R "cat $file" "$disk" 2>/dev/null | cmp --quiet - "$PARTS/$file" ||
        { echo "$file did not fit into the boot file system." >&2; exit 1; }
done
rm "$PARTS/version"
