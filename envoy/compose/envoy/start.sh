#!/bin/sh
# Envoy, with the key for challenges in its environment: one that stood in the configuration would be shown by /config_dump.
set -eu
LAYERPRINT_CHALLENGE_KEY=$(cat /secrets/challenge.key)
export LAYERPRINT_CHALLENGE_KEY
exec envoy "$@"
