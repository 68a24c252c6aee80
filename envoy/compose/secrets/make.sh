#!/bin/sh
# What is secret, each readable by whoever needs it and by nobody else: a certificate and a key for challenges by Envoy's user (101), the
# key that annotations are signed with by Envoy and by the verifier (group 65534).
set -eu
umask 077
cd /secrets
[ -s key.pem ] || openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 365 -subj /CN=layerprint \
  -addext 'subjectAltName=DNS:localhost,DNS:envoy,IP:127.0.0.1' -keyout key.pem -out cert.pem 2>/dev/null
[ -s challenge.key ] || openssl rand -base64 32 >challenge.key
chown 101:101 . ./*
cd /signing
[ -s signature.key ] || openssl rand -base64 32 >signature.key
chown 101:65534 . signature.key
chmod 750 .
chmod 440 signature.key
