#!/bin/sh
# Well: database and cache answer, and the wiki itself says OK. Exit code 0, else 1.
set -u
fail() {
  echo "$1: $2" >&2
  exit 1
}
said=$(docker exec outline-postgres pg_isready -U outline -d outline 2>&1) || fail outline-postgres "$said"
said=$(docker exec outline-redis redis-cli ping 2>&1)
[ "$said" = PONG ] || fail outline-redis "$said"
said=$(docker exec outline wget -q -T 10 -O - http://127.0.0.1:3000/_health 2>&1)
[ "$said" = OK ] || fail outline "${said:-no answer}"
