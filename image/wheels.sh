# Sourced by pack.sh and root.sh: which wheels fit the image (ARCH), whatever machine and Python it is built with.
# shellcheck shell=bash disable=SC2034
case ${ARCH:-$(dpkg --print-architecture)} in arm64) machine=aarch64 ;; *) machine=x86_64 ;; esac
FITTING=(--only-binary=:all: --python-version 3.11 --implementation cp --abi cp311 --abi abi3 --abi none)
for glibc in 2_36 2_35 2_34 2_31 2_28 2_27 2_26 2_24 2_17 2_12 2_5; do FITTING+=(--platform "manylinux_${glibc}_$machine"); done
FITTING+=(--platform "manylinux2014_$machine" --platform "linux_$machine" --platform any)
