/**
 * Which part may import which (docs: architecture, "imports run one way").
 *
 *   contracts ← bus ← actors ← cli,  contracts ← adapters ← cli
 *
 * test/tidy/import-directions.test.ts plants one violation of each rule and expects it to be refused.
 */

/** Tests may reach further than what they test: into test/kit, and into the part they drive. */
const testFile = '\\.test\\.ts$';
/** machine.ts, reduce.ts, and what was split off from them: `reduce-incidents.ts`, `claim-machine.ts`. */
const logicFile = '^actors/([^/]+)/[^/]*(machine|reduce)[^/]*\\.ts$';
const production = '^(contracts|bus|actors|adapters|cli|scripts)/';
const npm = ['npm', 'npm-dev', 'npm-optional', 'npm-peer', 'npm-bundled', 'npm-no-pkg', 'npm-unknown', 'unknown'];

/** npm packages by name, as dependency-cruiser resolves them. */
const packages = (...names) => names.map((name) => `node_modules/${name}/`);

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'contracts-import-zod-only',
      comment: 'contracts/ is a leaf: zod and itself.',
      severity: 'error',
      from: { path: '^contracts/', pathNot: testFile },
      to: { pathNot: ['^contracts/', ...packages('zod')] },
    },
    {
      name: 'bus-imports-contracts-only',
      comment: 'bus/ knows MQTT, not homelabs: contracts and itself.',
      severity: 'error',
      from: { path: '^bus/', pathNot: testFile },
      to: { path: '^(actors|adapters|cli|scripts|bench)/' },
    },
    {
      name: 'bus-packages',
      comment: 'What the bus needs of npm: the MQTT client and broker, their storage, xstate, pino, uuid, zod.',
      severity: 'error',
      from: { path: '^bus/', pathNot: testFile },
      to: {
        dependencyTypes: npm,
        pathNot: packages(
          'mqtt',
          'mqtt-packet',
          'aedes',
          'aedes-persistence',
          'aedes-persistence-level',
          'level',
          'pino',
          'uuid',
          'ws',
          '@types/ws',
          'xstate',
          'zod',
        ),
      },
    },
    {
      name: 'actors-know-only-bus-and-contracts',
      comment: 'An actor imports bus, contracts and its own folder: never another actor, an adapter or the command line.',
      severity: 'error',
      from: { path: '^actors/([^/]+)/', pathNot: testFile },
      to: { path: '^(actors|adapters|cli|scripts|bench)/', pathNot: '^actors/$1/' },
    },
    {
      name: 'actors-packages',
      comment: 'An actor reaches the world through bus and ports, so it needs no other package than xstate and zod.',
      severity: 'error',
      from: { path: '^actors/', pathNot: testFile },
      to: { dependencyTypes: npm, pathNot: packages('xstate', 'zod') },
    },
    {
      name: 'logic-is-pure',
      comment: 'A machine or reducer can be read alone: contracts, xstate and its own folder.',
      severity: 'error',
      from: { path: logicFile, pathNot: testFile },
      to: { pathNot: ['^contracts/', '^actors/$1/', '^bus/', ...packages('xstate')] },
    },
    {
      name: 'logic-takes-only-types-of-the-bus',
      comment: 'A machine or reducer may use the types of the bus (Reduction), never what it does.',
      severity: 'error',
      from: { path: logicFile, pathNot: testFile },
      to: { path: '^bus/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'logic-does-not-know-its-wiring',
      comment: 'actor.ts wires the logic; the logic never imports it.',
      severity: 'error',
      from: { path: '^actors/[^/]+/', pathNot: ['/actor\\.ts$', testFile] },
      to: { path: '^actors/[^/]+/actor\\.ts$' },
    },
    {
      name: 'ports-promise-only',
      comment:
        'ports.ts (and tree.ts, the form of the declared files) says what an actor needs of the world; adapters and cli read it, so it imports nothing but contracts and the clock.',
      severity: 'error',
      from: { path: '^actors/[^/]+/(ports|tree)\\.ts$' },
      to: { pathNot: ['^contracts/', '^bus/(clock|log)\\.ts$', '^actors/[^/]+/tree\\.ts$'] },
    },
    {
      name: 'adapters-import-ports-and-contracts',
      comment: 'An adapter implements ports: contracts, ports of actors, other adapters, the clock, the log and the durable file writer of the bus.',
      severity: 'error',
      from: { path: '^adapters/', pathNot: testFile },
      to: { path: '^(bus|actors|cli|scripts|bench)/', pathNot: ['^bus/(clock|log|journal)\\.ts$', '^actors/[^/]+/(ports|tree)\\.ts$'] },
    },
    {
      name: 'only-the-bus-speaks-mqtt',
      comment: 'Only the bus speaks MQTT.',
      severity: 'error',
      from: { path: '^(adapters|actors|cli|contracts)/', pathNot: testFile },
      to: { path: packages('mqtt', 'mqtt-packet', 'aedes', 'aedes-persistence', 'aedes-persistence-level') },
    },
    {
      name: 'scripts-import-contracts-only',
      comment: 'Scripts generate from the contracts, build and prepare; they do not run the program.',
      severity: 'error',
      from: { path: '^scripts/' },
      // The guide's table of variables is generated from the settings; docs/inventory.md and docs/homelab.md from the rules and the files,
      // as are the files of the declared brokers; docs/broker-config.md has the traps of the linter.
      to: {
        path: '^(bus|actors|adapters|cli|bench)/',
        pathNot: [
          '^cli/(settings|map/page|broker-config/site-files|broker-lint/lint)\\.ts$',
          '^actors/inventory/rules/rules\\.table\\.ts$',
          '^adapters/files/tree\\.ts$',
        ],
      },
    },
    {
      name: 'cli-is-the-top',
      comment: 'The composition root constructs everything; nothing imports it.',
      severity: 'error',
      from: { path: '^(contracts|bus|actors|adapters|scripts)/', pathNot: '^scripts/generated-docs\\.ts$' },
      to: { path: '^cli/' },
    },
    {
      name: 'production-never-imports-tests',
      comment: 'Nothing that runs imports test/ or a *.test.ts file.',
      severity: 'error',
      from: { path: production, pathNot: testFile },
      to: { path: ['^test/', testFile] },
    },
    {
      name: 'production-never-imports-the-bench',
      comment: 'bench/ measures what runs; nothing that runs or tests needs it.',
      severity: 'error',
      from: { path: '^(contracts|bus|actors|adapters|cli|scripts|test)/' },
      to: { path: '^bench/' },
    },
    {
      name: 'bench-uses-the-kit-of-tests-only',
      comment: 'bench/ starts engines, brokers and the program with what test/kit has for that; tests themselves are none of its business.',
      severity: 'error',
      from: { path: '^bench/' },
      to: { path: ['^test/(?!kit/)', testFile] },
    },
    {
      name: 'production-uses-listed-packages',
      comment: 'What runs uses what package.json lists under dependencies.',
      severity: 'error',
      from: { path: '^(contracts|bus|actors|adapters|cli)/', pathNot: testFile },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'no-cycles',
      comment: 'Two files that need each other are one file, or three. Types may point back.',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'no-orphans',
      comment: 'A file that nobody imports and that imports nobody is left over.',
      severity: 'error',
      from: {
        orphan: true,
        pathNot: ['^cli/main\\.ts$', '^adapters/http/page/src/main\\.tsx$', '^cli/homelab\\.mjs$', '^scripts/', testFile, '\\.d\\.ts$', '^test/', '^bench/'],
      },
      to: {},
    },
    {
      name: 'everything-resolves',
      comment: 'An import that leads nowhere.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^dist/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      extensions: ['.ts', '.tsx', '.mjs', '.cjs', '.js', '.json'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
  },
};
