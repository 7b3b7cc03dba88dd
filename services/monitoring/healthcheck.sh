#!/bin/sh
# Well: both are ready, and Prometheus has reached at least one target. Exit code 0, else 1.
set -u
fail() {
  echo "$1: $2" >&2
  exit 1
}
docker exec monitoring-prometheus wget -q -T 10 -O /dev/null http://127.0.0.1:9090/-/ready || fail monitoring-prometheus 'not ready'
up=$(docker exec monitoring-prometheus wget -q -T 10 -O - 'http://127.0.0.1:9090/api/v1/query?query=sum(up)') || fail monitoring-prometheus 'answers no query'
case $up in
  *',"0"]'* | *'"result":[]'*) fail monitoring-prometheus 'reaches no target' ;;
esac
docker exec monitoring-grafana wget -q -T 10 -O /dev/null http://127.0.0.1:3000/api/health || fail monitoring-grafana 'not ready'
