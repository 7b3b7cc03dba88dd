#!/bin/sh
# Well: the container runs, and its actor is connected to the broker. Exit code 0, else 1.
set -u
said=$(docker exec planner-agent node /app/dist/homelab.mjs alive 2>&1)
case $said in
  "online: planner") exit 0 ;;
esac
echo "planner-agent: $said" >&2
exit 1
