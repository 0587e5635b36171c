import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type DelegationEntry, makeClient, makeRepository, type Repository } from '../testing/repository.ts'
import { fitsPattern } from '../verify/path-pattern.ts'

/* The cases of the public tuf-conformance suite on delegations and targets, by the suite's own names. */

const refused = (code: string) => expect.objectContaining({ code })

type Edge = readonly [from: string, to: string, more?: Partial<DelegationEntry>]

function publishGraph(repo: Repository, edges: readonly Edge[]): void {
  for (const [from, to, more] of edges) repo.delegate(from, to, more)
  publishAll(repo)
}

function publishAll(repo: Repository): void {
  repo.publish(...new Set([...[...repo.signers.keys()].filter((name) => !TOP.has(name)), 'targets', 'snapshot']))
  repo.publish('timestamp')
}

const TOP = new Set(['root', 'targets', 'snapshot', 'timestamp'])
/** The delegated roles that were asked for, in order. */
const visited = (repo: Repository) =>
  repo.asked.slice(4).flatMap((name) => (name.endsWith(' 1') ? name.slice(0, -2) : []))

const PY = { paths: ['*.py'] }
const END = { terminating: true }

test.each<[string, readonly Edge[], string]>([
  ['basic-delegation', [['targets', 'A']], 'A'],
  [
    'single-level-delegations',
    [
      ['targets', 'A'],
      ['targets', 'B'],
    ],
    'A B',
  ],
  [
    'two-level-delegations',
    [
      ['targets', 'A'],
      ['targets', 'B'],
      ['B', 'C'],
    ],
    'A B C',
  ],
  [
    'two-level-test-DFS-order-of-traversal',
    [
      ['targets', 'A'],
      ['targets', 'B'],
      ['A', 'C'],
      ['A', 'D'],
    ],
    'A C D B',
  ],
  [
    'three-level-delegation-test-DFS-order-of-traversal',
    [
      ['targets', 'A'],
      ['targets', 'B'],
      ['A', 'C'],
      ['C', 'D'],
    ],
    'A C D B',
  ],
  [
    'two-level-terminating-ignores-all-but-roles-descendants',
    [
      ['targets', 'A'],
      ['targets', 'B'],
      ['A', 'C', END],
      ['A', 'D'],
    ],
    'A C',
  ],
  [
    'three-level-terminating-ignores-all-but-roles-descendants',
    [
      ['targets', 'A'],
      ['targets', 'B'],
      ['A', 'C', END],
      ['C', 'D'],
    ],
    'A C D',
  ],
  [
    'two-level-ignores-all-branches-not-matching-paths',
    [
      ['targets', 'A', PY],
      ['targets', 'B'],
      ['A', 'C'],
    ],
    'B',
  ],
  [
    'three-level-ignores-all-branches-not-matching-paths',
    [
      ['targets', 'A'],
      ['targets', 'B'],
      ['A', 'C', PY],
      ['C', 'D'],
    ],
    'A B',
  ],
  [
    'cyclic-graph',
    [
      ['targets', 'A'],
      ['targets', 'B'],
      ['B', 'C'],
      ['C', 'D'],
      ['D', 'B'],
    ],
    'A B C D',
  ],
  [
    'two-roles-delegating-to-a-third',
    [
      ['targets', 'A'],
      ['targets', 'B'],
      ['B', 'C'],
      ['A', 'C'],
    ],
    'A C B',
  ],
  [
    'two-roles-delegating-to-a-third-different-paths',
    [
      ['targets', 'A'],
      ['targets', 'B'],
      ['B', 'C'],
      ['A', 'C', PY],
    ],
    'A B C',
  ],
  [
    'hash-prefixes instead of paths',
    [
      ['targets', 'A', { path_hash_prefixes: ['0', '1'] }],
      ['targets', 'B', { path_hash_prefixes: ['be'] }],
    ],
    // printf missingpath | sha256sum begins with be
    'B',
  ],
])('graph_traversal[%s]', async (_, edges, order) => {
  const repo = makeRepository()
  publishGraph(repo, edges)
  expect(await makeClient(repo).download('missingpath')).toBeUndefined()
  expect(visited(repo).join(' ')).toBe(order)
})

test.each<[string, string, boolean, string]>([
  ['no delegations', 'targetfile', true, ''],
  ['targetpath matches wildcard', 'README.md', true, 'A'],
  ['targetpath with separators x', 'releases/x/x_v1', true, 'B C'],
  ['targetpath with separators y', 'releases/y/y_v1.zip', true, 'B D'],
  ['targetpath is not delegated by all roles in the chain', 'releases/z/z_v1.zip', false, 'B'],
  ['wildcard does not match path separator', 'releases/README.md', false, ''],
  ['targetpath matches question mark wildcard', 'foo-1.tgz', true, 'A'],
  ['targetpath does not match question mark wildcard', 'foo-alpha.tgz', false, ''],
  ['targetpath matching is case sensitive', 'README.MD', false, ''],
])('targetfile_search[%s]', async (_, path, found, order) => {
  const repo = makeRepository()
  repo.delegate('targets', 'A', { paths: ['*.doc', '*.md', 'foo-?.tgz'] })
  repo.delegate('targets', 'B', { paths: ['releases/*/*'] })
  repo.delegate('B', 'C', { paths: ['releases/x/*'] })
  repo.delegate('B', 'D', { paths: ['releases/y/*.zip'] })
  const held = { targets: ['targetfile'], A: ['README.md', 'releases/README.md', 'foo-1.tgz', 'foo-alpha.tgz'] }
  const more = { C: ['releases/x/x_v1'], D: ['releases/y/y_v1.zip', 'releases/z/z_v1.zip'] }
  for (const [role, paths] of Object.entries({ ...held, ...more }))
    for (const target of paths) repo.addTarget(role, target, `${target} by ${role}`)
  publishAll(repo)
  const content = await makeClient(repo).download(path)
  expect(content?.startsWith(`${path} by `) ?? false).toBe(found)
  expect(visited(repo).join(' ')).toBe(order)
})

test('cached_role_is_verified_against_current_delegator', async () => {
  const repo = makeRepository()
  for (const team of ['a', 'b']) {
    repo.delegate('targets', `parent-${team}`, { paths: [`team-${team}/*`] })
    repo.delegate(`parent-${team}`, 'release', { paths: [`team-${team}/*`] })
    repo.addTarget('release', `team-${team}/file`, `by ${team}`)
  }
  repo.signers.get('release')?.pop()
  publishAll(repo)
  const client = makeClient(repo)
  expect(await client.download('team-a/file')).toBe('by a')
  await expect(client.download('team-b/file')).rejects.toEqual(refused('METADATA_UNSIGNED'))
})

test('delegation_not_in_snapshot: it is not even asked for', async () => {
  const repo = makeRepository()
  repo.delegate('targets', 'delegated')
  repo.publish('delegated', 'targets')
  Reflect.deleteProperty(repo.snapshot.meta, 'delegated.json')
  repo.publish('snapshot', 'timestamp')
  const client = makeClient(repo)
  await client.refresh()
  await expect(client.download('foo')).rejects.toEqual(refused('METADATA_MISMATCH'))
  expect(repo.asked).not.toContain('delegated 1')
})

test('a delegation without end is not followed to it', async () => {
  const repo = makeRepository()
  publishGraph(
    repo,
    Array.from({ length: 40 }, (_, index) => [index === 0 ? 'targets' : `r${index - 1}`, `r${index}`] as const),
  )
  await expect(makeClient(repo).download('x')).rejects.toEqual(refused('METADATA_TOO_LARGE'))
  expect(visited(repo)).toHaveLength(32)
})

test('a delegated role cannot take a top role’s name', async () => {
  const repo = makeRepository()
  repo.delegate('targets', 'timestamp')
  repo.publish('targets', 'snapshot', 'timestamp')
  await expect(makeClient(repo).refresh()).rejects.toEqual(refused('METADATA_MALFORMED'))
})

test('client_downloads_expected_file, also in_sub_dir', async () => {
  const repo = makeRepository()
  repo.addTarget('targets', 'target_file.txt', 'one')
  repo.addTarget('targets', 'path/to/a/target_file.txt', 'two')
  publishAll(repo)
  const client = makeClient(repo)
  expect(await client.download('target_file.txt')).toBe('one')
  expect(await client.download('path/to/a/target_file.txt')).toBe('two')
})

test('repository_substitutes_target_file, multiple_changes_to_target', async () => {
  const repo = makeRepository()
  const client = makeClient(repo)
  for (let round = 0; round < 10; round++) {
    repo.addTarget('targets', 'file', `contents ${round}`)
    publishAll(repo)
    expect(await client.download('file')).toBe(`contents ${round}`)
    for (const other of [`malicious ${round}`.slice(0, 10), 'longer than what was signed']) {
      repo.files.set('file', Buffer.from(other))
      await expect(client.download('file')).rejects.toThrow(/file/)
    }
  }
})

test.each([[['sha256']], [['sha512']], [['sha256', 'sha512']]])(
  'download_with_hash_algorithms %j',
  async (algorithms) => {
    const repo = makeRepository()
    repo.addTarget('targets', 'file', 'contents', algorithms)
    publishAll(repo)
    expect(await makeClient(repo).download('file')).toBe('contents')
    repo.files.set('file', Buffer.from('CONTENTS'))
    await expect(makeClient(repo).download('file')).rejects.toEqual(refused('METADATA_MISMATCH'))
  },
)

test('download_with_unknown_hash_algorithm', async () => {
  const repo = makeRepository()
  repo.addTarget('targets', 'file', 'contents', [])
  repo.targets.targets['file'] = { length: 8, hashes: { 'unknown-hash': 'aa' } }
  publishAll(repo)
  await expect(makeClient(repo).download('file')).rejects.toEqual(refused('METADATA_MALFORMED'))
})

test('law: a pattern matches as the regular expression it stands for, in bounded time', () => {
  const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?', '/'), maxLength: 12 })
  const path = fc.string({ unit: fc.constantFrom('a', 'b', '/'), maxLength: 12 })
  fc.assert(
    fc.property(pattern, path, (glob, name) => {
      const expression = new RegExp(`^${glob.replaceAll('*', '[^/]*').replaceAll('?', '[^/]')}$`)
      return fitsPattern(name, glob) === expression.test(name)
    }),
  )
  expect(fitsPattern('a'.repeat(1000), `${'*a'.repeat(500)}b`)).toBe(false)
})
