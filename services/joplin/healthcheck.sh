#!/bin/sh
# Well: the database answers, and the server answers a ping under its own address. Exit code 0, else 1.
set -u
if ! said=$(docker exec joplin-postgres pg_isready -U joplin -d joplin 2>&1); then
  echo "joplin-postgres: $said" >&2
  exit 1
fi
ping="
  const { host } = new URL(process.env.APP_BASE_URL);
  const asked = require('http').get({ port: 22300, path: '/api/ping', headers: { host }, timeout: 10000 }, (answer) => {
    if (answer.statusCode !== 200) console.log('HTTP ' + answer.statusCode);
    process.exit(answer.statusCode === 200 ? 0 : 1);
  });
  asked.on('timeout', () => asked.destroy(new Error('no answer within 10 s')));
  asked.on('error', (error) => { console.log(error.message); process.exit(1); });
"
if ! said=$(docker exec joplin node -e "$ping" 2>&1); then
  echo "joplin: $said" >&2
  exit 1
fi
