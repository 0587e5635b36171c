import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run } from '@holotype/base'
import fc from 'fast-check'
import * as openpgp from 'openpgp'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createKeyring, type Keyring, verifyDetached } from '../index.ts'

const code = (expected: string) => expect.objectContaining({ code: expected })
// Not text: line ends and zero bytes must count as they are.
const BYTES = Buffer.from([0x1f, 0x8b, 0, 1, 13, 10, 10, 32, 9, 10, 0xff, 0xfe, 0])

let directory = ''
let keyring: Keyring
let own = ''
let signature: Buffer
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'holotype-detached-'))
  keyring = await createKeyring(join(directory, 'keys'))
  own = (await keyring.openPgpPublicKey()).armored
  signature = Buffer.from(await keyring.repositorySigner().detachSign(BYTES))
})
afterAll(() => rmSync(directory, { recursive: true, force: true }))

const binaryOf = async (armored: Buffer) => (await openpgp.unarmor(armored.toString())).data

describe('a detached signature', () => {
  test('is good armored and binary', async () => {
    await verifyDetached(BYTES, signature, [own])
    await verifyDetached(BYTES, await binary(), [own])
    await verifyDetached(BYTES, Buffer.from(`\n${signature.toString()}`), [own])
  })

  test('is refused over other bytes, of other keys, without keys, and when it is none', async () => {
    for (const bytes of [Buffer.concat([BYTES, Buffer.from('\n')]), BYTES.subarray(1), Buffer.alloc(0)])
      await expect(verifyDetached(bytes, signature, [own])).rejects.toEqual(code('SIGNATURE_INVALID'))
    const stranger = await createKeyring(join(directory, 'stranger'))
    const { armored } = await stranger.openPgpPublicKey()
    await expect(verifyDetached(BYTES, signature, [armored])).rejects.toEqual(code('SIGNATURE_UNKNOWN_KEY'))
    await expect(verifyDetached(BYTES, signature, [])).rejects.toEqual(code('SIGNATURE_UNKNOWN_KEY'))
    for (const none of [Buffer.alloc(0), Buffer.from('<html>'), Buffer.from(own), Buffer.alloc(1_000_000)])
      await expect(verifyDetached(BYTES, none, [own])).rejects.toEqual(code('SIGNATURE_INVALID'))
  })

  test('law: a changed byte of the signature is refused, or is one that nothing covers', async () => {
    const good = Buffer.from(await binary())
    await fc.assert(
      fc.asyncProperty(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
        const changed = Buffer.from(good)
        changed[at] = (changed[at] ?? 0) ^ flip
        await verifyDetached(BYTES, changed, [own]).catch((error: unknown) =>
          expect(error).toEqual(
            expect.objectContaining({ code: expect.stringMatching(/^SIGNATURE_(INVALID|UNKNOWN_KEY)$/) }),
          ),
        )
        // Whatever became of it, it is good for no other bytes.
        await expect(verifyDetached(Buffer.from('other'), changed, [own])).rejects.toThrow()
      }),
      { numRuns: 150 },
    )
  })

  const binary = () => binaryOf(signature)
})

describe.skipIf(!existsSync('/usr/bin/gpg'))('made by gpg (skipped where gpg is not installed)', () => {
  test.each(['rsa2048', 'ed25519'])('with a key of kind %s, armored and binary', async (kind) => {
    const home = join(directory, `gpg-${kind}`)
    mkdirSync(home, { mode: 0o700 })
    const gpg = (...args: string[]) =>
      run(['gpg', '--homedir', home, '--batch', '--pinentry-mode', 'loopback', '--passphrase', '', ...args])
    try {
      await gpg('--quick-generate-key', 'Archive <archive@example.org>', kind, 'sign', 'never')
      const [file, keys, sig, asc] = ['top', 'keys.gpg', 'top.sig', 'top.asc'].map((name) => join(home, name))
      if (!file || !keys || !sig || !asc) throw new Error('no paths')
      writeFileSync(file, BYTES)
      writeFileSync(keys, (await gpg('--export')).stdout)
      await gpg('--output', sig, '--detach-sign', file)
      await gpg('--armor', '--output', asc, '--detach-sign', file)
      for (const path of [sig, asc]) {
        await verifyDetached(BYTES, readFileSync(path), [keys])
        await expect(verifyDetached(BYTES.subarray(2), readFileSync(path), [keys])).rejects.toEqual(
          code('SIGNATURE_INVALID'),
        )
        await expect(verifyDetached(BYTES, readFileSync(path), [own])).rejects.toEqual(code('SIGNATURE_UNKNOWN_KEY'))
      }
    } finally {
      await run(['gpgconf', '--homedir', home, '--kill', 'all'])
    }
  })
})
