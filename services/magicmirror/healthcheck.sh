#!/bin/sh
# Well: systemd runs it, and its page answers. Exit code 0, else 1.
set -u
if ! said=$(systemctl is-active magicmirror 2>&1); then
  echo "magicmirror: $said" >&2
  exit 1
fi
if ! curl -s -f -o /dev/null -m 10 http://127.0.0.1:8080/; then
  echo 'magicmirror: no answer at port 8080' >&2
  exit 1
fi
