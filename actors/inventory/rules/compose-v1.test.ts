import { expect, it } from 'vitest';
import { container, type Files, findingsIn, oneMachine, service, shown } from '../../../test/kit/declared-files.ts';

const dollar = '$';
const file = 'services/web/docker-compose.yml';
const web = (compose: string, version?: string): Files => ({
  ...oneMachine('web:\n', version === undefined ? {} : { compose: version }),
  ...service('web', { compose, env: 'A=\n' }),
});

it.each([
  ['a name for the project', `name: web\nservices:\n${container('web')}`, 1],
  [
    'a condition that is not required',
    `services:\n${container('web', 'depends_on:\n  web-db: { condition: service_started, required: false }')}${container('web-db')}`,
    7,
  ],
  ['a policy of pulling, which is left out without a word', `services:\n${container('web', 'pull_policy: always')}`, 6],
  ['an env file that may be missing', `services:\n${container('web', 'env_file:\n  - path: x\n    required: false')}`, 7],
  ['a tag', `services:\n${container('web', 'labels: !override { a: b }')}`, 6],
  ['an alternative value', `services:\n${container('web', `environment: { A: "${dollar}{A:+b}" }`)}`, 6],
])('names %s where docker-compose is 1.x, and only there', async (_what, compose, line) => {
  expect((await findingsIn(web(compose, '1.29.2'))).map(shown)).toEqual([`compose-v1-syntax ${file}:${line}`]);
  expect(await findingsIn(web(compose, '2.26.1'))).toEqual([]);
  expect(await findingsIn(web(compose))).toEqual([]);
});

it('is content with what 1.29.2 takes', async () => {
  const lines = 'profiles: [a]\ninit: true\nx-own: 1\nhealthcheck: { disable: true }\ndepends_on: { web-db: { condition: service_healthy } }';
  expect(await findingsIn(web(`version: "3.8"\nservices:\n${container('web', lines)}${container('web-db')}`, '1.29.2'))).toEqual([]);
});
