import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run } from '@holotype/base'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createKeyring, openKeyring } from '../index.ts'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'holotype-keys-'))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

const code = (expected: string) => expect.objectContaining({ code: expected })
const modeOf = (path: string) => statSync(path).mode & 0o777
const at = () => join(directory, 'keys')

test('a keyring is private, whatever the umask', async () => {
  const before = process.umask(0)
  try {
    await createKeyring(at())
  } finally {
    process.umask(before)
  }
  expect(modeOf(at())).toBe(0o700)
  const names = readdirSync(at()).sort()
  expect(names).toEqual(['exports.pem', 'repository.asc', 'root.pem', 'snapshot.pem', 'targets.pem', 'timestamp.pem'])
  for (const name of names) expect(modeOf(join(at(), name))).toBe(0o600)
})

test('making it again keeps every key and makes the missing ones', async () => {
  const keyring = await createKeyring(at())
  const bytes = new Map(readdirSync(at()).map((name) => [name, readFileSync(join(at(), name), 'utf8')]))
  rmSync(join(at(), 'snapshot.pem'))
  await createKeyring(at())
  for (const [name, text] of bytes)
    expect(readFileSync(join(at(), name), 'utf8') === text).toBe(name !== 'snapshot.pem')
  expect((await openKeyring(at())).publicKey('root')).toEqual(keyring.publicKey('root'))
})

test.each([0o640, 0o604, 0o660])('a key of mode %o is refused', async (mode) => {
  const keyring = await createKeyring(at())
  chmodSync(join(at(), 'root.pem'), mode)
  chmodSync(join(at(), 'repository.asc'), mode)
  await expect(keyring.sign('root', Buffer.alloc(1))).rejects.toThrow(code('KEY_PERMISSIONS'))
  await expect(keyring.repositorySigner().clearSign('a')).rejects.toEqual(code('KEY_PERMISSIONS'))
  await expect(keyring.sign('targets', Buffer.alloc(1))).resolves.toHaveLength(1)
})

test('a directory that others can enter is refused', async () => {
  mkdirSync(at(), { mode: 0o755 })
  chmodSync(at(), 0o755)
  await expect(createKeyring(at())).rejects.toEqual(code('KEY_PERMISSIONS'))
  await expect(openKeyring(at())).rejects.toEqual(code('KEY_PERMISSIONS'))
  expect(readdirSync(at())).toEqual([])
})

test('a link, a directory, a file that is no key, and no file', async () => {
  const keyring = await createKeyring(at())
  const root = join(at(), 'root.pem')
  const elsewhere = join(directory, 'elsewhere.pem')
  writeFileSync(elsewhere, readFileSync(root), { mode: 0o600 })
  rmSync(root)
  symlinkSync(elsewhere, root)
  expect(() => keyring.publicKey('root')).toThrow(code('KEY_PERMISSIONS'))
  rmSync(root)
  mkdirSync(root, { mode: 0o700 })
  expect(() => keyring.publicKey('root')).toThrow(code('KEY_PERMISSIONS'))
  rmSync(root, { recursive: true })
  writeFileSync(root, 'not a key', { mode: 0o600 })
  expect(() => keyring.publicKey('root')).toThrow(code('KEY_MALFORMED'))
  rmSync(root)
  expect(() => keyring.publicKey('root')).toThrow(code('KEY_MISSING'))
  await expect(openKeyring(join(directory, 'nowhere'))).rejects.toEqual(code('KEY_MISSING'))
})

test('a broken key is not quoted in the error', async () => {
  const keyring = await createKeyring(at())
  const text = readFileSync(join(at(), 'root.pem'), 'utf8')
  const secret = text.split('\n')[1] ?? ''
  writeFileSync(join(at(), 'root.pem'), text.replace('PRIVATE KEY-----', 'PRIVATE KEX-----'))
  try {
    keyring.publicKey('root')
    expect.unreachable()
  } catch (error) {
    expect(JSON.stringify(error) + String(error instanceof Error ? error.stack : '')).not.toContain(secret)
  }
})

test('during a rotation both keys sign; after it the new one alone, and the old one is gone', async () => {
  const keyring = await createKeyring(at())
  keyring.createKey('channel-web')
  // A channel may be called so: its key must not pass for another's next one.
  keyring.createKey('channel-next-web')
  const old = keyring.publicKey('channel-web')
  const next = keyring.startRotation('channel-web')
  expect(keyring.startRotation('channel-web')).toEqual(next)
  expect((await keyring.sign('channel-web', Buffer.alloc(1))).map(({ keyid }) => keyid)).toEqual([
    old.keyId,
    next.keyId,
  ])
  keyring.endRotation('channel-web')
  keyring.endRotation('channel-web')
  expect((await keyring.sign('channel-web', Buffer.alloc(1))).map(({ keyid }) => keyid)).toEqual([next.keyId])
  expect(existsSync(join(at(), 'next-channel-web.pem'))).toBe(false)
  expect(() => keyring.startRotation('channel-db')).toThrow(code('KEY_MISSING'))
})

test('files are signed as alpm, rpm and xbps take it: gpgv and openssl agree', async () => {
  const keyring = await createKeyring(at())
  const signer = keyring.repositorySigner()
  const [file, signature, pub] = ['file', 'file.sig', 'pub'].map((name) => join(directory, name))
  if (file === undefined || signature === undefined || pub === undefined) throw new Error('three are named')
  // More than one chunk of a stream.
  const bytes = Buffer.alloc(300_000, 'ab')
  writeFileSync(file, bytes)
  writeFileSync(pub, (await keyring.openPgpPublicKey()).binary)
  for (const made of [await signer.signFile(file), await signer.signBinary(bytes)]) {
    writeFileSync(signature, made)
    await run(['gpgv', '--keyring', pub, signature, file])
  }
  const { pem, bits, signedBy } = await signer.rsaPublicKey()
  expect([bits, signedBy]).toEqual([4096, 'Holotype repository'])
  writeFileSync(pub, pem)
  writeFileSync(signature, await signer.signFileRsa(file))
  await run(['openssl', 'dgst', '-sha256', '-verify', pub, '-signature', signature, file])
  writeFileSync(file, 'other')
  await expect(run(['openssl', 'dgst', '-sha256', '-verify', pub, '-signature', signature, file])).rejects.toThrow()
  expect(modeOf(join(at(), 'repository-rsa.pem'))).toBe(0o600)
})
