#!/bin/sh
# Well: every container runs, and its actor is connected to the broker. Exit code 0, else 1.
set -u
for pair in control-plane-inventory:inventory control-plane-observer:observer control-plane-ledger:ledger control-plane-supervisor:supervisor control-plane-ha-discovery:ha-discovery; do
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
