import { expect, test } from 'vitest'
import { makeClient, makeRepository, newSigner, type Repository } from '../testing/repository.ts'

/* The cases of the public tuf-conformance suite on keys, thresholds and rotations, by the suite's own names. */

const refused = (code: string) => expect.objectContaining({ code })

test('snapshot_does_not_meet_threshold', async () => {
  const repo = makeRepository()
  repo.root.roles.snapshot.threshold = 3
  for (let count = 0; count < 2; count++) repo.addKey('snapshot')
  repo.publish('root', 'targets', 'snapshot', 'timestamp')
  const client = makeClient(repo)
  await client.refresh()
  repo.signers.get('snapshot')?.pop()
  repo.publish('targets', 'snapshot', 'timestamp')
  await expect(client.refresh()).rejects.toEqual(refused('METADATA_UNSIGNED'))
  expect(client.trusted()).toContain('snapshot 2')
})

test('snapshot_has_too_few_keys', async () => {
  const repo = makeRepository()
  for (let count = 0; count < 4; count++) repo.addKey('snapshot')
  repo.root.roles.snapshot.threshold = 6
  repo.publish('root', 'snapshot', 'timestamp')
  const client = makeClient(repo)
  await expect(client.refresh()).rejects.toEqual(refused('METADATA_UNSIGNED'))
  expect(client.trusted()).toEqual(['root 2', 'timestamp 2'])
})

test.each(['repeated', 'under other ids'])('duplicate_keys: one key, %s, is one', async (how) => {
  const repo = makeRepository()
  const signer = repo.addKey('snapshot')
  for (let count = 0; count < 9; count++) {
    const keyId = how === 'repeated' ? signer.keyId : `${count}`.repeat(64)
    repo.addKey('snapshot', { ...signer, keyId })
  }
  if (how === 'repeated') repo.signers.get('snapshot')?.splice(2)
  repo.root.roles.snapshot.threshold = 6
  repo.publish('root', 'snapshot', 'timestamp')
  await expect(makeClient(repo).refresh()).rejects.toEqual(refused('METADATA_UNSIGNED'))
})

test('duplicate_sig_keyids', async () => {
  const repo = makeRepository()
  repo.tamper('snapshot', ({ signatures }) => signatures.push(...signatures))
  await expect(makeClient(repo).refresh()).rejects.toEqual(refused('METADATA_MALFORMED'))
})

test.each(['rsa', 'ecdsa', 'ed25519'] as const)('keytype_and_scheme[%s]', async (kind) => {
  const repo = makeRepository()
  const signer = repo.addKey('root', newSigner(kind))
  repo.root.roles.root.threshold = 2
  repo.publish('root')
  const client = makeClient(repo)
  await client.refresh()
  expect(client.trusted()).toContain('root 2')
  // A signature of the right form and key, of other bytes.
  repo.publish('root')
  repo.tamper('root', ({ signatures }) => {
    const at = signatures.findIndex(({ keyid }) => keyid === signer.keyId)
    signatures[at] = { keyid: signer.keyId, sig: signer.sign(Buffer.from('other')) }
  })
  await expect(client.refresh()).rejects.toEqual(refused('METADATA_UNSIGNED'))
  expect(client.trusted()).toContain('root 2')
})

test.each(['00', '', 'no hex'])('invalid_sig_in_valid_metadata: %j beside a good one', async (sig) => {
  const repo = makeRepository()
  const [first] = repo.signers.get('timestamp') ?? []
  repo.addKey('timestamp')
  repo.publish('root', 'timestamp')
  repo.tamper('timestamp', ({ signatures }) => {
    signatures[0] = { keyid: first?.keyId ?? '', sig }
  })
  const client = makeClient(repo)
  await client.refresh()
  expect(client.trusted()).toContain('timestamp 2')
})

/** Keys that a version names, its threshold, and the keys that sign it, all by number. */
type Version = readonly [keys: readonly number[], threshold: number, signed: readonly number[]]

const FIVE = [0, 1, 2, 3, 4] as const
const OTHER_FIVE = [0, 1, 3, 4, 5] as const

function publishVersion(
  repo: Repository,
  role: 'root' | 'targets' | 'snapshot' | 'timestamp',
  [keys, threshold, signed]: Version,
  all: readonly ReturnType<typeof newSigner>[],
): void {
  const of = (numbers: readonly number[]) => numbers.flatMap((number) => all[number] ?? [])
  repo.root.roles[role] = { keyids: [], threshold }
  for (const signer of of(keys)) repo.addKey(role, signer)
  repo.signers.set(role, of(signed))
}

test.each<[string, boolean, ...Version[]]>([
  ['1-of-1-key-rotation', true, [[1], 1, [1]], [[2], 1, [2, 1]], [[2], 1, [2]]],
  ['1-of-1-key-rotation-unused-signatures', true, [[1], 1, [3, 1, 4]], [[2], 1, [3, 2, 1, 4]], [[2], 1, [3, 2, 4]]],
  ['3-of-5-sign-with-different-keycombos', true, [FIVE, 3, [0, 2, 4]], [FIVE, 3, [0, 4, 1]], [FIVE, 3, [0, 1, 3]]],
  ['3-of-5-one-key-rotated', true, [FIVE, 3, [0, 2, 4]], [OTHER_FIVE, 3, [0, 4, 1]]],
  [
    '3-of-5-one-key-rotated-with-intermediate-step',
    true,
    [FIVE, 3, [0, 2, 4]],
    [OTHER_FIVE, 3, [0, 2, 4, 5]],
    [OTHER_FIVE, 3, [0, 4, 5]],
  ],
  [
    '3-of-5-all-keys-rotated-with-intermediate-step',
    true,
    [FIVE, 3, [0, 2, 4]],
    [[5, 6, 7, 8, 9], 3, [0, 2, 4, 5, 6, 7]],
    [[5, 6, 7, 8, 9], 3, [5, 6, 7]],
  ],
  ['1-of-3-threshold-increase-to-2-of-3', true, [[1, 2, 3], 1, [1]], [[1, 2, 3], 2, [1, 2]]],
  ['2-of-3-threshold-decrease-to-1-of-3', true, [[1, 2, 3], 2, [1, 2]], [[1, 2, 3], 1, [1, 2]], [[1, 2, 3], 1, [1]]],
  ['1-of-2-threshold-increase-to-2-of-2', true, [[1], 1, [1]], [[1, 2], 2, [1, 2]]],
  ['1-of-1-key-rotation-fail-not-signed-with-old-key', false, [[1], 1, [1]], [[2], 1, [2, 3, 4]]],
  ['1-of-1-key-rotation-fail-not-signed-with-new-key', false, [[1], 1, [1]], [[2], 1, [1, 3, 4]]],
  ['3-of-5-one-key-rotate-fails-not-signed-with-3-new-keys', false, [FIVE, 3, [0, 2, 4]], [OTHER_FIVE, 3, [0, 2, 4]]],
  ['3-of-5-one-key-rotate-fails-not-signed-with-3-old-keys', false, [FIVE, 3, [0, 2, 4]], [OTHER_FIVE, 3, [0, 4, 5]]],
  ['1-of-3-threshold-bump-to-2-of-3-fails-new-threshold-not-reached', false, [[1, 2, 3], 1, [1]], [[1, 2, 3], 2, [2]]],
  [
    '2-of-3-threshold-decr-to-1-of-3-fails-old-threshold-not-reached',
    false,
    [[1, 2, 3], 2, [1, 2]],
    [[1, 2, 3], 1, [1]],
  ],
])('root_rotation[%s]', async (_, accepted, ...versions) => {
  const repo = makeRepository()
  const all = Array.from({ length: 10 }, () => newSigner('ecdsa'))
  repo.published.set('root', [])
  repo.root.version = 0
  for (const version of versions) {
    publishVersion(repo, 'root', version, all)
    repo.publish('root')
  }
  const client = makeClient(repo)
  if (accepted) await client.refresh()
  else await expect(client.refresh()).rejects.toEqual(refused('METADATA_UNSIGNED'))
  const expected = accepted ? versions.length : versions.length - 1
  expect(client.held('root')).toEqual(expected === 1 ? undefined : repo.published.get('root')?.[expected - 1])
})

test.each<[string, boolean, Version]>([
  ['1-of-1-key-rotation', true, [[2], 1, [2]]],
  ['1-of-1-key-rotation-unused-signatures', true, [[1], 1, [3, 1, 4]]],
  ['1-of-1-key-rotation-fail-not-signed-with-new-key', false, [[2], 1, [1, 3, 4]]],
  ['3-of-5-one-key-signature-wrong-not-signed-with-3-expected-keys', false, [OTHER_FIVE, 3, [0, 2, 4]]],
  ['2-of-5-one-key-signature-missing-threshold-not-reached', false, [OTHER_FIVE, 3, [0, 4]]],
  ['3-of-5-sign-first-combo', true, [FIVE, 3, [0, 2, 4]]],
  ['3-of-5-sign-second-combo', true, [FIVE, 3, [0, 4, 1]]],
  ['3-of-5-sign-third-combo', true, [FIVE, 3, [0, 1, 3]]],
  ['3-of-5-sign-fourth-combo', true, [FIVE, 3, [1, 2, 3]]],
  ['3-of-5-sign-fifth-combo', true, [FIVE, 3, [2, 3, 4]]],
])('non_root_rotations[%s]', async (_, accepted, version) => {
  for (const role of ['timestamp', 'snapshot', 'targets'] as const) {
    const repo = makeRepository()
    const all = Array.from({ length: 10 }, () => newSigner())
    publishVersion(repo, role, version, all)
    repo.publish('root', 'targets', 'snapshot', 'timestamp')
    const client = makeClient(repo)
    if (accepted) await client.refresh()
    else await expect(client.refresh()).rejects.toEqual(refused('METADATA_UNSIGNED'))
    expect(client.trusted().includes(`${role} 2`)).toBe(accepted)
  }
})

test('a chain of 32 roots, each by other keys, costs one refresh', async () => {
  const repo = makeRepository()
  for (let count = 0; count < 32; count++) {
    const before = repo.signers.get('root') ?? []
    repo.rotate('root')
    const after = repo.signers.get('root') ?? []
    repo.signers.set('root', [...before, ...after])
    repo.publish('root')
    repo.signers.set('root', after)
  }
  const client = makeClient(repo)
  await client.refresh()
  expect(client.trusted()).toContain('root 33')
})
