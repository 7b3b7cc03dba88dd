import { describe, expect, it } from 'vitest';
import { complaintsOf } from './complaints.ts';

const directory = '/opt/checkout';

describe('the words of docker-compose 1.29.2', () => {
  const invalid = (text: string): string => `The Compose file '${directory}/services/web/docker-compose.yml' is invalid because:\n${text}\n`;

  it.each([
    [invalid("Unsupported config option for services.web: 'colour'"), "Unsupported config option for services.web: 'colour'", ['services', 'web', 'colour']],
    [
      invalid("services.web.healthcheck value 'start_interval' does not match any of the regexes: '^x-'"),
      "services.web.healthcheck value 'start_interval' does not match any of the regexes: '^x-'",
      ['services', 'web', 'healthcheck', 'start_interval'],
    ],
    [
      invalid("services.web.depends_on contains unsupported option: 'required'"),
      "services.web.depends_on contains unsupported option: 'required'",
      ['services', 'web', 'depends_on', 'required'],
    ],
    [
      invalid("'name' does not match any of the regexes: '^x-'\n\nYou might be seeing this error because you're using the wrong Compose file version."),
      "'name' does not match any of the regexes: '^x-'",
      ['name'],
    ],
    ["'network_mode' and 'networks' cannot be combined\n", "'network_mode' and 'networks' cannot be combined", []],
    ["Service 'web' depends on service 'zz' which is undefined.\n", "Service 'web' depends on service 'zz' which is undefined.", ['services', 'web']],
    [
      'Named volume "named:/x:rw" is used in service "web" but no declaration was found in the volumes section.\n',
      'Named volume "named:/x:rw" is used in service "web" but no declaration was found in the volumes section.',
      ['services', 'web'],
    ],
    ["Couldn't find env file: /opt/checkout/services/web/.env\n", "Couldn't find env file: services/web/.env", []],
  ])('%#: one complaint, without its heading, with the key it is about', (printed, detail, path) => {
    expect(complaintsOf(printed, directory)).toEqual([{ detail, path, location: null }]);
  });

  it('keeps several complaints about one file apart', () => {
    const printed = invalid("Unsupported config option for services.web: 'colour'\nUnsupported config option for services.db: 'size'");
    expect(complaintsOf(printed, directory).map(({ path }) => path)).toEqual([
      ['services', 'web', 'colour'],
      ['services', 'db', 'size'],
    ]);
  });

  it('takes file, line and column from a parser that gives them', () => {
    const printed = `yaml.constructor.ConstructorError: could not determine a constructor for the tag '!reset'\n  in "${directory}/hosts/a/x.yml", line 4, column 12\n`;
    expect(complaintsOf(printed, directory)).toEqual([
      { detail: "could not determine a constructor for the tag '!reset'", path: [], location: { file: 'hosts/a/x.yml', line: 4, column: 12 } },
    ]);
  });

  it('leaves out warnings, and says so where there is nothing else', () => {
    expect(complaintsOf('WARNING: The X variable is not set. Defaulting to a blank string.\n', directory)).toEqual([
      { detail: 'refused without a word', path: [], location: null },
    ]);
  });
});

describe('the words of docker compose 2.26', () => {
  it.each([
    [
      `validating ${directory}/services/web/docker-compose.yml: services.web Additional property foo is not allowed\n`,
      'services.web Additional property foo is not allowed',
      ['services', 'web', 'foo'],
    ],
    [
      "decoding failed due to the following error(s):\n\nerror decoding 'services[web].mem_limit': invalid size: 'lots'\n",
      "decoding failed due to the following error(s): error decoding 'services[web].mem_limit': invalid size: 'lots'",
      ['services', 'web', 'mem_limit'],
    ],
    [
      'error while interpolating services.web.environment.A: required variable X is missing a value: must\n',
      'error while interpolating services.web.environment.A: required variable X is missing a value: must',
      ['services', 'web', 'environment', 'A'],
    ],
    [
      'service web declares mutually exclusive `network_mode` and `networks`: invalid compose project\n',
      'service web declares mutually exclusive `network_mode` and `networks`: invalid compose project',
      ['services', 'web'],
    ],
  ])('%#: one complaint, with the key it is about', (printed, detail, path) => {
    const warning = 'time="2026-11-21T13:52:54Z" level=warning msg="the attribute `version` is obsolete"\n';
    expect(complaintsOf(warning + printed, directory)).toEqual([{ detail, path, location: null }]);
  });
});
