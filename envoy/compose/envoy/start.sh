#!/bin/sh
# Envoy, with its keys in its environment: what stands in the configuration is shown by /config_dump.
set -eu
LAYERPRINT_CHALLENGE_KEY=$(cat /secrets/challenge.key)
LAYERPRINT_SIGNATURE_KEY=$(cat /signing/signature.key)
export LAYERPRINT_CHALLENGE_KEY LAYERPRINT_SIGNATURE_KEY
exec envoy "$@"
