#!/bin/sh
# nginx, once it knows from whom annotations are believed.
set -eu
sed -i "s/@EDGE@/${LAYERPRINT_EDGE_ADDRESS:?the address of Envoy, whose annotations are believed}/" /etc/nginx/waf/layerprint.conf
exec nginx -g 'daemon off;'
