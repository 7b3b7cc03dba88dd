#!/bin/sh
# Well: it runs, and itself says on the broker that it is online. Its web page also answers while the coordinator is away.
# Exit code 0, else 1.
set -u
running=$(docker inspect --format '{{.State.Status}}' zigbee2mqtt 2>&1)
if [ "$running" != running ]; then
  echo "zigbee2mqtt: $running" >&2
  exit 1
fi
# shellcheck disable=SC2016 # the command is for the shell in the container
ask='mosquitto_sub -h 127.0.0.1 -u health-check -P "$(cat /mosquitto/secret/health-check)" -t zigbee2mqtt/bridge/state -C 1 -W 10'
said=$(docker exec mosquitto sh -c "$ask" 2>&1)
case $said in
  *online*) exit 0 ;;
esac
echo "zigbee2mqtt: ${said:-says nothing on the broker}" >&2
exit 1
