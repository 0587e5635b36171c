import { spawnSync } from 'node:child_process'
import { readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { formats } from '@holotype/formats'
import { createKeyring } from '@holotype/trust'
import { expect, it } from 'vitest'
import { testFolder } from '../testing/folder.ts'
import { OWN_SETTINGS, ownRepository } from '../testing/own.ts'
import { pacmanWith } from '../testing/pacman.ts'
import { THEN } from '../testing/upstream.ts'
import { ingest } from './ingest.ts'
import { publish } from './publish.ts'

const hasPacman = ['pacman', 'gpg'].every((program) => spawnSync(program, ['--version']).status === 0)
const isRoot = process.getuid?.() === 0
const reason = hasPacman
  ? isRoot
    ? ''
    : ' (skipped, because pacman wants root)'
  : ' (skipped, because there is no pacman)'

const folder = testFolder()

async function writePackage(version: string): Promise<string> {
  const path = join(folder, `hello-${version}-x86_64.pkg.tar.zst`)
  const bytes = Buffer.from(`hello ${version}\n`)
  await formats.alpm.writePackage(path, {
    fields: [
      ['pkgname', 'hello'],
      ['pkgbase', 'hello'],
      ['pkgver', version],
      ['pkgdesc', 'a sample'],
      ['url', 'https://example.org'],
      ['builddate', String(THEN)],
      ['packager', 'Test <test@example.org>'],
      ['size', '12'],
      ['arch', 'x86_64'],
      ['license', 'MIT'],
    ],
    control: new Map(),
    payload: [
      { path: 'usr', type: 'directory', mode: 0o755, uid: 0, gid: 0, mtime: THEN, size: 0 },
      { path: 'usr/hello', type: 'file', mode: 0o644, uid: 0, gid: 0, mtime: THEN, size: bytes.length, bytes },
    ],
    epoch: THEN,
  })
  return path
}

function emptyCache(directory: string): void {
  for (const name of readdirSync(directory)) rmSync(join(directory, name), { recursive: true })
}

it.skipIf(!hasPacman || !isRoot)(
  `a publisher that is stopped after any of its steps never shows pacman an error${reason}`,
  async () => {
    const keys = await createKeyring(join(folder, 'keys'), { now: new Date((THEN - 60) * 1000) })
    const key = await keys.openPgpPublicKey()
    const repository = await ownRepository(folder, 'acme', 'alpm')
    const base = join(folder, 'base')
    const settings = { ...OWN_SETTINGS, architectures: ['x86_64'] }
    await ingest(repository, await writePackage('1.0-1'))
    await publish(repository, base, settings)
    await ingest(repository, await writePackage('1.1-1'))
    const pacman = await pacmanWith(join(folder, 'new'), base, key)
    const old = await pacmanWith(join(folder, 'old'), base, key)
    const good = async (client: typeof pacman, task: string, ...argv: readonly string[]) => {
      const { code, stdout, stderr } = await client(...argv)
      expect(`${code} ${stderr}`, `${task}: pacman ${argv.join(' ')}\n${stdout.toString()}`).toBe('0 ')
      return stdout.toString()
    }
    await good(old, 'before', '-Sy')
    const seen: string[] = []
    await publish(repository, base, {
      ...settings,
      afterStep: async (step) => {
        const task = `after ${JSON.stringify(step).slice(0, 200)}`
        for (const machine of ['new', 'old']) emptyCache(join(folder, machine, 'var/cache'))
        await good(old, `${task}, an old database`, '-Sw', 'hello')
        await good(pacman, task, '-Syy')
        await good(pacman, task, '-Sw', 'hello')
        seen.push(await good(pacman, task, '-Sl'))
      },
    })
    const [before, after] = ['stable hello 1.0-1\n', 'stable hello 1.1-1\n']
    expect(seen.at(0)).toBe(before)
    // One version of a name: pacman calls a database with two inconsistent.
    expect(seen.at(-1)).toBe(after)
    // A database that is not the one its signature covers is seen: this test can fail.
    rmSync(join(base, 'stable.db.sig'))
    writeFileSync(join(base, 'stable.db.sig'), 'no signature')
    expect((await pacman('-Syy')).code).toBe(1)
  },
)
