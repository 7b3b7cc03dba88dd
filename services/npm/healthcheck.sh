#!/bin/sh
# Well: nginx and the program behind it say so, and the proxy takes connections. Exit code 0, else 1.
set -u
if ! said=$(docker exec npm /usr/bin/check-health 2>&1); then
  echo "npm: $said" >&2
  exit 1
fi
# Any answer will do: what it proxies has checks of its own.
if ! said=$(docker exec npm curl -s -o /dev/null -m 10 http://127.0.0.1:80/ 2>&1); then
  echo "npm: no answer at port 80 $said" >&2
  exit 1
fi
