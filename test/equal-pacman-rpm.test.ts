import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { type Digest, run, SYSTEM_PATH } from '@holotype/base'
import { formats, type PackageToWrite } from '@holotype/formats'
import { openStore } from '@holotype/store'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DELIBERATE_DIFFERENCES as OF_PACMAN } from '../packages/image/src/native/alpm/differences.ts'
import { DELIBERATE_DIFFERENCES as OF_RPM } from '../packages/image/src/native/rpm/differences.ts'
import { composeFiles } from '../packages/image/src/native/testing/compose-files.ts'
import { packageFields } from '../packages/image/src/native/testing/host-base.ts'
import { differences, listDirectory, listImage } from '../packages/image/src/native/testing/native-tree.ts'
import { skipReason } from '../packages/image/src/native/testing/tools.ts'
import { keptPackage, realLocks, unfitForComposing } from './testing/real-packages.ts'

/*
 * Real payloads, those of Debian's packages, as packages of pacman's and rpm's: an image of them equals what pacman and rpm install of them.
 * Without their scripts, which are dpkg's.
 */

type Member = PackageToWrite['payload'][number]

const ASKED = ['bash', 'login', 'openssh-client', 'iputils-ping', 'tzdata']
/** What many others have files beside, set-user-id programs, groups of their own, thousands of links. */
const TAKEN = new Set([
  ...['base-files', 'base-passwd', 'bash', 'coreutils', 'login', 'mount', 'openssh-client', 'iputils-ping', 'passwd'],
  ...['perl-base', 'tar', 'tzdata', 'util-linux', 'libc6', 'zlib1g', 'libpam-modules', 'ncurses-base'],
])

const unfit = unfitForComposing()
const reason =
  process.env['EQUAL_LOCKS'] === undefined
    ? ' (skipped, because it takes minutes: `make equal` runs it)'
    : unfit === undefined
      ? skipReason('pacman', 'rpm')
      : ` (skipped, because it ${unfit})`

let place: string
const payloads = new Map<string, Member[]>()

describe.skipIf(reason !== '')(`real payloads${reason}`, () => {
  beforeAll(async () => {
    place = mkdtempSync(join(tmpdir(), 'holotype-equal-'))
    const lock = (await realLocks({ shell: ASKED })).get('shell')
    for (const { name, sha256 } of lock?.packages ?? []) {
      const digest: Digest = `sha256:${sha256}`
      if (TAKEN.has(name)) payloads.set(name, await payloadOf(keptPackage(digest)))
    }
    payloads.set('accounts', accounts())
  }, 240_000)
  afterAll(() => rmSync(place, { recursive: true, force: true }))

  test('as packages of pacman', { timeout: 120_000 }, async () => {
    const files = await write('alpm')
    const root = join(place, 'pacman')
    mkdirSync(join(root, 'var/lib/pacman'), { recursive: true })
    const own = ['--root', root, '--config', '/dev/null', '--noconfirm', '--logfile', '/dev/null', '--cachedir', place]
    const env = { PATH: SYSTEM_PATH, LC_ALL: 'C.UTF-8' }
    await run(['pacman', ...own, '-U', ...files], { env })
    const store = openStore(join(place, 'alpm-store'))
    const { manifest } = await composeFiles(store, 'alpm', files)
    const theirs = await listDirectory(root)
    expect(theirs.size).toBeGreaterThan(3000)
    expect(differences(listImage(store, manifest), theirs, OF_PACMAN)).toEqual([])
  })

  test('as packages of rpm', { timeout: 120_000 }, async () => {
    const files = await write('rpm')
    const root = join(place, 'rpm')
    mkdirSync(root)
    const env = { PATH: SYSTEM_PATH, LC_ALL: 'C.UTF-8', HOME: place }
    await run(['rpm', '--root', root, '--dbpath', '/usr/lib/sysimage/rpm', '--nosignature', '-U', ...files], { env })
    const store = openStore(join(place, 'rpm-store'))
    const { manifest } = await composeFiles(store, 'rpm', files)
    const theirs = await listDirectory(root)
    expect(theirs.size).toBeGreaterThan(3000)
    expect(differences(listImage(store, manifest), theirs, OF_RPM)).toEqual([])
  })
})

async function payloadOf(path: string): Promise<Member[]> {
  const members: Member[] = []
  await formats.deb.readPackage(path, async (entry, content) => {
    const chunks: Uint8Array[] = []
    if (entry.type === 'file') for await (const chunk of content) chunks.push(chunk)
    if (entry.path !== '')
      members.push({ ...entry, ...(entry.type === 'file' ? { bytes: Buffer.concat(chunks) } : {}) })
  })
  return members
}

/** Who owns files of these packages, by Debian's numbers (base-passwd). */
function accounts(): Member[] {
  const text = (path: string, content: string): Member => {
    const bytes = Buffer.from(content)
    const owned = { uid: 0, gid: 0, owner: 'root', group: 'root' }
    return { path, type: 'file', mode: 0o644, ...owned, mtime: 1_600_000_000, size: bytes.length, bytes }
  }
  return [
    text('etc/passwd', 'root:x:0:0::/root:/bin/bash\nman:x:6:12::/:/bin/false\n'),
    text(
      'etc/group',
      'root:x:0:\ntty:x:5:\nmail:x:8:\nman:x:12:\nshadow:x:42:\nutmp:x:43:\nstaff:x:50:\n_ssh:x:101:\n',
    ),
  ]
}

async function write(format: 'alpm' | 'rpm'): Promise<string[]> {
  const files: string[] = []
  for (const [name, payload] of payloads) {
    const path = join(place, `${name}-1-1${format === 'alpm' ? '-any.pkg.tar.zst' : '.noarch.rpm'}`)
    await formats[format].writePackage(path, {
      // rpm gives a file to an account that is there when the file is unpacked.
      fields: packageFields(format, name, format === 'rpm' && name !== 'accounts' ? [['REQUIRES', 'accounts']] : []),
      control: new Map(),
      payload,
      epoch: 1_600_000_000,
      compression: 'none',
    })
    files.push(path)
  }
  return files.sort((a, b) => (basename(a) < basename(b) ? -1 : 1))
}
