#!/bin/sh
# Well: both workers run, and have not just been restarted. They offer nothing else to ask. Exit code 0, else 1.
set -u
for container in ai-cluster-codex-worker ai-cluster-planner-worker; do
  if ! said=$(docker inspect --format '{{.State.Status}} {{.State.StartedAt}}' "$container" 2>&1); then
    echo "$container: $said" >&2
    exit 1
  fi
  # In a restart loop the engine says `restarting` nearly all of the time.
  if [ "${said%% *}" != running ]; then
    echo "$container: $said" >&2
    exit 1
  fi
done
