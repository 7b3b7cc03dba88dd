#!/bin/sh
# Well: the container runs, and its actor is connected to the broker. Exit code 0, else 1.
set -u
said=$(docker exec watchdog node /app/dist/homelab.mjs alive 2>&1)
case $said in
  "online: watchdog") exit 0 ;;
esac
echo "watchdog: $said" >&2
exit 1
