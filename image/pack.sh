#!/usr/bin/env bash
# Pack what is installed on the appliance under /opt/gatehouse and /etc/systemd/system: the code, the page, the unit
# files and the locked Python packages as wheels. Two runs on the same commit give the same bytes.
set -euo pipefail
cd "$(dirname "$0")/.."

version=$(.venv/bin/python -c 'import appliance; print(appliance.__version__)')
epoch=$(git log -1 --format=%ct)
out=image/out
tree=$out/tree
rm -rf "$tree"
mkdir -p "$tree/opt/gatehouse/web" "$tree/opt/gatehouse/wheels" "$tree/etc/systemd/system" "$tree/usr/lib/sysusers.d" \
    "$tree/usr/lib/tmpfiles.d"

git -c tar.umask=0022 archive HEAD appliance requirements/run.txt LICENSE | tar -x -C "$tree/opt/gatehouse"
cp image/install.sh "$tree/opt/gatehouse/install.sh"
cp -r web/dist "$tree/opt/gatehouse/web/dist"
cp systemd/*.service systemd/*.target systemd/*.slice systemd/*.timer "$tree/etc/systemd/system/"
install -D -m 755 image/overlay/usr/bin/gatehouse "$tree/usr/bin/gatehouse"
cp systemd/gatehouse.sysusers "$tree/usr/lib/sysusers.d/gatehouse.conf"
cp systemd/gatehouse.tmpfiles "$tree/usr/lib/tmpfiles.d/gatehouse.conf"
. image/wheels.sh
.venv/bin/python -m pip download --quiet --disable-pip-version-check --require-hashes --no-deps "${FITTING[@]}" \
    -d "$tree/opt/gatehouse/wheels" -r requirements/run.txt 2> >(grep -v '^WARNING: Location .* is ignored' >&2)

chmod -R u=rwX,go=rX "$tree" # whatever the umask was: the units are no root

archive=$out/gatehouse-$version-$machine.tar.gz
tar --sort=name --mtime="@$epoch" --owner=0 --group=0 --numeric-owner -C "$tree" -c . | gzip -n >"$archive"
sha256sum "$archive"
