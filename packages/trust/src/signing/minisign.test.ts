import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run } from '@holotype/base'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { createKeyring, openKeyring } from '../signer.ts'
import { fileDigests, verifyMinisign } from '../verify/minisign.ts'

const directory = mkdtempSync(join(tmpdir(), 'holotype-minisign-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))
const keys = join(directory, 'keys')
const keyring = await createKeyring(keys, {})
const file = join(directory, 'image.raw')
const publicKeyFile = join(directory, 'minisign.pub')
writeFileSync(file, Buffer.alloc(3_000_000, 'disk'))
writeFileSync(publicKeyFile, keyring.exportsKey().publicKey())
const hasMinisign = await run(['minisign', '-v'], { okCodes: [0, 1, 2] }).then(
  () => true,
  () => false,
)

async function signed(comment = 'image sha256:00 file image.raw'): Promise<string> {
  return keyring.exportsKey().signDigest((await fileDigests(file)).blake2b, comment)
}

describe.skipIf(!hasMinisign)('minisign judges (skipped, because minisign is not installed)', () => {
  test('a signature of ours, and its trusted comment', async () => {
    writeFileSync(`${file}.minisig`, await signed())
    const { stdout } = await run(['minisign', '-V', '-p', publicKeyFile, '-m', file])
    expect(stdout.toString()).toContain('Trusted comment: image sha256:00 file image.raw')
  })

  test('it refuses one byte more and a changed comment', async () => {
    const other = join(directory, 'other.raw')
    writeFileSync(other, Buffer.concat([readFileSync(file), Buffer.from('x')]))
    writeFileSync(`${other}.minisig`, await signed())
    expect((await run(['minisign', '-V', '-p', publicKeyFile, '-m', other], { okCodes: [0, 1, 2] })).code).not.toBe(0)
    writeFileSync(`${file}.minisig`, (await signed()).replace('sha256:00', 'sha256:01'))
    expect((await run(['minisign', '-V', '-p', publicKeyFile, '-m', file], { okCodes: [0, 1, 2] })).code).not.toBe(0)
  })

  test('a signature of minisign is good for us', async () => {
    const secret = join(directory, 'theirs.key')
    const theirs = join(directory, 'theirs.pub')
    await run(['minisign', '-G', '-W', '-s', secret, '-p', theirs])
    await run(['minisign', '-S', '-s', secret, '-m', file, '-x', join(directory, 'theirs.minisig'), '-t', 'a comment'])
    const { blake2b } = await fileDigests(file)
    const text = readFileSync(join(directory, 'theirs.minisig'), 'utf8')
    expect(verifyMinisign(blake2b, text, readFileSync(theirs, 'utf8'))).toBe('a comment')
    expect(() => verifyMinisign(blake2b, text, keyring.exportsKey().publicKey())).toThrow(/another key/)
  })
})

test('the same file, key and comment give the same signature, also when the keyring is opened again', async () => {
  expect(await signed()).toBe(
    (await openKeyring(keys))
      .exportsKey()
      .signDigest((await fileDigests(file)).blake2b, 'image sha256:00 file image.raw'),
  )
})

test('no changed character of a signature holds, but of the comment nobody signs', async () => {
  const { blake2b } = await fileDigests(file)
  const text = await signed()
  const publicKey = keyring.exportsKey().publicKey()
  const from = text.indexOf('\n') + 1
  fc.assert(
    fc.property(fc.integer({ min: from, max: text.length - 2 }), fc.integer({ min: 33, max: 126 }), (at, code) => {
      const other = String.fromCharCode(code)
      fc.pre(text[at] !== other)
      const changed = text.slice(0, at) + other + text.slice(at + 1)
      // Base64's last digits hold bits that no byte has: the same signature, spelled otherwise.
      fc.pre(
        changed
          .split('\n')
          .some((line, index) =>
            ![1, 3].includes(index)
              ? line !== text.split('\n')[index]
              : !Buffer.from(line, 'base64').equals(Buffer.from(text.split('\n')[index] ?? '', 'base64')),
          ),
      )
      expect(() => verifyMinisign(blake2b, changed, publicKey)).toThrow(/minisign/)
    }),
  )
})
