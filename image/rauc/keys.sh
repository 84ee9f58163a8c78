#!/usr/bin/env bash
# Make the development keys for updates below $1, once: a certificate authority, and a certificate that signs bundles.
# Whoever has them can make bundles that development images install. A release is built with keys of its own:
# GATEHOUSE_UPDATE_KEY, GATEHOUSE_UPDATE_CERT (bundle.sh) and GATEHOUSE_UPDATE_KEYRING (install.sh).
set -euo pipefail
folder=$1
[ -e "$folder/signing.pem" ] && exit 0
umask 077
partial=$folder.new
rm -rf "$partial"
mkdir -p "$partial"
cd "$partial"
cat >openssl.cnf <<'EXTENSIONS'
[req]
distinguished_name = name
prompt = no
[name]
[authority]
basicConstraints = critical, CA:TRUE, pathlen:0
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[signing]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, codeSigning
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
EXTENSIONS
new_key() { openssl genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1" 2>/dev/null || openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1"; }
new_key ca.key
new_key signing.key
openssl req -config openssl.cnf -x509 -new -key ca.key -sha256 -days 7300 -subj "/CN=Gatehouse development updates" -extensions authority -out ca.pem
openssl req -config openssl.cnf -new -key signing.key -sha256 -subj "/CN=Gatehouse development bundles" |
    openssl x509 -req -CA ca.pem -CAkey ca.key -CAcreateserial -sha256 -days 3650 -extfile openssl.cnf -extensions signing -out signing.pem 2>/dev/null
cd - >/dev/null
mv "$partial" "$folder"
