#!/bin/sh
# A certificate for the names that Envoy has here, and a key for challenges; readable by Envoy's user (101) alone.
set -eu
umask 077
cd /secrets
[ -s key.pem ] || openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 365 -subj /CN=layerprint \
  -addext 'subjectAltName=DNS:localhost,DNS:envoy,IP:127.0.0.1' -keyout key.pem -out cert.pem 2>/dev/null
[ -s challenge.key ] || openssl rand -base64 32 >challenge.key
chown 101:101 . ./*
