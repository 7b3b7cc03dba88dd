#!/bin/sh
# Well: a client can log in, subscribe, and is sent a message. Exit code 0, else 1.
set -u
# shellcheck disable=SC2016 # the command is for the shell in the container
ask='mosquitto_sub -h 127.0.0.1 -u health-check -P "$(cat /mosquitto/secret/health-check)" -t "\$SYS/broker/uptime" -C 1 -W 15'
if said=$(docker exec mosquitto sh -c "$ask" 2>&1) && [ -n "$said" ]; then
  exit 0
fi
echo "mosquitto: ${said:-no message within 15 s}" >&2
exit 1
