#!/usr/bin/env bash
# The disk: GPT, GRUB for BIOS and UEFI, the environment block, slot A filled and slot B empty. docs/decisions/image-layout.md
set -euo pipefail
MIB=$((1024 * 1024))
SECTOR=512
DISK_ID=7d0d2f2c-2f6b-4c3b-8c8e-3f5f1e0a6c00
GUID_BIOS=21686148-6449-6E6F-744E-656564454649
GUID_ESP=C12A7328-F81F-11D2-BA4B-00A0C93EC93B
GUID_LINUX=0FC63DAF-8483-4772-8E79-3D69D8477DE4
BIOS_AT=1 ESP_AT=2 ENV_AT=66 BOOT_A_AT=67 BOOT_B_AT=195 ROOT_A_AT=323 ROOT_B_AT=1347 END=2372 # MiB
BOOT_MIB=128 ROOT_MIB=1024 ESP_MIB=64

disk=$OUT/gatehouse-$VERSION-$ARCH.img
work=$PARTS/grub
mkdir -p "$work"
export MTOOLS_SKIP_CHECK=1

# --- partitions ---------------------------------------------------------------------------------------------------------
rm -f "$disk"
truncate -s $((END * MIB)) "$disk"
part() { # number, name, start MiB, sectors, type
    printf '%s : start=%s, size=%s, type=%s, name=gatehouse-%s, uuid=7D0D2F2C-2F6B-4C3B-8C8E-3F5F1E0A6C%02d\n' \
        "$1" $(($3 * MIB / SECTOR)) "$4" "$5" "$2" "$1"
}
{
    printf 'label: gpt\nlabel-id: %s\nunit: sectors\n' "$DISK_ID"
    part 1 bios $BIOS_AT $((MIB / SECTOR)) $GUID_BIOS
    part 2 esp $ESP_AT $((ESP_MIB * MIB / SECTOR)) $GUID_ESP
    part 3 bootenv $ENV_AT $((MIB / SECTOR)) $GUID_LINUX
    part 4 boot-a $BOOT_A_AT $((BOOT_MIB * MIB / SECTOR)) $GUID_LINUX
    part 5 boot-b $BOOT_B_AT $((BOOT_MIB * MIB / SECTOR)) $GUID_LINUX
    part 6 root-a $ROOT_A_AT $((ROOT_MIB * MIB / SECTOR)) $GUID_LINUX
    part 7 root-b $ROOT_B_AT $((ROOT_MIB * MIB / SECTOR)) $GUID_LINUX
} | sfdisk --quiet "$disk"

put() { # file, offset in bytes, most bytes
    local bytes
    bytes=$(stat -c %s "$1")
    [ "$bytes" -le "$3" ] || { echo "$1 has $bytes bytes; there is room for $3." >&2; exit 1; }
    dd if="$1" of="$disk" bs=64K seek="$2" oflag=seek_bytes conv=notrunc,sparse status=none
}

# --- GRUB ---------------------------------------------------------------------------------------------------------------
MODULES=(part_gpt ext2 normal linux test regexp loadenv configfile sleep reboot halt echo serial terminal probe minicmd search)
mkdir -p "$work/boot/grub"
cp image/grub.cfg "$work/boot/grub/grub.cfg"
touch -d "@$SOURCE_DATE_EPOCH" "$work/boot/grub/grub.cfg"
tar --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner --format=ustar -C "$work" -cf "$work/memdisk.tar" boot
grub_image() { # format, output, further modules
    grub-mkimage -O "$1" -o "$2" -m "$work/memdisk.tar" -p '(memdisk)/boot/grub' memdisk tar "${MODULES[@]}" "${@:3}"
}
case $ARCH in
amd64) efi=BOOTX64.EFI efi_format=x86_64-efi ;;
arm64) efi=BOOTAA64.EFI efi_format=arm64-efi ;;
esac
grub_image "$efi_format" "$work/$efi" fat all_video

truncate -s "${ESP_MIB}M" "$work/esp"
mkfs.vfat --invariant -i 6A7E4005 -n GATEHOUSE "$work/esp" >/dev/null
mmd -i "$work/esp" ::/EFI ::/EFI/BOOT
mcopy -i "$work/esp" "$work/$efi" "::/EFI/BOOT/$efi"
put "$work/esp" $((ESP_AT * MIB)) $((ESP_MIB * MIB))

if [ "$ARCH" = amd64 ]; then
    grub_image i386-pc "$work/core.img" biosdisk
    # What grub-bios-setup would write: boot.img says where core.img begins, core.img's first sector where it goes on.
    little_endian() { python3 -c 'import sys; sys.stdout.buffer.write(int(sys.argv[1]).to_bytes(8, "little"))' "$1"; }
    start=$((BIOS_AT * MIB / SECTOR))
    cp /usr/lib/grub/i386-pc/boot.img "$work/boot.img"
    little_endian $start | dd of="$work/boot.img" bs=1 seek=$((0x5c)) conv=notrunc status=none
    little_endian $((start + 1)) | dd of="$work/core.img" bs=1 seek=$((0x1f4)) conv=notrunc status=none
    dd if="$work/boot.img" of="$disk" bs=1 count=440 conv=notrunc status=none
    put "$work/core.img" $((BIOS_AT * MIB)) $MIB
fi

# --- environment and slots ------------------------------------------------------------------------------------------------
ENV_OFFSET=22528 # appliance/slots/block_device.py writes the block by its place
mkdir "$work/env"
python3 - "$work/env/grubenv" <<'PYTHON'
import sys
text = "# GRUB Environment Block\nprimary=a\na_state=good\na_left=6\nb_state=empty\nb_left=0\n"
open(sys.argv[1], "w").write(text.ljust(1024, "#"))
PYTHON
truncate -s 1M "$work/bootenv"
export E2FSPROGS_FAKE_TIME=$SOURCE_DATE_EPOCH
mke2fs -q -t ext2 -b 1024 -N 16 -m 0 -O '^resize_inode,^dir_index,^sparse_super,^large_file' \
    -U "$DISK_ID" -E "hash_seed=$DISK_ID,root_owner=0:0" "$work/bootenv"
printf 'write %s grubenv\nset_inode_field grubenv mode 0100644\n' "$work/env/grubenv" | debugfs -w -f - "$work/bootenv" >/dev/null 2>&1
dd if="$work/bootenv" bs=1024 skip=$((ENV_OFFSET / 1024)) count=1 status=none | cmp --quiet - "$work/env/grubenv" ||
    { echo "The environment block does not lie at byte $ENV_OFFSET of its partition." >&2; exit 1; }
put "$work/bootenv" $((ENV_AT * MIB)) $MIB
put "$PARTS/boot.ext4" $((BOOT_A_AT * MIB)) $((BOOT_MIB * MIB))
put "$PARTS/root.squashfs" $((ROOT_A_AT * MIB)) $((ROOT_MIB * MIB))

rm -r "$work"
# What is downloaded. squashfs is compressed already, and the rest is zeros. A rig that boots the image at once needs none.
[ -n "${GATEHOUSE_UNCOMPRESSED:-}" ] || xz --keep --force --threads=2 --block-size=64MiB -0 "$disk"
