import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { silent } from '@holotype/base'
import { imageSchema } from '@holotype/distribution'
import { openStore } from '@holotype/store'
import { expect, test } from 'vitest'
import { resolveSpec } from '../spec/resolve-spec.ts'
import { temporaryDirectory } from '../testing/temporary.ts'
import { compose } from './compose.ts'
import { requireRunnable } from './host-platform.ts'

/** As Debian's qemu-user-static registers it. */
const AARCH64 = [
  'enabled',
  'interpreter /usr/libexec/qemu-binfmt/aarch64-binfmt-P',
  'flags: POCF',
  'offset 0',
  'magic 7f454c460201010000000000000000000200b700',
  'mask ffffffffffffff00fffffffffffffffffeffffff',
].join('\n')
const FOREIGN = expect.objectContaining({ code: 'IMAGE_ARCHITECTURE_FOREIGN' })

function handlers(entry: string, status = 'enabled'): string {
  const directory = join(temporaryDirectory(), 'binfmt')
  mkdirSync(directory)
  for (const [name, text] of [
    ['status', `${status}\n`],
    ['register', ''],
    ['python3.11', 'enabled\ninterpreter /usr/bin/python3.11\nflags: F\noffset 0\nmagic a70d0d0a\n'],
    ['qemu-aarch64', `${entry}\n`],
  ] as const)
    writeFileSync(join(directory, name), text)
  return directory
}

test('what the machine runs by itself is run, by each name of it', () => {
  for (const [architecture, host] of [
    ['amd64', 'x64'],
    ['x86_64', 'x64'],
    ['arm64', 'arm64'],
    ['aarch64', 'arm64'],
  ] as const)
    requireRunnable(architecture, { host, handlers: '/nowhere' })
})

test('a foreign platform is refused, unless the kernel has a handler that an image need not hold', () => {
  for (const architecture of ['arm64', 'aarch64']) {
    const on = (directory: string) => () => requireRunnable(architecture, { host: 'x64', handlers: directory })
    expect(on('/nowhere')).toThrow(FOREIGN)
    expect(on(handlers(AARCH64))).not.toThrow()
    expect(on(handlers(AARCH64, 'disabled'))).toThrow(FOREIGN)
    expect(on(handlers(AARCH64.replace('enabled', 'disabled')))).toThrow(FOREIGN)
    expect(on(handlers(AARCH64.replace('POCF', 'POC')))).toThrow(FOREIGN)
    expect(on(handlers(AARCH64.replace('0200b700', '0200f300')))).toThrow(FOREIGN)
  }
  expect(() => requireRunnable('amd64', { host: 'arm64', handlers: handlers(AARCH64) })).toThrow(FOREIGN)
})

test.skipIf(process.getuid?.() !== 0)('nothing is composed before it is known (skipped without root)', async () => {
  const store = openStore(join(temporaryDirectory(), 'store'))
  const spec = resolveSpec(store, { name: 'far', spec: imageSchema.parse({ packages: ['none'] }), directory: '/' })
  const architecture = process.arch === 'arm64' ? 'amd64' : 'arm64'
  const lock = {
    schema: 'holotype.lock/1',
    image: 'far',
    format: 'deb',
    architecture,
    snapshots: {},
    packages: [],
  } as const
  await expect(compose({ store, lock, spec, progress: silent })).rejects.toThrow(FOREIGN)
})
