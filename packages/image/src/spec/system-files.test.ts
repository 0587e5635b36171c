import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { imageSchema } from '@holotype/distribution'
import { openStore } from '@holotype/store'
import { expect, test } from 'vitest'
import type { PathMap } from '../compose/path-map.ts'
import { mapOf } from '../testing/synthetic.ts'
import { temporaryDirectory } from '../testing/temporary.ts'
import { applySpec } from './apply-spec.ts'
import { resolveSpec } from './resolve-spec.ts'

const directory = temporaryDirectory()
const store = openStore(directory)

const THERE = {
  'etc/passwd': 'root:x:0:0::/root:/bin/sh\nwww-data:x:33:33::/:/bin/sh\n',
  'etc/group': 'root:x:0:\nwww-data:x:33:\n',
  'etc/timezone': 'Etc/UTC\n',
  'usr/share/zoneinfo/Europe/Paris': 'TZif2',
  'usr/share/zoneinfo/Europe/Lisbon': '-> ../Portugal',
  'srv/d': '/',
}

const applied = (spec: object, there: Readonly<Record<string, string>> = THERE): PathMap => {
  const map = mapOf(store, there)
  const resolved = resolveSpec(store, { name: 'web', spec: imageSchema.parse({ packages: ['a'], ...spec }), directory })
  applySpec(map, { store, spec: resolved, epoch: 7 })
  return map
}
const textOf = (map: PathMap, path: string) => {
  const entry = map.get(path)?.entry
  return entry?.type === 'file' ? store.read(entry.digest).toString() : undefined
}
const missing = (program: string) => spawnSync(program, ['--version']).error !== undefined

test('settings become files of their own, sorted, and nothing is written where nothing is said', () => {
  const map = applied({
    modules: { load: ['br_netfilter', '8021q'], blacklist: ['floppy'], options: { nf_conntrack: 'hashsize=8192' } },
    kernel: { command_line: ['console=ttyS0', 'quiet'] },
  })
  expect(textOf(map, 'etc/modules-load.d/60-holotype.conf')).toBe('br_netfilter\n8021q\n')
  expect(textOf(map, 'etc/modprobe.d/60-holotype.conf')).toBe('blacklist floppy\noptions nf_conntrack hashsize=8192\n')
  expect(textOf(map, 'etc/kernel/cmdline')).toBe('console=ttyS0 quiet\n')
  expect(map.get('etc/kernel')).toMatchObject({ owner: 'spec', entry: { type: 'directory', mode: 0o755 } })
  const nothing = applied({})
  expect([...nothing].filter(([, { owner }]) => owner === 'spec')).toEqual([])
})

test.skipIf(missing('modprobe'))(
  'kmod reads what modules are not to be loaded, and their parameters (skipped without kmod)',
  () => {
    const map = applied({ modules: { blacklist: ['floppy'], options: { nf_conntrack: 'hashsize=8192 acct=1' } } })
    const place = join(directory, 'modprobe.d')
    mkdirSync(place, { recursive: true })
    writeFileSync(join(place, 'a.conf'), textOf(map, 'etc/modprobe.d/60-holotype.conf') ?? '')
    const { stdout } = spawnSync('modprobe', ['-C', place, '--showconfig'], { encoding: 'utf8' })
    expect(stdout).toContain('blacklist floppy\n')
    expect(stdout).toContain('options nf_conntrack hashsize=8192 acct=1\n')
  },
)

const MOUNTS = {
  '/data/b': { source: 'LABEL=b', type: 'ext4', options: ['noatime', 'nofail'], check: 2 },
  '/data': { source: '/dev/disk/by-label/my disk', type: 'xfs' },
  '/mnt/with space': { source: 'server:/a\\b', type: 'nfs' },
}

test('mounts are /etc/fstab: a directory before what lies below it, blanks as fstab(5) has them', () => {
  expect(textOf(applied({ mounts: MOUNTS }), 'etc/fstab')).toBe(
    `/dev/disk/by-label/my\\040disk\t/data\txfs\tdefaults\t0\t0
LABEL=b\t/data/b\text4\tnoatime,nofail\t0\t2
server:/a\\134b\t/mnt/with\\040space\tnfs\tdefaults\t0\t0
`,
  )
})

test.skipIf(missing('findmnt'))('util-linux reads the same mounts (skipped without findmnt)', () => {
  const file = join(directory, 'fstab')
  writeFileSync(file, textOf(applied({ mounts: MOUNTS }), 'etc/fstab') ?? '')
  const { stdout } = spawnSync(
    'findmnt',
    ['--json', '--fstab', '--tab-file', file, '--output', 'TARGET,SOURCE,FSTYPE,OPTIONS'],
    {
      encoding: 'utf8',
    },
  )
  const read: unknown = JSON.parse(stdout)
  expect(read).toMatchObject({
    filesystems: expect.arrayContaining([
      expect.objectContaining({ target: '/data', source: '/dev/disk/by-label/my disk', fstype: 'xfs' }),
      expect.objectContaining({ target: '/mnt/with space', source: 'server:/a\\b', fstype: 'nfs' }),
    ]),
  })
})

test('a time zone is a link, with the note that Debian keeps; one that no package has is refused', () => {
  const map = applied({ timezone: 'Europe/Paris' })
  expect(map.get('etc/localtime')).toMatchObject({
    owner: 'spec',
    entry: { type: 'symlink', target: '/usr/share/zoneinfo/Europe/Paris' },
  })
  expect(textOf(map, 'etc/timezone')).toBe('Europe/Paris\n')
  const { 'etc/timezone': _note, ...without } = THERE
  expect(applied({ timezone: 'Europe/Lisbon' }, without).has('etc/timezone')).toBe(false)
  expect(() => applied({ timezone: 'Europe/Pari' })).toThrow('no package has /usr/share/zoneinfo/Europe/Pari')
})

test('files have owners by name, are links, or directories that may be there already', () => {
  const map = applied({
    files: {
      '/srv/page': { content: 'x', user: 'www-data', gid: 5 },
      '/srv/d': { directory: true, group: 'www-data', mode: '2775' },
      '/srv/link': { link: 'd' },
      '/srv/link/x': { content: '' },
    },
  })
  expect(map.get('srv/page')).toMatchObject({ owner: 'spec', entry: { type: 'file', uid: 33, gid: 5, mode: 0o644 } })
  expect(map.get('srv/d')).toMatchObject({ owner: 'spec', entry: { type: 'directory', mode: 0o2775, uid: 0, gid: 33 } })
  expect(map.get('srv/link')).toMatchObject({ entry: { type: 'symlink', target: 'd', mode: 0o777 } })
  // A link that the spec lays is followed by what it lays after it.
  expect(map.has('srv/d/x')).toBe(true)
})

test.each([
  [{ files: { '/etc/fstab': { content: '' } }, mounts: MOUNTS }, 'the spec has the file /etc/fstab, and settings'],
  [{ files: { '/etc/passwd': { directory: true } } }, 'the spec has a directory at /etc/passwd, which is none'],
  [{ files: { '/srv/d': { link: 'x' } } }, 'the spec has a link at /srv/d, which is a directory'],
  [{ files: { '/srv/x': { content: '', group: 'nobody' } } }, 'to the group nobody, and the image has none'],
])('%j is refused', (spec, message) => {
  expect(() => applied(spec)).toThrow(
    expect.objectContaining({ code: 'IMAGE_SPEC_REFUSED', message: expect.stringContaining(message) }),
  )
})

test('a template is filled, any other source is as it is; the object of a spec does not tell what it was put together from', () => {
  mkdirSync(join(directory, 'images'), { recursive: true })
  writeFileSync(join(directory, 'images/t'), 'on ${port}\n')
  const of = (spec: object) =>
    resolveSpec(store, { name: 'web', spec: imageSchema.parse({ packages: ['a'], ...spec }), directory })
  const filled = { '/t': { source: 't', template: true }, '/s': { source: 't' } }
  const first = of({ files: filled, variables: { port: 80 } })
  const bytes = (path: string) => {
    const file = first.files[path]
    return file?.type === 'file' ? store.read(file.digest).toString() : undefined
  }
  expect([bytes('/t'), bytes('/s')]).toEqual(['on 80\n', 'on ${port}\n'])
  expect(of({ files: filled, variables: { port: '80', other: 1 } })).toEqual(first)
  expect(() => of({ files: filled, variables: { prt: 80 } })).toThrow(
    't:1:4: there is no variable "port"; did you mean "prt"?',
  )
})
