import { copyFileSync, existsSync, lstatSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { run, SYSTEM_PATH } from '@holotype/base'
import { expect, test } from 'vitest'
import type { PackageToWrite, PayloadEntry } from '../types.ts'
import { haveTools, scratch, skipReason } from '../testing/tools.ts'
import { readInstalled } from './installed.ts'
import { readPackage } from './package-read.ts'
import { writePackage } from './package-write.ts'
import { sampleFields } from './testing.ts'
import { pacmanIn } from './testing-pacman.ts'

const LONG = 'd'.repeat(120)
const root = { mode: 0o755, uid: 0, gid: 0, mtime: 1_700_000_000, size: 0 }
/** cap_net_raw=ep, as the kernel has it in security.capability. */
const CAPABILITY = Buffer.from('0100000200200000000000000000000000000000', 'hex').toString('base64')

function file(path: string, text: string, more: Partial<PayloadEntry> = {}): PayloadEntry & { bytes: Buffer } {
  const bytes = Buffer.from(text)
  return { ...root, path, type: 'file', mode: 0o644, size: bytes.length, bytes, ...more }
}

/** All that a package may hold, but for devices and pipes, of which pacman 6 knows no check. */
const payload: PackageToWrite['payload'] = [
  { ...root, path: '', type: 'directory' },
  file('etc/ours.conf', 'setting'),
  file('usr/bin/ours', '#!/bin/sh\n', { mode: 0o4755 }),
  { ...root, path: 'usr/bin/hard', type: 'hardlink', mode: 0o4755, target: 'usr/bin/ours' },
  { ...root, path: 'usr/bin/symbolic', type: 'symlink', mode: 0o777, target: 'ours' },
  file('usr/bin/capable', 'x', { mode: 0o755, xattrs: { 'security.capability': CAPABILITY } }),
  { ...root, path: 'usr/share/empty', type: 'directory', mode: 0o2750 },
  file('usr/share/a b#c=/ünï\\x', 'odd'),
  file(`usr/share/${LONG}/${LONG}ü`, 'long'),
  { ...root, path: 'usr/share/far', type: 'symlink', mode: 0o777, target: `/etc/${LONG}ü` },
  file('usr/share/owned', 'z', { uid: 1000, gid: 3_000_000, mode: 0o600 }),
]

const content: PackageToWrite = {
  fields: sampleFields('ours', '1:1.0-1', [['backup', 'etc/ours.conf']]),
  control: new Map([
    ['.INSTALL', { bytes: Buffer.from('post_install() { echo "scriptlet $1" >/usr/share/ran; }\n'), mode: 0o644 }],
    ['.CHANGELOG', { bytes: Buffer.from('first\n'), mode: 0o644 }],
  ]),
  payload,
  epoch: 1_700_000_000,
}

/** Puts a shell and its libraries into a root: pacman runs scripts in it. */
async function addShell(directory: string): Promise<void> {
  const { stdout } = await run(['ldd', '/bin/dash'], { env: { PATH: SYSTEM_PATH } })
  const libraries = [...stdout.toString().matchAll(/(\/\S+) \(0x/g)].map(([, path = '']) => path)
  for (const [from, to] of [['/bin/dash', '/bin/sh'] as const, ...libraries.map((path) => [path, path] as const)]) {
    mkdirSync(dirname(`${directory}${to}`), { recursive: true })
    copyFileSync(from, `${directory}${to}`)
  }
}

const TOOLS = ['pacman', 'bsdtar', 'ldd', 'dash'] as const

test.skipIf(!haveTools(...TOOLS) || process.getuid?.() !== 0)(
  `pacman installs a package of ours, runs its script, checks and removes it${skipReason(...TOOLS)}`,
  async () => {
    using directory = scratch()
    await writePackage(directory.at('ours.pkg.tar.zst'), content)
    await addShell(directory.at('root'))
    const pacman = await pacmanIn(directory.at('root'), { config: ['SigLevel = Never'] })
    const installed = await pacman(['-U', directory.at('ours.pkg.tar.zst')])
    expect(installed.code, installed.stderr).toBe(0)
    expect(readFileSync(directory.at('root/usr/share/ran'), 'utf8')).toBe('scriptlet 1:1.0-1\n')
    const checked = await pacman(['-Qkk'])
    expect(checked.stderr).toBe('')
    expect(checked.stdout.toString()).toMatch(/^ours: \d+ total files, 0 altered files\n$/)
    const at = (path: string) => directory.at('root', path)
    expect(statSync(at('usr/bin/hard')).ino).toBe(statSync(at('usr/bin/ours')).ino)
    expect(statSync(at('usr/bin/ours')).mode & 0o7777).toBe(0o4755)
    expect(lstatSync(at('usr/share/owned'))).toMatchObject({ uid: 1000, gid: 3_000_000 })
    expect(statSync(at('usr/share/empty')).mode & 0o7777).toBe(0o2750)
    expect(readFileSync(at(`usr/share/${LONG}/${LONG}ü`), 'utf8')).toBe('long')
    if (haveTools('getcap'))
      expect((await run(['getcap', at('usr/bin/capable')])).stdout.toString()).toContain('cap_net_raw=ep')
    expect((await pacman(['-Qc', 'ours'])).stdout.toString()).toContain('first\n')
    expect((await pacman(['-Q'])).stdout.toString()).toBe('ours 1:1.0-1\n')
    expect(readInstalled(directory.at('root'))).toEqual([
      {
        name: 'ours',
        version: '1:1.0-1',
        architecture: 'x86_64',
        source: 'ours',
        state: 'installed',
        origin: 'Jane Doe <jane@example.org>',
      },
    ])
    // The check is one that can fail.
    writeFileSync(at('usr/share/owned'), 'Z')
    expect((await pacman(['-Qkk'])).stdout.toString()).toContain('1 altered file')
    expect((await pacman(['-R', 'ours'])).code).toBe(0)
    expect(existsSync(at('usr/bin/ours'))).toBe(false)
    expect(readInstalled(directory.at('root'))).toEqual([])
  },
)

test.skipIf(!haveTools('bsdtar'))(
  `bsdtar lists what was written, whichever its compression${skipReason('bsdtar')}`,
  async () => {
    using directory = scratch()
    const env = { PATH: SYSTEM_PATH, LC_ALL: 'C.UTF-8' }
    for (const compression of ['none', 'gz', 'xz', 'zst'] as const) {
      await writePackage(directory.at(compression), { ...content, compression })
      const { stdout } = await run(['bsdtar', '-tf', directory.at(compression)], { env })
      const listed = stdout.toString().trimEnd().split('\n')
      expect(listed.slice(0, 5)).toEqual(['.CHANGELOG', '.INSTALL', '.MTREE', '.PKGINFO', './'])
      const found: string[] = []
      const { record } = await readPackage(directory.at(compression), ({ path, type }) => {
        if (path !== '') found.push(type === 'directory' ? `${path}/` : path)
      })
      expect(record.name).toBe('ours')
      expect(listed.slice(5).map((name) => name.replaceAll('\\\\', '\\'))).toEqual(found)
    }
  },
)
