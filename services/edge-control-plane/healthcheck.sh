#!/bin/sh
# Well: every container runs, and its actor is connected to the broker. Exit code 0, else 1.
set -u
for pair in edge-control-plane-observer:observer edge-control-plane-ledger:ledger edge-control-plane-supervisor:supervisor edge-control-plane-ha-discovery:ha-discovery edge-control-plane-bridge:bridge; do
  container=${pair%%:*}
  actor=${pair#*:}
  said=$(docker exec "$container" node /app/dist/homelab.mjs alive 2>&1)
  case $said in
    "online: $actor") ;;
    *)
      echo "$container: $said" >&2
      exit 1
      ;;
  esac
done
