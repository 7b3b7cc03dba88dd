#!/bin/sh
# Well: the server answers, and has at least one model: without one every question fails. Exit code 0, else 1.
set -u
if ! said=$(docker exec ollama ollama list 2>&1); then
  echo "ollama: $said" >&2
  exit 1
fi
# The first line is the heading.
if [ "$(printf '%s\n' "$said" | wc -l)" -lt 2 ]; then
  echo 'ollama: it has no model; docker exec ollama ollama pull qwen2.5:7b' >&2
  exit 1
fi
