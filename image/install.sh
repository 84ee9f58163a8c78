#!/usr/bin/env bash
# Make the unpacked archive an appliance: run as root after `tar -xzf gatehouse-*.tar.gz -C /`. Nothing is downloaded but
# Debian's own mosquitto and python3-venv, where they are missing.
set -euo pipefail
root=/opt/gatehouse
umask 022 # the units are no root, and read what is installed here

if [ "$(id -u)" != 0 ] || [ ! -d /run/systemd/system ]; then
    echo "Run this as root on a Debian 12 machine that systemd has started." >&2
    exit 1
fi
if ! dpkg-query -W mosquitto python3-venv >/dev/null 2>&1; then
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends mosquitto python3-venv
fi
systemctl disable --quiet --now mosquitto # its own broker; ours runs under its own configuration

/usr/bin/python3 -m venv --clear "$root/venv"
"$root/venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-index --require-hashes \
    --find-links "$root/wheels" -r "$root/requirements/run.txt"
"$root/venv/bin/python" -m compileall -q "$root/appliance"

systemd-sysusers /usr/lib/sysusers.d/gatehouse.conf
systemd-tmpfiles --create /usr/lib/tmpfiles.d/gatehouse.conf
systemctl daemon-reload
systemctl enable --quiet gatehouse.target gatehouse-control.service gatehouse-backup.timer
systemctl restart gatehouse-control.service gatehouse.target
echo "Gatehouse starts; its address and setup code are in /var/lib/gatehouse/run/api/ready.json"
