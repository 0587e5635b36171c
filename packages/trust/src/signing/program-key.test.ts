import { chmodSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run } from '@holotype/base'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createKeyring, prepareChange, publishPrepared, readPublicKey, signPrepared } from '../index.ts'
import { makeWorld, START } from '../testing/world.ts'

/* Keys that a program holds: openssl and a PKCS #11 token sign what a site publishes. */

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'holotype-signer-'))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

const code = (expected: string) => expect.objectContaining({ code: expected })
const at = (name: string) => join(directory, name)

/** A program of lines of shell; the key id is `$1`. */
function program(name: string, ...lines: readonly string[]): string {
  writeFileSync(at(name), `#!/bin/sh\nset -eu\n${lines.join('\n')}\n`, { mode: 0o700 })
  return at(name)
}

/** A keyring whose timestamp key openssl holds. */
async function opensslKeyring(...lines: readonly string[]) {
  const keyring = await createKeyring(directory, { now: START })
  renameSync(at('timestamp.pem'), at('held-elsewhere.pem'))
  await run(['openssl', 'pkey', '-in', at('held-elsewhere.pem'), '-pubout', '-out', at('timestamp.pub')])
  program('timestamp.signer', ...lines)
  return keyring
}

const OPENSSL = [
  'cd "$(dirname "$0")"',
  'cat > to-sign',
  'exec openssl pkeyutl -sign -rawin -in to-sign -inkey held-elsewhere.pem',
]

test('a program signs for a role as a file would', async () => {
  const keyring = await opensslKeyring(...OPENSSL)
  const [signature] = await keyring.sign('timestamp', Buffer.from('bytes'))
  expect(signature?.sig).toHaveLength(128)
  expect(signature?.keyid).toBe(keyring.publicKey('timestamp').keyId)
})

test.each<[string, readonly string[]]>([
  ['fails', ['exit 3']],
  ['says nothing', ['cat > /dev/null']],
  ['signs something else', ['cd "$(dirname "$0")"', 'echo other > to-sign', ...OPENSSL.slice(2)]],
  ['talks beside the signature', [...OPENSSL.slice(0, 2), 'echo signing', OPENSSL[2] ?? '']],
  ['talks without end', ['yes']],
])('a program that %s gives no signature', async (_, lines) => {
  const keyring = await opensslKeyring(...lines)
  await expect(keyring.sign('timestamp', Buffer.from('bytes'))).rejects.toEqual(code('SIGNER_FAILED'))
})

test('a program that others could change is not started', async () => {
  const keyring = await opensslKeyring(...OPENSSL)
  chmodSync(at('timestamp.signer'), 0o777)
  await expect(keyring.sign('timestamp', Buffer.from('bytes'))).rejects.toEqual(code('KEY_PERMISSIONS'))
})

test('a key id and the bytes are all it is given: none of our environment', async () => {
  const keyring = await opensslKeyring('env > "$(dirname "$0")/env"', 'echo "$@" > "$(dirname "$0")/args"', 'exit 1')
  await keyring.sign('timestamp', Buffer.from('bytes')).catch(() => {})
  const { stdout } = await run(['cat', at('args'), at('env')])
  const [args, ...environment] = stdout.toString().trim().split('\n')
  expect(args).toBe(keyring.publicKey('timestamp').keyId)
  expect(environment.filter((line) => !/^(?:PATH|PWD|_|SHLVL)=/.test(line))).toEqual([])
})

const MODULE = '/usr/lib/softhsm/libsofthsm2.so'
const hasToken = await run(['pkcs11-tool', '--module', MODULE, '--show-info']).then(
  () => true,
  () => false,
)

describe.skipIf(!hasToken)('a PKCS #11 token (skipped, because softhsm2 or opensc is not installed)', () => {
  const tool = ['pkcs11-tool', '--module', MODULE, '--token-label', 'holotype', '--login', '--pin', '1234'] as const

  test.each([
    [
      'EC:prime256v1',
      'ECDSA',
      'openssl dgst -sha256 -binary | TOOL --sign --mechanism ECDSA --signature-format openssl --id 01',
    ],
    ['rsa:2048', 'RSA', 'TOOL --sign --mechanism SHA256-RSA-PKCS-PSS --id 01'],
  ])('a key of %s signs the root of a site, and clients follow', async (kind, _, line) => {
    await using world = await makeWorld()
    await world.publish(1)
    mkdirSync(at('tokens'))
    writeFileSync(at('softhsm2.conf'), `directories.tokendir = ${at('tokens')}\n`)
    const env = { PATH: '/usr/bin:/bin', SOFTHSM2_CONF: at('softhsm2.conf') }
    const init = ['softhsm2-util', '--init-token', '--free', '--label', 'holotype', '--so-pin', '1234', '--pin', '1234']
    await run(['env', ...init], { env })
    await run([...tool, '--keypairgen', '--key-type', kind, '--id', '01'], { env })
    await run([...tool, '--read-object', '--type', 'pubkey', '--id', '01', '-o', at('token.der')], { env })
    await run(['openssl', 'pkey', '-pubin', '-inform', 'DER', '-in', at('token.der'), '-out', at('token.pub')])
    const signer = program('token', `export SOFTHSM2_CONF=${at('softhsm2.conf')}`, line.replace('TOOL', tool.join(' ')))
    // The token's key beside the one of the keyring: both must sign.
    const change = at('change')
    const { key } = await readPublicKey(at('token.pub'))
    const options = { site: world.site, keyring: world.keyring, now: world.clock.now }
    await prepareChange({ ...options, directory: change, changes: [{ role: 'root', add: [key], threshold: 2 }] })
    await expect(publishPrepared(options, change)).rejects.toEqual(code('METADATA_UNSIGNED'))
    await signPrepared(change, { program: signer, publicFile: at('token.pub') })
    expect(await publishPrepared(options, change)).toEqual({ version: 2 })
    expect((await world.client().refresh('web')).statement.number).toBe(1)
  })
})
