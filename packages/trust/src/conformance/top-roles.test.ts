import { expect, test } from 'vitest'
import { type Envelope, makeClient, makeRepository, newSigner, NOW } from '../testing/repository.ts'

/* The cases of the public tuf-conformance suite on the top roles, by the suite's own names; conformance/README.md has the table. */

const ALL = ['root', 'targets', 'snapshot', 'timestamp'] as const
const YESTERDAY = '2026-11-20T12:00:00Z'
const inDays = (days: number) => new Date(NOW.getTime() + days * 86_400_000)
const dateOf = (date: Date) => date.toISOString().replace(/\.\d+Z$/, 'Z')
const refused = (code: string) => expect.objectContaining({ code })

test('basic_refresh_requests', async () => {
  const repo = makeRepository()
  await makeClient(repo).refresh()
  expect(repo.asked).toEqual(['root 2', 'timestamp', 'snapshot 1', 'targets 1'])
})

test('basic_refresh_trusted_data, metadata_bytes_match: what is kept is what was served, byte for byte', async () => {
  const repo = makeRepository()
  const spaced = Buffer.concat([repo.last('timestamp') ?? Buffer.of(), Buffer.from(' ')])
  repo.published.set('timestamp', [spaced])
  const client = makeClient(repo)
  await client.refresh()
  expect(client.held('timestamp')).toEqual(spaced)
  for (const role of ['snapshot', 'targets']) expect(client.held(role)).toEqual(repo.last(role))
})

test('implicit_refresh', async () => {
  const repo = makeRepository()
  const client = makeClient(repo)
  expect(await client.download('nonexistent')).toBeUndefined()
  expect(client.trusted()).toEqual(['timestamp 1', 'snapshot 1', 'targets 1'])
})

test.each<[string, (file: Envelope) => void]>([
  ['invalid_initial_root', (file) => Reflect.deleteProperty(Object(file.signed), 'version')],
  ['unsigned_initial_root', ({ signatures }) => signatures.splice(0, 1, { keyid: 'x', sig: '00' })],
])('%s: nothing is asked for', async (_, change) => {
  const repo = makeRepository()
  repo.tamper('root', change)
  await expect(makeClient(repo).refresh()).rejects.toThrow(/root file/)
  expect(repo.asked).toEqual([])
})

test.each([
  ['root', []],
  ['timestamp', ['root 2']],
  ['snapshot', ['root 2', 'timestamp 2']],
  ['targets', ['root 2', 'timestamp 2', 'snapshot 2']],
] as const)('unsigned_metadata[%s]', async (role, trusted) => {
  const repo = makeRepository()
  const client = makeClient(repo)
  repo.signers.set(role, [])
  repo.publish(...ALL)
  await expect(client.refresh()).rejects.toEqual(refused('METADATA_UNSIGNED'))
  expect(client.trusted()).toEqual(trusted)
})

test.each([
  ['root', []],
  ['snapshot', ['root 2', 'timestamp 2']],
  ['targets', ['root 2', 'timestamp 2', 'snapshot 2']],
] as const)('url_and_metadata_version_mismatch[%s]', async (role, trusted) => {
  const repo = makeRepository()
  const client = makeClient(repo)
  repo.documentOf(role).version++
  repo.publish('root', 'targets', 'snapshot', 'timestamp')
  // As the roles above name it, the file is still the second.
  if (role === 'snapshot') repo.timestamp.meta['snapshot.json'].version = 2
  if (role === 'targets') repo.snapshot.meta['targets.json'] = { version: 2 }
  if (role !== 'root') republish(repo, role === 'targets' ? ['snapshot', 'timestamp'] : ['timestamp'])
  await expect(client.refresh()).rejects.toEqual(refused('METADATA_MISMATCH'))
  expect(client.trusted()).toEqual(trusted)
})

/** Signs a role's last version again, with what it says now. */
function republish(repo: ReturnType<typeof makeRepository>, roles: readonly string[]): void {
  for (const role of roles) {
    repo.documentOf(role).version--
    const kept = repo.published.get(role)?.slice(0, -1) ?? []
    repo.published.set(role, kept)
    repo.publish(role)
  }
}

test('timestamp_content_changes: of two with one version the one seen first stays', async () => {
  const repo = makeRepository()
  const client = makeClient(repo)
  await client.refresh()
  const first = client.held('timestamp')
  repo.timestamp.meta['snapshot.json'].version = 100
  republish(repo, ['timestamp'])
  await client.refresh()
  expect(repo.asked.at(-1)).toBe('timestamp')
  expect(client.held('timestamp')).toEqual(first)
})

test('basic_metadata_hash_support', async () => {
  const repo = makeRepository()
  repo.hashes = true
  repo.publish('targets', 'snapshot', 'timestamp')
  await makeClient(repo).refresh()
})

test('targets_hash_mismatch', async () => {
  const repo = makeRepository()
  repo.publish('targets')
  repo.snapshot.meta['targets.json'] = { version: 2, hashes: { sha256: '0'.repeat(64) } }
  repo.publish('snapshot', 'timestamp')
  const client = makeClient(repo)
  await expect(client.refresh()).rejects.toEqual(refused('METADATA_MISMATCH'))
  expect(client.trusted()).toEqual(['timestamp 2', 'snapshot 2'])
})

test('snapshot_hash_mismatch', async () => {
  const repo = makeRepository()
  repo.publish('snapshot')
  repo.timestamp.meta['snapshot.json'] = { version: 2, hashes: { sha256: '0'.repeat(64) } }
  repo.publish('timestamp')
  const client = makeClient(repo)
  await expect(client.refresh()).rejects.toEqual(refused('METADATA_MISMATCH'))
  expect(client.trusted()).toEqual(['timestamp 2'])
})

test('custom_fields: what nobody knows is signed like the rest', async () => {
  const repo = makeRepository()
  const client = makeClient(repo)
  repo.root['custom-field'] = { b: ['value', 'line\nend "quoted" \\', null, true], a: 1 }
  repo.root.roles.root['another-field'] = 'value'
  repo.addKey('root', newSigner('ecdsa', { 'extra-field': { a: 1, b: 2 } }))
  repo.publish('root')
  await client.refresh()
  expect(client.trusted()).toContain('root 2')
})

test('deprecated_keyid_hash_algorithms', async () => {
  const repo = makeRepository()
  const client = makeClient(repo)
  repo.rotate('snapshot')
  repo.addKey('snapshot', newSigner('ed25519', { keyid_hash_algorithms: 'md5' }))
  repo.root.roles.snapshot.threshold = 2
  repo.publish('root', 'snapshot', 'timestamp')
  await client.refresh()
  expect(client.trusted()).toEqual(['root 2', 'timestamp 2', 'snapshot 2', 'targets 1'])
})

test.each([
  ['snapshot', 'snapshot 2', ['timestamp 2', 'snapshot 1', 'targets 1']],
  ['targets', 'targets 2', ['timestamp 2', 'snapshot 2', 'targets 1']],
  ['timestamp', 'timestamp', ['timestamp 1', 'snapshot 1', 'targets 1']],
] as const)('%s_404', async (role, asked, trusted) => {
  const repo = makeRepository()
  const client = makeClient(repo)
  await client.refresh()
  if (role === 'timestamp') repo.published.set('timestamp', [])
  else if (role === 'snapshot') {
    repo.timestamp.meta['snapshot.json'] = { version: 2 }
    repo.publish('timestamp')
  } else {
    repo.snapshot.meta['targets.json'] = { version: 2 }
    repo.publish('snapshot', 'timestamp')
  }
  await expect(client.refresh()).rejects.toEqual(refused('METADATA_MISSING'))
  expect(repo.asked.at(-1)).toBe(asked)
  expect(client.trusted()).toEqual(trusted)
})

test('incorrect_metadata_type: a snapshot that could pass for a timestamp', async () => {
  const repo = makeRepository()
  for (const signer of repo.signers.get('timestamp') ?? []) repo.addKey('snapshot', signer)
  repo.snapshot.meta = { 'snapshot.json': { version: 1 } }
  repo.publish('root', 'snapshot')
  repo.published.set('timestamp', repo.published.get('snapshot') ?? [])
  const client = makeClient(repo)
  await expect(client.refresh()).rejects.toEqual(refused('METADATA_MALFORMED'))
  expect(client.trusted()).toEqual(['root 2'])
})

test.each([
  ['root', ['root 2', 'timestamp 1', 'snapshot 1', 'targets 1']],
  ['timestamp', ['timestamp 1', 'snapshot 1', 'targets 1']],
  ['snapshot', ['timestamp 2', 'snapshot 1', 'targets 1']],
  ['targets', ['timestamp 2', 'snapshot 2', 'targets 1']],
] as const)('%s_expired', async (role, trusted) => {
  const repo = makeRepository()
  const client = makeClient(repo)
  await client.refresh()
  repo.documentOf(role).expires = YESTERDAY
  repo.publish(...(role === 'root' ? ALL : ALL.filter((name) => name !== 'root')))
  await expect(client.refresh()).rejects.toEqual(refused('METADATA_EXPIRED'))
  expect(client.trusted()).toEqual(trusted)
})

test.each(['root', 'timestamp'] as const)('expired_local_%s, faketime', async (role) => {
  const repo = makeRepository()
  const client = makeClient(repo)
  repo.documentOf(role).expires = dateOf(inDays(7))
  repo.publish(role)
  await client.refresh()
  await expect(client.refresh(inDays(8))).rejects.toEqual(refused('METADATA_EXPIRED'))
  repo.documentOf(role).expires = dateOf(inDays(21))
  repo.publish(...(role === 'root' ? ['root'] : ['targets', 'snapshot', 'timestamp']))
  await client.refresh(inDays(18))
  expect(client.trusted()).toContain(`${role} 3`)
})

test('new_timestamp_version_rollback', async () => {
  const repo = makeRepository()
  repo.publish('timestamp')
  const client = makeClient(repo)
  await client.refresh()
  repo.published.get('timestamp')?.pop()
  await expect(client.refresh()).rejects.toEqual(refused('METADATA_ROLLBACK'))
  expect(client.trusted()).toContain('timestamp 2')
})

test.each([false, true])('snapshot_rollback, hashes: %s', async (hashes) => {
  const repo = makeRepository()
  repo.hashes = hashes
  repo.publish('snapshot', 'timestamp')
  const client = makeClient(repo)
  await client.refresh()
  repo.snapshot.version = 0
  repo.published.set('snapshot', [])
  repo.publish('snapshot', 'timestamp')
  await expect(client.refresh()).rejects.toEqual(refused('METADATA_ROLLBACK'))
  expect(client.trusted()).toEqual(['timestamp 2', 'snapshot 2', 'targets 1'])
})

test.each([false, true])('targets_rollback, hashes: %s', async (hashes) => {
  const repo = makeRepository()
  repo.hashes = hashes
  repo.publish('targets', 'snapshot', 'timestamp')
  const client = makeClient(repo)
  await client.refresh()
  repo.targets.version = 0
  repo.published.set('targets', [])
  repo.publish('targets', 'snapshot', 'timestamp')
  await expect(client.refresh()).rejects.toEqual(refused('METADATA_ROLLBACK'))
  expect(client.trusted()).toEqual(['timestamp 3', 'snapshot 2', 'targets 2'])
})

test('targets_role_removal', async () => {
  const repo = makeRepository()
  repo.delegate('targets', 'delegated')
  repo.publish('delegated', 'targets', 'snapshot', 'timestamp')
  const client = makeClient(repo)
  await client.refresh()
  Reflect.deleteProperty(repo.snapshot.meta, 'delegated.json')
  repo.publish('snapshot', 'timestamp')
  await expect(client.refresh()).rejects.toEqual(refused('METADATA_ROLLBACK'))
  expect(client.trusted()).toContain('snapshot 2')
})

test.each([
  ['targets', ['snapshot']],
  ['snapshot', ['snapshot', 'timestamp']],
  ['timestamp', ['timestamp']],
] as const)('%s_fast_forward_recovery', async (role, rotated) => {
  const repo = makeRepository()
  for (let count = 0; count < 99; count++) repo.publish(role)
  repo.publish(...(role === 'targets' ? ['snapshot', 'timestamp'] : role === 'snapshot' ? ['timestamp'] : []))
  const client = makeClient(repo)
  await client.refresh()
  expect(client.trusted()).toContain(`${role} 100`)
  for (const name of rotated) repo.rotate(name)
  repo.documentOf(role).version = 0
  repo.published.set(role, [])
  repo.publish('root', 'targets', 'snapshot', 'timestamp')
  await client.refresh()
  expect(client.trusted()).toContain(`${role} 1`)
})
