#!/bin/sh
# Well: its web server answers. Exit code 0, else 1.
set -u
if said=$(docker exec homeassistant wget -q -T 10 -O /dev/null http://127.0.0.1:8123/manifest.json 2>&1); then
  exit 0
fi
echo "homeassistant: ${said:-no answer at port 8123}" >&2
exit 1
