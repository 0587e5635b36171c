import { readFileSync, writeFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { run, SYSTEM_PATH } from '@holotype/base'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { inspectPackage } from '../inspect.ts'
import { readWhole } from '../testing/contract.ts'
import { haveTools, scratch, skipReason } from '../testing/tools.ts'
import { alpm } from './index.ts'
import { makepkg } from './testing-pacman.ts'

const TOOLS = ['makepkg', 'bsdtar', 'fakeroot', 'zstd'] as const
const LONG = 'd'.repeat(120)

const PKGBUILD = `
pkgname=tryit
pkgver=1.2
pkgrel=3
epoch=1
pkgdesc="A   sample with ünïcode"
arch=(x86_64)
url="https://example.org"
license=(MIT)
groups=(base-devel)
depends=('glibc>=2.36' sh)
optdepends=('python: for the scripts')
provides=('tryit-api=2' 'libtry.so=1-64')
conflicts=('oldtry<1')
replaces=(oldtry)
backup=(etc/tryit.conf)
install=tryit.install
changelog=ChangeLog
options=(!strip !debug emptydirs)
package() {
  install -Dm644 /dev/null "$pkgdir/etc/tryit.conf"
  install -Dm4755 /bin/true "$pkgdir/usr/bin/tryit"
  ln -s tryit "$pkgdir/usr/bin/symbolic"
  ln "$pkgdir/usr/bin/tryit" "$pkgdir/usr/bin/hard"
  mkdir -p "$pkgdir/usr/share/a b#c=/" "$pkgdir/usr/share/${LONG}"
  echo hi > "$pkgdir/usr/share/a b#c=/ünï"
  echo x > "$pkgdir/usr/share/${LONG}/${LONG}ü"
}
`
const FILES = {
  PKGBUILD,
  'tryit.install': 'post_install() { echo "installed $1"; }\npre_remove() { :; }\n',
  ChangeLog: 'first\n',
}

const build = scratch()
let path = ''

beforeAll(async () => {
  if (haveTools(...TOOLS)) [path = ''] = await makepkg(build.at('build'), FILES)
})
afterAll(() => build[Symbol.dispose]())

test.skipIf(!haveTools(...TOOLS))(`a package of makepkg's is read whole${skipReason(...TOOLS)}`, async () => {
  const bsdtar = async (...argv: string[]) =>
    (await run(['bsdtar', ...argv], { env: { PATH: SYSTEM_PATH, LC_ALL: 'C.UTF-8' } })).stdout
  const inspected = await inspectPackage(alpm, path)
  expect(inspected.record).toEqual({
    ...inspected.record,
    name: 'tryit',
    version: '1:1.2-3',
    architecture: 'x86_64',
    source: 'tryit',
    sourceVersion: '1:1.2-3',
    description: 'A sample with ünïcode',
    depends: [[{ name: 'glibc', operator: '>=', version: '2.36' }], [{ name: 'sh' }]],
    recommends: [],
    provides: [
      { name: 'tryit-api', operator: '=', version: '2' },
      { name: 'libtry.so', operator: '=', version: '1-64' },
    ],
    conflicts: [{ name: 'oldtry', operator: '<', version: '1' }],
    replaces: [],
    obsoletes: [{ name: 'oldtry' }],
    groups: ['base-devel'],
    size: readFileSync(path).length,
  })
  const bytes = Number(inspected.fields.find(([name]) => name === 'size')?.[1])
  expect(bytes).toBeGreaterThan(1024)
  expect(inspected.record.installedSize).toBe(Math.ceil(bytes / 1024))
  expect(inspected.fields).toContainEqual(['optdepend', 'python: for the scripts'])
  expect(inspected.scripts.map(({ name }) => name)).toEqual(['post_install', 'pre_remove'])
  expect(inspected.control.get('.CHANGELOG')?.bytes.toString()).toBe('first\n')
  expect(inspected.needed).toEqual(['libc.so.6'])
  // What bsdtar lists, and nothing else.
  const listed = (await bsdtar('-tf', path)).toString().trimEnd().split('\n')
  const names = inspected.files.map(({ path, type }) => (type === 'directory' ? `${path}/` : path))
  expect(names).toEqual(listed.filter((name) => !name.startsWith('.')))
  expect([...inspected.control.keys()]).toEqual(listed.filter((name) => name.startsWith('.')))
  for (const [name, { bytes }] of inspected.control) expect(bytes.equals(await bsdtar('-xOf', path, name))).toBe(true)
})

test.skipIf(!haveTools(...TOOLS))(`a .MTREE of ours says what makepkg's says${skipReason(...TOOLS)}`, async () => {
  using directory = scratch()
  const { payload, file } = await readWhole(alpm, path)
  const { control, fields } = file
  const given = new Map([...control].filter(([name]) => name !== '.PKGINFO' && name !== '.MTREE'))
  await alpm.writePackage(directory.at('ours'), { fields, control: given, payload, epoch: 1_700_000_000 })
  const again = await readWhole(alpm, directory.at('ours'))
  expect(again.payload).toEqual(payload)
  expect(again.file.record).toEqual({ ...file.record, size: again.file.record.size, sha256: again.file.record.sha256 })
  const said = async (bytes: Buffer | undefined) => {
    const mtree = gunzipSync(bytes ?? Buffer.alloc(0))
    // bsdtar spells every line out, whatever /set lines there are. Comments of a .PKGINFO are not kept: it differs.
    const argv = [
      'bsdtar',
      '-cf',
      '-',
      '--format=mtree',
      '--options=!all,type,uid,gid,mode,time,size,md5,sha256,link',
      '@-',
    ] as const
    const { stdout } = await run(argv, { input: mtree, env: { PATH: SYSTEM_PATH, LC_ALL: 'C.UTF-8' } })
    return stdout
      .toString()
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('./.PKGINFO'))
      .sort()
  }
  const theirs = await said(control.get('.MTREE')?.bytes)
  expect(theirs.length).toBeGreaterThan(12)
  expect(theirs.join('\n')).toMatch(/mode=4755 .*sha256digest=/)
  expect(await said(again.file.control.get('.MTREE')?.bytes)).toEqual(theirs)
})

test.skipIf(!haveTools(...TOOLS))(`every compression of makepkg's is read${skipReason(...TOOLS)}`, async () => {
  using directory = scratch()
  const tar = (await run(['zstd', '-dc', path])).stdout
  writeFileSync(directory.at('none'), tar)
  const plain = await readWhole(alpm, directory.at('none'))
  const tools = { zstd: 'zst', xz: 'xz', gzip: 'gz', bzip2: 'bz2' }
  for (const [tool, name] of Object.entries(tools)) {
    if (!haveTools(tool)) continue
    const { stdout } = await run([tool, '-c', directory.at('none')])
    writeFileSync(directory.at(name), stdout)
    const packed = await readWhole(alpm, directory.at(name))
    expect(packed.payload, name).toEqual(plain.payload)
    expect(packed.file.fields).toEqual(plain.file.fields)
  }
})
