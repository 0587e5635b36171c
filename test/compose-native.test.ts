import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { run, SYSTEM_PATH } from '@holotype/base'
import { formats } from '@holotype/formats'
import { layOut, readManifest } from '@holotype/image'
import { ingest, publish } from '@holotype/repository'
import { openStore } from '@holotype/store'
import { createKeyring } from '@holotype/trust'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { packageFields, writeHostBase } from '../packages/image/src/native/testing/host-base.ts'

/*
 * From an upstream's signed repository to an image by the command line, for the formats of Arch and Fedora; with programs of this machine.
 */

const HOLOTYPE = join(import.meta.dirname, '../bin/holotype')
const THEN = 1_600_000_000
const isRoot = process.getuid?.() === 0

let place: string
const at = (...parts: string[]) => join(place, ...parts)

beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), 'holotype-compose-native-'))
  chmodSync(place, 0o755)
})
afterEach(() => rmSync(place, { recursive: true, force: true }))

const SCRIPT = 'echo "hello runs" > /var/lib/hello\n'

/** A program with a script that runs at its installation, and the shell it needs. */
async function writePackages(format: 'alpm' | 'rpm'): Promise<string[]> {
  const end = format === 'alpm' ? '1-1-any.pkg.tar.zst' : '1-1.noarch.rpm'
  await writeHostBase(format, at(`base-${end}`))
  const bytes = Buffer.from('#!/bin/sh\necho hello\n')
  const owned = { uid: 0, gid: 0, mtime: THEN, ...(format === 'rpm' ? { owner: 'root', group: 'root' } : {}) }
  await formats[format].writePackage(at(`hello-${end}`), {
    fields: packageFields(
      format,
      'hello',
      format === 'alpm'
        ? [['depend', 'base']]
        : [
            ['REQUIRES', 'base >= 1'],
            ['POSTIN', SCRIPT],
            ['POSTINPROG', '/bin/sh'],
          ],
    ),
    control: new Map(
      format === 'alpm' ? [['.INSTALL', { bytes: Buffer.from(`post_install() { ${SCRIPT} }`), mode: 0o644 }]] : [],
    ),
    payload: [{ path: 'usr/bin/hello', type: 'file', mode: 0o755, ...owned, size: bytes.length, bytes }],
    epoch: THEN,
  })
  return [at(`base-${end}`), at(`hello-${end}`)]
}

async function holotype(...argv: string[]): Promise<string> {
  const { stdout } = await run([HOLOTYPE, ...argv], {
    cwd: at('acme'),
    env: { PATH: SYSTEM_PATH, HOME: place, CI: '1' },
    timeoutMs: 120_000,
  })
  return stdout.toString()
}

describe.skipIf(!isRoot)('an image of an upstream (skipped without root: images hold files of many owners)', () => {
  test.each([
    ['alpm', '    repositories: [far]\n', ['pacman', '--config', '/dev/null', '-Q'], ['base 1-1', 'hello 1-1']],
    ['rpm', '', ['rpm', '--dbpath', '/usr/lib/sysimage/rpm', '-qa'], ['base-1-1.noarch', 'hello-1-1.noarch']],
  ] as const)(
    'of %s packages is locked, composed and verified',
    { timeout: 180_000 },
    async (format, more, argv, installed) => {
      const keyring = await createKeyring(at('keys'), { now: new Date(THEN * 1000) })
      const repository = {
        store: openStore(at('far-store')),
        name: 'far',
        format: formats[format],
        component: 'main',
        signer: keyring.repositorySigner(() => new Date((THEN + 1) * 1000)),
      }
      for (const path of await writePackages(format)) await ingest(repository, path)
      const described = { origin: 'Far', label: 'Far', suite: 'far', codename: 'far', description: 'a sample' }
      await publish(repository, at('far'), { ...described, architectures: ['x86_64'], date: THEN + 1 })

      mkdirSync(at('acme/images'), { recursive: true })
      writeFileSync(at('acme/far.asc'), (await keyring.openPgpPublicKey()).armored)
      writeFileSync(
        at('acme/holotype.yaml'),
        `name: acme\nupstreams:\n  far:\n    format: ${format}\n    url: ${pathToFileURL(at('far')).href}\n${more}    keyring: far.asc\n`,
      )
      writeFileSync(at('acme/images/small.yaml'), 'packages: [hello]\n')
      await holotype('image', 'lock', 'small')
      expect(readFileSync(at('acme/images/small.lock'), 'utf8')).toContain(`format: ${format}`)
      const composed = await holotype('image', 'compose', 'small')
      expect(composed).toMatch(/2 packages/)
      expect(await holotype('image', 'verify', 'small')).toContain('the same, bit for bit')

      const store = openStore(at('acme/.holotype/store'))
      const image = /sha256:[0-9a-f]{64}/.exec(composed)?.[0] ?? ''
      if (!image.startsWith('sha256:')) throw new Error(composed)
      const root = layOut(store, readManifest(store, `sha256:${image.slice(7)}`))
      expect(readFileSync(join(root, 'var/lib/hello'), 'utf8')).toBe('hello runs\n')
      if (!existsSync(`/usr/bin/${argv[0]}`)) return
      const [program, ...rest] = argv
      const { stdout } = await run([program, '--root', root, ...rest], { env: { PATH: SYSTEM_PATH, HOME: place } })
      expect(stdout.toString().trim().split('\n').sort()).toEqual(installed)
    },
  )
})
