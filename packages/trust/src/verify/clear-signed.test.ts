import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run } from '@holotype/base'
import fc from 'fast-check'
import * as openpgp from 'openpgp'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createKeyring, type Keyring, verifyClearSigned } from '../index.ts'

const now = new Date()
const code = (expected: string) => expect.objectContaining({ code: expected })
const TEXT =
  'Origin: Acme\nSuite: stable\n- a dash\n-----BEGIN PGP SIGNED MESSAGE-----\nFrom here\n\nSHA256:\n 00 1 main/x\n'

let directory: string
let keyring: Keyring
let signed: string
let own: string
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'holotype-openpgp-'))
  keyring = await createKeyring(join(directory, 'keys'), { repositoryUser: 'Acme Linux <release@acme.example>' })
  signed = await keyring.repositorySigner().clearSign(TEXT)
  own = join(directory, 'own.gpg')
  writeFileSync(own, (await keyring.openPgpPublicKey()).binary)
})
afterAll(() => rmSync(directory, { recursive: true, force: true }))

describe('our own signatures', () => {
  test('give back the text, from a binary, an armored and an inline keyring', async () => {
    const { armored, fingerprint } = await keyring.openPgpPublicKey()
    const asc = join(directory, 'own.asc')
    // Several blocks in one file, as keyrings put together with cat have them.
    writeFileSync(asc, `${await strangerKey()}\n${armored}`)
    for (const source of [own, asc, armored]) expect(await verifyClearSigned(signed, [source])).toBe(TEXT)
    expect(fingerprint).toMatch(/^[0-9a-f]{40}$/)
    expect(armored).toContain('BEGIN PGP PUBLIC KEY BLOCK')
  })

  test('CRLF line ends are the same text', async () => {
    expect(await verifyClearSigned(signed.replaceAll('\n', '\r\n'), [own])).toBe(TEXT)
  })
})

async function strangerKey(): Promise<string> {
  const stranger = await createKeyring(join(directory, 'stranger'))
  return (await stranger.openPgpPublicKey()).armored
}

describe.skipIf(!existsSync('/usr/bin/gpgv'))('judged by gpgv (skipped where gpgv is not installed)', () => {
  test.each(['ed25519', 'rsa'] as const)('InRelease and Release.gpg of an %s key', async (repositoryKey) => {
    const keys = await createKeyring(join(directory, `keys-${repositoryKey}`), { repositoryKey })
    const gpg = join(directory, `${repositoryKey}.gpg`)
    writeFileSync(gpg, (await keys.openPgpPublicKey()).binary)
    const [inRelease, release, detached, out] = ['InRelease', 'Release', 'Release.gpg', 'out'].map((name) =>
      join(directory, name),
    )
    if (!inRelease || !release || !detached || !out) throw new Error('no paths')
    writeFileSync(inRelease, await keys.repositorySigner().clearSign(TEXT))
    writeFileSync(release, TEXT)
    writeFileSync(detached, await keys.repositorySigner().detachSign(TEXT))
    await run(['gpgv', '--keyring', gpg, '--output', out, inRelease])
    expect(readFileSync(out, 'utf8')).toBe(TEXT)
    await run(['gpgv', '--keyring', gpg, detached, release])
    writeFileSync(release, `${TEXT}x`)
    await expect(run(['gpgv', '--keyring', gpg, detached, release])).rejects.toEqual(code('PROCESS_FAILED'))
  })
})

const LISTS = '/var/lib/apt/lists'
const DEBIAN_KEYS = '/usr/share/keyrings/debian-archive-keyring.gpg'
const debian =
  existsSync(LISTS) && existsSync(DEBIAN_KEYS) ? readdirSync(LISTS).filter((name) => name.endsWith('_InRelease')) : []

describe.skipIf(debian.length === 0)(
  'Debian’s own (skipped where apt has no lists or the archive keyring is missing)',
  () => {
    test('every InRelease of this machine verifies, and is what gpgv makes of it', async () => {
      for (const name of debian) {
        const path = join(LISTS, name)
        const text = await verifyClearSigned(readFileSync(path, 'utf8'), [DEBIAN_KEYS])
        expect(text).toMatch(/^Origin: Debian/)
        if (!existsSync('/usr/bin/gpgv')) continue
        const out = join(directory, 'debian')
        await run(['gpgv', '--keyring', DEBIAN_KEYS, '--output', out, path])
        expect(text).toBe(readFileSync(out, 'utf8'))
      }
    })

    test('not with one byte changed, and not with our keys', async () => {
      const text = readFileSync(join(LISTS, debian[0] ?? ''), 'utf8')
      await expect(verifyClearSigned(text.replace('Origin: Debian', 'Origin: Debiam'), [DEBIAN_KEYS])).rejects.toEqual(
        code('SIGNATURE_INVALID'),
      )
      await expect(verifyClearSigned(text, [own])).rejects.toEqual(code('SIGNATURE_UNKNOWN_KEY'))
    })
  },
)

describe('refused', () => {
  const insertBefore = (marker: string, line: string) => (text: string) => text.replace(marker, `${line}\n${marker}`)
  const SIGNATURE = '-----BEGIN PGP SIGNATURE-----'

  test.each<[string, (text: string) => string]>([
    ['a changed text', (text) => text.replace('stable', 'stablf')],
    ['a line more', insertBefore(SIGNATURE, ' 00 1 main/evil')],
    ['a line less', (text) => text.replace(' 00 1 main/x\n', '')],
    ['text before the message (CVE-2013-1051)', (text) => `Origin: Evil\n\n${text}`],
    ['an empty line before the message', (text) => `\n${text}`],
    ['text after the signature', (text) => `${text}\nOrigin: Evil\n`],
    ['a second message after the first', (text) => `${text}${text}`],
    ['a header that is none of Hash', (text) => text.replace(/^Hash:/m, 'Origin: Evil\nHash:')],
    ['a header line that hides text', (text) => text.replace(/^Hash: .*$/m, (line) => `${line}\n\u00a0\nOrigin: Evil`)],
    ['an unescaped dash', (text) => text.replace('- - a dash', '-a dash')],
    ['a message in the message', insertBefore('- - a dash', '-----BEGIN PGP SIGNED MESSAGE-----')],
    ['no signature', (text) => text.slice(0, text.indexOf(SIGNATURE))],
    ['half a signature', (text) => text.slice(0, -60)],
    ['an empty signature', (text) => text.replace(/(BEGIN PGP SIGNATURE-----\n\n)[\s\S]*?(-----END)/, '$1$2')],
    ['a plain text', () => TEXT],
    ['nothing', () => ''],
  ])('%s', async (_, change) => {
    expect(change(signed)).not.toBe(signed)
    await expect(verifyClearSigned(change(signed), [own])).rejects.toEqual(code('SIGNATURE_INVALID'))
  })

  test('law: a changed character is refused, or changes nothing that is signed', async () => {
    const characters = ' \t\n\r-xA:\u00e9\u2028\0'.split('')
    await fc.assert(
      fc.asyncProperty(fc.nat(signed.length - 1), fc.constantFrom(...characters), async (at, character) => {
        const changed = signed.slice(0, at) + character + signed.slice(at + 1)
        const text = await verifyClearSigned(changed, [own]).catch((error: unknown) => {
          expect(error).toEqual(
            expect.objectContaining({ code: expect.stringMatching(/^SIGNATURE_(INVALID|UNKNOWN_KEY)$/) }),
          )
          return TEXT
        })
        expect(text).toBe(TEXT)
      }),
      { numRuns: 300 },
    )
  })

  test('every byte of the signature, one at a time', async () => {
    const first = signed.indexOf('\n\n', signed.indexOf(SIGNATURE)) + 2
    const last = signed.indexOf('-----END')
    expect(last - first).toBeGreaterThan(100)
    for (let at = first; at < last; at++)
      for (const character of 'Az+1'.replace(signed[at] ?? '', '')) {
        const changed = signed.slice(0, at) + character + signed.slice(at + 1)
        const found = await verifyClearSigned(changed, [own]).catch((error: unknown) => error)
        // Padding bits, the checksum and unsigned subpackets carry nothing of the text.
        if (found !== TEXT)
          expect(found).toEqual(
            expect.objectContaining({ code: expect.stringMatching(/^SIGNATURE_(INVALID|UNKNOWN_KEY)$/) }),
          )
      }
  })

  test('a key that nobody named', async () => {
    await expect(verifyClearSigned(signed, [await strangerKey()])).rejects.toEqual(code('SIGNATURE_UNKNOWN_KEY'))
    await expect(verifyClearSigned(signed, [])).rejects.toEqual(code('SIGNATURE_UNKNOWN_KEY'))
  })

  test('a signature from the future', async () => {
    const tomorrow = await keyring.repositorySigner(() => new Date(now.getTime() + 86_400_000)).clearSign(TEXT)
    await expect(verifyClearSigned(tomorrow, [own])).rejects.toEqual(code('SIGNATURE_INVALID'))
  })

  test('a keyring that is missing or none', async () => {
    const none = join(directory, 'none.gpg')
    writeFileSync(none, 'no keys in here')
    for (const path of [none, join(directory, 'nowhere.gpg')])
      await expect(verifyClearSigned(signed, [path])).rejects.toEqual(code('KEYRING_MALFORMED'))
  })
})

describe('keys that end', () => {
  const day = 86_400
  const made = new Date(now.getTime() - 10 * day * 1000)

  async function shortLived() {
    const { privateKey } = await openpgp.generateKey({
      type: 'ecc',
      curve: 'ed25519Legacy',
      userIDs: [{ name: 'short' }],
      subkeys: [],
      date: made,
      keyExpirationTime: 5 * day,
      format: 'object',
    })
    const message = await openpgp.createCleartextMessage({ text: TEXT })
    const text = await openpgp.sign({ message, signingKeys: privateKey, date: new Date(made.getTime() + day * 1000) })
    return { text, privateKey }
  }

  test('a good signature by a key that has expired since', async () => {
    const { text, privateKey } = await shortLived()
    const keys = [privateKey.toPublic().armor()]
    const before = new Date(made.getTime() + 2 * day * 1000)
    expect(await verifyClearSigned(text, keys, { now: before })).toBe(TEXT)
    await expect(verifyClearSigned(text, keys, { now })).rejects.toEqual(code('SIGNATURE_EXPIRED_KEY'))
  })

  test('a key that was revoked', async () => {
    const { text, privateKey } = await shortLived()
    const date = new Date(made.getTime() + 2 * day * 1000)
    const { publicKey } = await openpgp.revokeKey({ key: privateKey, date, format: 'object' })
    const at = new Date(made.getTime() + 3 * day * 1000)
    await expect(verifyClearSigned(text, [publicKey.armor()], { now: at })).rejects.toEqual(
      code('SIGNATURE_EXPIRED_KEY'),
    )
  })

  test('one good signature beside one of an unknown key is enough', async () => {
    const stranger = await createKeyring(join(directory, 'stranger-2'))
    const signingKeys = await Promise.all(
      [stranger, keyring].map(({ directory: of }) =>
        openpgp.readPrivateKey({ armoredKey: readFileSync(join(of, 'repository.asc'), 'utf8') }),
      ),
    )
    const message = await openpgp.createCleartextMessage({ text: TEXT.trimEnd() })
    const both = await openpgp.sign({ message, signingKeys })
    expect(await verifyClearSigned(both, [own])).toBe(TEXT)
  })
})
