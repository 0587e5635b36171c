import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { canonicalJson, digestOf } from '@holotype/base'
import { openStore } from '@holotype/store'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { FileChange, ImageDiff, PackageChange } from '../types.ts'
import { unpackedKey } from '../unpack/unpacked.ts'
import { diffImages } from './diff-images.ts'
import {
  changelogEntry,
  storeImage,
  type SyntheticFile,
  type SyntheticImage,
  type SyntheticPackage,
} from './testing/synthetic-image.ts'
import { temporaryDirectory } from './testing/temporary.ts'

const store = openStore(join(temporaryDirectory(), 'store'))

function diffOf(before: SyntheticImage, after: SyntheticImage): ImageDiff {
  return diffImages(store, storeImage(store, before), storeImage(store, after)).diff
}

function fileDiff(
  before: Record<string, SyntheticFile | string>,
  after: Record<string, SyntheticFile | string>,
): FileChange[] {
  return [...diffOf({ files: before }, { files: after }).files].filter(
    (file) => (file.after ?? file.before)?.type !== 'directory',
  )
}

function packageDiff(
  before: readonly SyntheticPackage[],
  after: readonly SyntheticPackage[],
): readonly PackageChange[] {
  return diffOf({ packages: before }, { packages: after }).packages
}

const fixtures = fc.array(
  fc.record({
    path: fc.constantFrom('etc/a', 'etc/ssh/sshd_config', 'usr/bin/b', 'usr/lib/libx.so.1', 'usr/share/doc/d', 'f'),
    file: fc.oneof(
      fc.record({
        content: fc.constantFrom('', 'one\ntwo\n', 'three', '\0'),
        mode: fc.constantFrom(0o644, 0o4755, 0o666),
      }),
      fc.record({ link: fc.constantFrom('x', '/dev/null') }),
    ),
  }),
  { maxLength: 6 },
)
const images = fc
  .record({ files: fixtures, version: fc.constantFrom('1.0-1', '1.1-1', '2:0-1'), extra: fc.boolean() })
  .map(
    ({ files, version, extra }): SyntheticImage => ({
      files: Object.fromEntries(files.map(({ path, file }) => [path, file])),
      packages: [
        { name: 'tool', version, files: { 'usr/bin/tool': version } },
        ...(extra ? [{ name: 'libssl3', source: 'openssl', version: '3.0.1-1' }] : []),
      ],
    }),
  )

describe('diffImages', () => {
  it('finds nothing between an image and itself', () => {
    fc.assert(
      fc.property(images, (image) => {
        const digest = storeImage(store, image)
        const { diff } = diffImages(store, digest, digest)
        expect(diff.packages).toEqual([])
        expect(diff.files).toEqual([])
        expect(diff.summary).toEqual({
          packages: { added: 0, removed: 0, changed: 0 },
          files: { added: 0, removed: 0, changed: 0, metadata: 0 },
          bytes: 0,
          setuid: 0,
          capabilities: 0,
          cves: [],
          high: 0,
        })
      }),
      { numRuns: 25 },
    )
  })

  it('is sorted by risk, stored as it is, and mirrors itself the other way round', () => {
    fc.assert(
      fc.property(images, images, (a, b) => {
        const [from, to] = [storeImage(store, a), storeImage(store, b)]
        const { digest, diff } = diffImages(store, from, to)
        expect(store.read(digest).toString()).toBe(canonicalJson(diff))
        const order = ['high', 'medium', 'low', 'none']
        for (const list of [diff.packages, diff.files]) {
          const risks = list.map(({ risk }) => order.indexOf(risk))
          expect(risks).toEqual([...risks].sort((x, y) => x - y))
          for (const { risk, reasons } of list) expect(risk === 'none' || reasons.length > 0).toBe(true)
        }
        const back = diffImages(store, to, from).diff
        expect(back.summary.bytes).toBe(0 - diff.summary.bytes)
        expect(back.summary.files.added).toBe(diff.summary.files.removed)
        expect(new Set(back.files.map(({ path }) => path))).toEqual(new Set(diff.files.map(({ path }) => path)))
        expect(new Set(back.packages.map(({ name }) => name))).toEqual(new Set(diff.packages.map(({ name }) => name)))
      }),
      { numRuns: 25 },
    )
  })

  it('does not take another time for a change', () => {
    const image: SyntheticImage = {
      packages: [
        { name: 'p', version: '1', files: { 'usr/bin/p': { content: 'x', mode: 0o755 }, 'usr/l': { link: 'x' } } },
      ],
    }
    const diff = diffOf({ ...image, mtime: 1 }, { ...image, mtime: 2 })
    expect(diff.files).toEqual([])
    expect(diff.summary.files).toEqual({ added: 0, removed: 0, changed: 0, metadata: 0 })
  })

  it('names each path with its owner and both sides', () => {
    const [file] = diffOf(
      { packages: [{ name: 'p', version: '1', files: { 'usr/bin/p': { content: 'x', mode: 0o755 } } }] },
      { packages: [{ name: 'p', version: '1', files: { 'usr/bin/p': { content: 'xyz', mode: 0o700, uid: 1 } } }] },
    ).files
    expect(file).toMatchObject({
      change: 'changed',
      path: '/usr/bin/p',
      owner: 'package:p',
      risk: 'medium',
      before: { type: 'file', mode: 0o755, uid: 0, size: 1, digest: digestOf('x') },
      after: { type: 'file', mode: 0o700, uid: 1, size: 3, digest: digestOf('xyz') },
    })
  })

  it('refuses what is no image', () => {
    const image = storeImage(store, {})
    for (const value of [{}, { schema: 'holotype.image/2' }, [], 7])
      expect(() => diffImages(store, image, store.putJson(value))).toThrow(
        expect.objectContaining({ code: 'IMAGE_MALFORMED' }),
      )
    expect(() => diffImages(store, image, digestOf('none'))).toThrow(
      expect.objectContaining({ code: 'OBJECT_MISSING' }),
    )
  })

  it('compares two images of 25,000 files in a few seconds', () => {
    const make = (generation: number): SyntheticImage => {
      const files: Record<string, string> = {}
      for (let index = 0; index < 25_000; index++) {
        const changes = index % 5 === 0
        // Few distinct contents: what is measured is the diff, not the disk.
        files[`usr/share/d${index % 300}/f${index}`] =
          `line
`.repeat(20) +
          (changes
            ? `${generation}
`
            : '') +
          (index % 50)
      }
      return { files }
    }
    const [from, to] = [storeImage(store, make(1)), storeImage(store, make(2))]
    const start = process.cpuUsage()
    const { diff } = diffImages(store, from, to)
    expect(diff.summary.files).toEqual({ added: 0, removed: 0, changed: 5000, metadata: 0 })
    // 1 s and less.
    expect(process.cpuUsage(start).user).toBeLessThan(10_000_000)
  })
})

describe('the risk of a file', () => {
  const NET_RAW = 'AQAAAgAgAAAAAAAAAAAAAAAAAAA='
  const program: SyntheticFile = { content: 'x', mode: 0o755 }
  const wants = 'etc/systemd/system/multi-user.target.wants'
  it.each<[string, string, SyntheticFile | string | undefined, SyntheticFile | string | undefined, string, RegExp]>([
    ['setuid gained', 'usr/bin/x', program, { ...program, mode: 0o4755 }, 'high', /becomes setuid root/],
    ['a new setuid program', 'usr/bin/x', undefined, { ...program, mode: 0o4755 }, 'high', /becomes setuid root/],
    ['setgid gained', 'usr/bin/x', program, { ...program, mode: 0o2755, gid: 42 }, 'high', /becomes setgid 42/],
    ['setuid lost', 'usr/bin/x', { ...program, mode: 0o4755 }, program, 'medium', /no longer setuid/],
    [
      'a setuid program changed',
      'usr/bin/x',
      { ...program, mode: 0o4755 },
      { content: 'y', mode: 0o4755 },
      'medium',
      /setuid or setgid program changes/,
    ],
    [
      'a setuid program of another user',
      'usr/bin/x',
      { ...program, mode: 0o4755, uid: 5 },
      { ...program, mode: 0o4755 },
      'high',
      /now runs as root:root/,
    ],
    [
      'capabilities gained',
      'usr/bin/ping',
      program,
      { ...program, capabilities: NET_RAW },
      'high',
      /become cap_net_raw=ep/,
    ],
    [
      'capabilities lost',
      'usr/bin/ping',
      { ...program, capabilities: NET_RAW },
      program,
      'medium',
      /loses capabilities cap_net_raw=ep/,
    ],
    ['a file for everybody to write', 'srv/x', 'a', { content: 'a', mode: 0o666 }, 'high', /writable by everybody/],
    [
      'a directory for everybody to write',
      'srv/x',
      { directory: true },
      { directory: true, mode: 0o777 },
      'high',
      /writable by everybody/,
    ],
    [
      'a directory like /tmp',
      'srv/x',
      { directory: true },
      { directory: true, mode: 0o1777 },
      'low',
      /mode 0755 becomes 1777/,
    ],
    ['another owner', 'srv/x', 'a', { content: 'a', uid: 33 }, 'medium', /owner 0:0 becomes 33:0/],
    ['a device', 'srv/x', undefined, { device: [1, 3] }, 'medium', /character device \(1, 3\)/],
    ['another type', 'usr/share/x', 'a', { link: 'b' }, 'medium', /was a file, becomes a symlink/],
    ['sudo', 'etc/sudoers.d/x', undefined, 'x ALL=(ALL) ALL\n', 'high', /become root/],
    ['PAM', 'etc/pam.d/login', 'a', 'b', 'high', /PAM/],
    ['sshd', 'etc/ssh/sshd_config', 'a', 'b', 'high', /sshd/],
    [
      'a new listening socket',
      'etc/systemd/system/sockets.target.wants/x.socket',
      undefined,
      { link: '/usr/lib/systemd/system/x.socket' },
      'high',
      /it listens/,
    ],
    [
      'a new service',
      `${wants}/x.service`,
      undefined,
      { link: '/usr/lib/systemd/system/x.service' },
      'medium',
      /starts with multi-user/,
    ],
    [
      'a service that starts no more',
      `${wants}/x.service`,
      { link: '/usr/lib/systemd/system/x.service' },
      undefined,
      'medium',
      /no longer starts/,
    ],
    ['a masked unit', 'etc/systemd/system/x.service', undefined, { link: '/dev/null' }, 'medium', /masked/],
    [
      'a library that goes',
      'usr/lib/x86_64-linux-gnu/libfoo.so.1',
      { link: 'libfoo.so.1.2.3' },
      undefined,
      'high',
      /libfoo.so.1 goes/,
    ],
    ['a library whose soname has two numbers', 'usr/lib/libssl.so.1.1', 'elf', undefined, 'high', /libssl.so.1.1 goes/],
    ['a plug-in that goes', 'usr/lib/apache2/libfoo.so.1', 'elf', undefined, 'low', /^a program or library$/],
    ['configuration', 'etc/nginx/nginx.conf', 'a', 'b', 'low', /^configuration$/],
    ['a program', 'usr/bin/x', program, { content: 'y', mode: 0o755 }, 'low', /^a program or library$/],
    ['documentation', 'usr/share/doc/x/README', 'a', 'b', 'none', /^$/],
    ['data', 'usr/share/x/data', 'a', 'b', 'none', /^$/],
  ])('%s', (_, path, before, after, risk, reason) => {
    const list = diffOf(
      { files: before === undefined ? {} : { [path]: before } },
      { files: after === undefined ? {} : { [path]: after } },
    ).files
    const file = list.find((one) => one.path === `/${path}`)
    expect(file?.risk).toBe(risk)
    expect(file?.reasons.join('; ')).toMatch(reason)
  })

  it('knows the file behind a soname, and a library that only moved', () => {
    const before = { 'usr/lib/libz.so.1': { link: 'libz.so.1.2' }, 'usr/lib/libz.so.1.2': 'old', 'lib/liba.so.2': 'a' }
    const after = {
      'usr/lib/libz.so.1': { link: 'libz.so.1.3' },
      'usr/lib/libz.so.1.3': 'new',
      'usr/lib/liba.so.2': 'a',
    }
    const files = fileDiff(before, after)
    expect(files.map(({ risk }) => risk)).not.toContain('high')
    expect(files.length).toBe(5)
  })

  it('weighs on the package that owns the file', () => {
    const item = { name: 'tool', version: '1', files: { 'usr/bin/tool': { content: 'x', mode: 0o755 } } }
    const next = { name: 'tool', version: '2', files: { 'usr/bin/tool': { content: 'x', mode: 0o4755 } } }
    const diff = diffOf({ packages: [item] }, { packages: [next] })
    expect(diff.packages[0]).toMatchObject({ risk: 'high' })
    expect(diff.packages[0]?.reasons).toContain('/usr/bin/tool: becomes setuid root')
    expect(diff.summary).toMatchObject({ setuid: 1, capabilities: 0, high: 2 })
  })
})

describe('the text of a file', () => {
  it('is a unified diff where both sides are text, also compressed text', () => {
    const files = fileDiff(
      {
        'usr/share/x': 'a\nb\n',
        'usr/share/y.gz': { content: gzipSync('a\n') },
        'usr/share/z': 'a\0',
        'usr/share/w': { content: Buffer.from([0xff]) },
      },
      {
        'usr/share/x': 'a\nc\n',
        'usr/share/y.gz': { content: gzipSync('b\n') },
        'usr/share/z': 'b\0',
        'usr/share/w': { content: Buffer.from([0xfe]) },
      },
    )
    const texts = new Map(files.map(({ path, text }) => [path, text]))
    expect(texts.get('/usr/share/x')).toBe('--- /usr/share/x\n+++ /usr/share/x\n@@ -1,2 +1,2 @@\n a\n-b\n+c\n')
    expect(texts.get('/usr/share/y.gz')).toContain('-a\n+b\n')
    expect(texts.get('/usr/share/z')).toBe(undefined)
    expect(texts.get('/usr/share/w')).toBe(undefined)
  })

  it('gives way to what changes within, where what was compressed is no text or the same', () => {
    const [before, after] = [0, 1].map((byte) => ({
      'usr/share/no-text.gz': { content: gzipSync(Buffer.from([0, byte])) },
      'usr/share/same.gz': { content: gzipSync('text\n'.repeat(100), { level: byte }) },
      'usr/share/text.gz': { content: gzipSync(`${byte}\n`) },
    }))
    if (!before || !after) throw new Error('no sides')
    const inside = fileDiff(before, after).map(({ path, text, details }) => [path, text === undefined, details])
    const compressed = { format: 'compressed', facts: [], members: [] }
    expect(inside).toEqual([
      ['/usr/share/no-text.gz', true, { ...compressed, members: [{ path: 'no-text', change: 'changed' }] }],
      ['/usr/share/same.gz', true, compressed],
      ['/usr/share/text.gz', false, undefined],
    ])
  })

  it('is whole for new configuration, absent for other new files', () => {
    const files = fileDiff({}, { 'etc/sudoers.d/x': 'x ALL\n', 'usr/share/x': 'text\n' })
    expect(files.map(({ path, text }) => [path, text])).toEqual([
      ['/etc/sudoers.d/x', '--- /dev/null\n+++ /etc/sudoers.d/x\n@@ -0,0 +1 @@\n+x ALL\n'],
      ['/usr/share/x', undefined],
    ])
  })

  it('stays within its bounds for huge, bomb-like and many files', () => {
    const bomb = (fill: number) => ({ content: gzipSync(Buffer.alloc(30_000_000, fill)) })
    const before: Record<string, SyntheticFile | string> = {
      'usr/share/bomb.gz': bomb(65),
      'usr/share/huge': 'a\n'.repeat(600_000),
    }
    const after: Record<string, SyntheticFile | string> = {
      'usr/share/bomb.gz': bomb(66),
      'usr/share/huge': 'b\n'.repeat(600_000),
    }
    for (let index = 0; index < 300; index++) {
      before[`usr/share/t${index}`] = ''
      after[`usr/share/t${index}`] = `${'x'.repeat(50)}\n`.repeat(1000)
    }
    const files = fileDiff(before, after)
    const texts = files.flatMap(({ text }) => text ?? [])
    expect(files.find(({ path }) => path === '/usr/share/bomb.gz')?.text).toBe(undefined)
    expect(files.find(({ path }) => path === '/usr/share/huge')?.text).toBe(undefined)
    expect(texts.join('').length).toBeLessThan(5_000_000)
    expect(texts.some((text) => text.startsWith('# left out'))).toBe(true)
  })
})

describe('packages', () => {
  const log = [
    changelogEntry('openssl', '3.0.17-1', 'Fix CVE-2025-9230 and CVE-2025-10000.\nCVE-2025-9230 again', {
      suite: 'bookworm-security',
      urgency: 'high',
    }),
    changelogEntry('openssl', '3.0.15-1', 'New upstream (CVE-2024-5535).'),
    changelogEntry('openssl', '3.0.11-1', 'Old news (CVE-2000-0001).'),
  ]
  const before = [
    { name: 'libssl3', source: 'openssl', version: '3.0.11-1', changelog: log[2] ?? '' },
    { name: 'openssl', version: '3.0.11-1', changelog: log[2] ?? '' },
  ]
  const after = [
    { name: 'libssl3', source: 'openssl', version: '3.0.17-1', changelog: log.join('') },
    { name: 'openssl', version: '3.0.17-1', changelog: log.join('') },
  ]

  it('show the changelog between the versions once per source, and the CVEs it names', () => {
    const changes = packageDiff(before, after)
    expect(changes.map(({ name, changelog }) => [name, changelog.map(({ version }) => version)])).toEqual([
      ['libssl3', ['3.0.17-1', '3.0.15-1']],
      ['openssl', []],
    ])
    for (const change of changes) {
      expect(change).toMatchObject({
        change: 'upgraded',
        risk: 'medium',
        from: '3.0.11-1',
        to: '3.0.17-1',
        source: 'openssl',
      })
      expect(change.cves).toEqual(['CVE-2024-5535', 'CVE-2025-9230', 'CVE-2025-10000'])
      expect(change.reasons).toEqual(
        expect.arrayContaining(['fixes 3 CVEs', 'a security upload (bookworm-security)', 'uploaded with urgency high']),
      )
    }
    expect(changes[0]?.changelog[0]).toEqual({
      version: '3.0.17-1',
      distribution: 'bookworm-security',
      urgency: 'high',
      date: 'Mon, 06 Jan 2025 10:00:00 +0000',
      author: 'A Maintainer <a@example.org>',
      text: '  * Fix CVE-2025-9230 and CVE-2025-10000.\n  * CVE-2025-9230 again',
    })
  })

  it('say what a downgrade undoes, and do not count it as fixed', () => {
    const diff = diffOf({ packages: after }, { packages: before })
    expect(diff.packages[0]).toMatchObject({ change: 'downgraded', risk: 'high' })
    expect(diff.packages[0]?.reasons).toEqual(
      expect.arrayContaining(['an older version', 'brings back 3 CVEs that were fixed']),
    )
    expect(diff.summary.cves).toEqual([])
  })

  it('come, go, are rebuilt and change their architecture', () => {
    const changes = packageDiff(
      [
        { name: 'gone', version: '1' },
        { name: 'same', version: '1' },
        { name: 'built', version: '1' },
        { name: 'arch', version: '1', architecture: 'all' },
      ],
      [
        { name: 'new', version: '1' },
        { name: 'same', version: '1' },
        { name: 'built', version: '1', build: 'again' },
        { name: 'arch', version: '2' },
      ],
    )
    expect(changes.map(({ name, change, risk }) => [name, change, risk])).toEqual([
      ['arch', 'upgraded', 'medium'],
      ['built', 'rebuilt', 'medium'],
      ['gone', 'removed', 'medium'],
      ['new', 'added', 'low'],
    ])
    expect(changes[0]?.reasons).toEqual(['a new major version: 1 becomes 2'])
  })

  it('of two architectures are two packages', () => {
    const both = (version: string) =>
      ['amd64', 'i386'].map((architecture) => ({ name: 'libc6', version, architecture }))
    expect(packageDiff(both('1-1'), both('1-2')).map(({ name, architecture }) => `${name}:${architecture}`)).toEqual([
      'libc6:amd64',
      'libc6:i386',
    ])
    expect(
      packageDiff(both('1-1'), both('1-1').slice(0, 1)).map(({ architecture, change }) => [architecture, change]),
    ).toEqual([['i386', 'removed']])
  })

  it('that carry the machine weigh more', () => {
    const up = (name: string, source: string, from: string, to: string) =>
      packageDiff([{ name, source, version: from }], [{ name, source, version: to }])[0]
    expect(up('linux-image-6.1', 'linux', '6.1.9-1', '6.1.10-1')).toMatchObject({ risk: 'medium' })
    expect(up('linux-image', 'linux', '6.1.9-1', '6.12.1-1')).toMatchObject({ risk: 'high' })
    expect(up('systemd', 'systemd', '252.30-1', '252.38-1')).toMatchObject({ risk: 'medium' })
    expect(up('systemd', 'systemd', '252.30-1', '254.1-1')).toMatchObject({ risk: 'high' })
    expect(up('libc6', 'glibc', '2.36-9', '2.37-1')?.reasons).toContain('the C library moves from 2.36 to 2.37')
    expect(packageDiff([{ name: 'sudo', version: '1' }], [])[0]).toMatchObject({ risk: 'high' })
  })
})

describe('a changelog', () => {
  const versions = (before: readonly SyntheticPackage[], after: readonly SyntheticPackage[]) =>
    packageDiff(before, after).map(({ name, changelog }) => [name, changelog.map(({ version }) => version)])
  const entries = (source: string) => changelogEntry(source, '2-1', 'two') + changelogEntry(source, '1-1', 'one')

  it('is found through a link of the whole folder to another package', () => {
    const make = (version: string): SyntheticPackage[] => [
      { name: 'libfoo', source: 'foo', version, pruned: { 'usr/share/doc/libfoo': { link: 'foo-common' } } },
      { name: 'foo-common', source: 'foo', version: '1-1', build: version, changelog: entries('foo') },
    ]
    expect(versions(make('1-1'), make('2-1'))).toContainEqual(['libfoo', ['2-1']])
  })

  it('is found through a link of the file, and does not loop', () => {
    const make = (version: string, link: string): SyntheticPackage[] => [
      { name: 'a', version, pruned: { 'usr/share/doc/a/changelog.Debian.gz': { link } } },
      { name: 'b', version: '9', changelog: entries('a') },
    ]
    expect(versions(make('1-1', '../b/changelog.Debian.gz'), make('2-1', '../b/changelog.Debian.gz'))).toEqual([
      ['a', ['2-1']],
    ])
    expect(versions(make('1-1', '../a/changelog.Debian.gz'), make('2-1', '../a/changelog.Debian.gz'))).toEqual([
      ['a', []],
    ])
    expect(versions(make('1-1', '../../../../../../etc/x'), make('2-1', '../../../../../../etc/x'))).toEqual([
      ['a', []],
    ])
  })

  it('of a rebuild is its own entry', () => {
    const make = (version: string): SyntheticPackage => ({
      name: 'r',
      version,
      sourceVersion: '1-1',
      changelog: changelogEntry('r', '1-1', 'one'),
      pruned: {
        'usr/share/doc/r/changelog.Debian.amd64.gz': { content: gzipSync(changelogEntry('r', '1-1+b2', 'rebuild')) },
      },
    })
    expect(versions([make('1-1')], [make('1-1+b2')])).toEqual([['r', ['1-1+b2']]])
  })

  it("of a native package is changelog.gz; of another that file is the upstream's and not read", () => {
    const make = (version: string): SyntheticPackage => ({
      name: 'n',
      version,
      pruned: { 'usr/share/doc/n/changelog.gz': { content: gzipSync(changelogEntry('n', version, 'x')) } },
    })
    expect(versions([make('1')], [make('2')])).toEqual([['n', ['2']]])
    expect(versions([make('1-1')], [make('2-1')])).toEqual([['n', []]])
  })

  it("follows the source's version where the package has another", () => {
    const make = (version: string, sourceVersion: string): SyntheticPackage => ({
      name: 'meta',
      source: 'src',
      version,
      sourceVersion,
      changelog: entries('src'),
    })
    expect(versions([make('4:12.1', '1-1')], [make('4:12.2', '2-1')])).toEqual([['meta', ['2-1']]])
  })

  it('that is not at hand or no gzip leaves the diff standing', () => {
    const broken = (version: string): SyntheticPackage => ({
      name: 'x',
      version,
      pruned: { 'usr/share/doc/x/changelog.Debian.gz': 'no gzip' },
    })
    expect(versions([broken('1')], [broken('2')])).toEqual([['x', []]])
    const lost = openStore(join(temporaryDirectoryBelow(), 'lost'))
    const [from, to] = ['1-1', '2-1'].map((version) =>
      storeImage(lost, { packages: [{ name: 'x', version, changelog: entries('x') }] }),
    )
    if (!from || !to) throw new Error('two images were made')
    expect(diffImages(lost, from, to).diff.packages[0]?.changelog.length).toBe(1)
    rmSync(lost.pathOf(noteOf(lost.recall(unpackedKey(digestOf('x_2-1_amd64.deb '))))))
    expect(diffImages(lost, from, to).diff.packages[0]?.changelog).toEqual([])
  })
})

function temporaryDirectoryBelow(): string {
  return join(store.directory, '..')
}

function noteOf(text: string | undefined): `sha256:${string}` {
  if (text === undefined) throw new Error('the note is there')
  return `sha256:${text.slice(7)}`
}
