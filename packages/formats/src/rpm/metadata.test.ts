import { hash } from 'node:crypto'
import { copyFileSync, cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { basename, dirname } from 'node:path'
import { run } from '@holotype/base'
import { describe, expect, test } from 'vitest'
import { compress } from '../archive/compress.ts'
import { unpack } from '../archive/decompress.ts'
import { INDEX_BYTES } from '../limits.ts'
import { inspectPackage } from '../inspect.ts'
import { haveTools, scratch, skipReason } from '../testing/tools.ts'
import { parseFileIndex } from './filelists.ts'
import { readInstalled } from './installed.ts'
import { parseChangelogs } from './other.ts'
import { readPackage } from './package-read.ts'
import { parseIndex } from './primary.ts'
import { parseRepomd, renderRepomd } from './repomd.ts'
import { repository } from './repository.ts'
import { type Advisory, cvesOf, parseUpdateinfo } from './updateinfo.ts'
import { renderUpdateinfo } from './updateinfo-render.ts'
import { upstream } from './upstream.ts'

/* updateinfo.xml and other.xml, and repodata in every compression, judged by createrepo_c and dnf. */

const SPEC = `Name: hello
Version: 2.10
Release: 3
Epoch: 2
Summary: says hello & more
License: MIT
BuildArch: noarch
%description
Hello
%install
mkdir -p %{buildroot}/usr/share/hello
echo a > %{buildroot}/usr/share/hello/a
%files
/usr/share/hello
%changelog
* Wed Jan 31 2024 Jo <jo@example.org> - 2:2.10-3
- the second <entry>
* Mon Jan 01 2024 Jo <jo@example.org> - 2:2.10-2
- the first & only
`

const ADVISORY: Advisory = {
  id: 'EX-2024:0001',
  type: 'security',
  severity: 'Important',
  status: 'final',
  from: 'security@example.org',
  title: 'hello & more',
  issued: '2024-01-31T12:00:00.000Z',
  updated: '2024-02-01T00:00:00.000Z',
  rights: '',
  release: '',
  summary: '',
  description: 'It said <too much>.',
  solution: '',
  references: [
    { type: 'cve', id: 'CVE-2024-12345', href: 'https://example.org/?a=1&b=2', title: 'CVE-2024-12345' },
    { type: 'bugzilla', id: '77', href: 'https://example.org/77', title: 'CVE-2023-0001 hello: too much' },
  ],
  collections: [
    {
      short: 'EX',
      name: 'Example',
      packages: [
        {
          name: 'hello',
          version: '2:2.10-3',
          architecture: 'noarch',
          source: 'hello-2.10-3.src.rpm',
          filename: 'hello-2.10-3.noarch.rpm',
          sha256: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
          suggested: ['reboot'],
        },
      ],
    },
  ],
}

test('an advisory comes back as it was written', () => {
  expect(parseUpdateinfo(Buffer.from(renderUpdateinfo([ADVISORY])))).toEqual([ADVISORY])
  expect(cvesOf(ADVISORY)).toEqual(['CVE-2023-0001', 'CVE-2024-12345'])
})

test('forms that publishers write', () => {
  const text = `<updates><update type="security" status="stable"><id>a</id><issued date="1706702400"/><updated date="2024-01-31"/>
    <pkglist><collection short="m"><name>x</name><module name="perl" stream="5.30" version="1" context="c" arch="x86_64"/>
    <package name="a" version="1" release="2" epoch="" arch="src"><filename>a/a-1-2.src.rpm</filename>
    <sum type="md5">d41d8cd98f00b204e9800998ecf8427e</sum><restart_suggested>0</restart_suggested><relogin_suggested/></package>
    </collection></pkglist></update></updates>`
  const [advisory] = parseUpdateinfo(Buffer.from(text))
  expect(advisory).toMatchObject({ issued: '2024-01-31T12:00:00.000Z', updated: '2024-01-31T00:00:00.000Z' })
  expect(advisory?.collections).toEqual([
    {
      short: 'm',
      name: 'x',
      module: { name: 'perl', stream: '5.30', version: '1', context: 'c', arch: 'x86_64' },
      packages: [
        {
          name: 'a',
          version: '1-2',
          architecture: 'src',
          source: '',
          filename: 'a-1-2.src.rpm',
          suggested: ['relogin'],
        },
      ],
    },
  ])
})

test('an entry is what it says, also where another has its beginning and "/>" stands in a name', () => {
  const head = '<name>a</name><arch>noarch</arch><version epoch="0" ver="1" rel="1"/><location href="a.rpm"/>'
  const cut = '<rpm:entry name="x/>'
  const names = ['x', 'x/>y', 'x/>', 'x/>y', 'x']
  const entries = names.map((name) => `<rpm:entry name="${name}"/>`).join('')
  const text = `<metadata><package type="rpm">${head}<format><rpm:requires>${entries}</rpm:requires></format></package></metadata>`
  const [record] = parseIndex(Buffer.from(text))
  expect(record?.depends).toEqual(names.map((name) => [{ name }]))
  const broken = text.replace('</rpm:requires>', `${cut}</rpm:requires>`)
  expect(() => parseIndex(Buffer.from(broken))).toThrow(expect.objectContaining({ code: 'REPOSITORY_MALFORMED' }))
})

const PKGID = 'a'.repeat(64)

test.each([
  [parseUpdateinfo, '<updates><update type="a"/></updates>', 'no id'],
  [parseUpdateinfo, '<updates><update><id>a</id><issued date="soon"/></update></updates>', 'no date'],
  [
    parseUpdateinfo,
    '<updates><update><pkglist><collection><package name="a"/></collection></pkglist></update></updates>',
    'no version',
  ],
  [parseUpdateinfo, '<metadata/>', '<updates> is expected'],
  [parseChangelogs, '<otherdata><package pkgid="../x"/></otherdata>', 'no SHA-256'],
  [parseChangelogs, `<otherdata><package pkgid="${PKGID}"><changelog date="-1"/></package></otherdata>`, 'no date'],
  [parseChangelogs, '<filelists/>', '<otherdata> is expected'],
  [fileIndex, '<filelists><package pkgid="1"/></filelists>', 'no SHA-256'],
  [fileIndex, `<filelists><package pkgid="${PKGID}"><file>/a</package></filelists>`, 'closes <file>'],
  [fileIndex, `<filelists><package pkgid="${PKGID}"><file>/a`, 'ends within <file>'],
  [fileIndex, `<filelists><file>/a</file></filelists>`, 'outside of a package'],
  [fileIndex, '<otherdata/>', '<filelists> is expected'],
])('%o of %s is refused', (parse, text, why) => {
  expect(() => parse(Buffer.from(text))).toThrow(
    expect.objectContaining({ code: 'REPOSITORY_MALFORMED', message: expect.stringContaining(why) }),
  )
})

function fileIndex(bytes: Uint8Array): unknown {
  return parseFileIndex(bytes, new Set(['/a']))
}

const TOOLS = ['rpmbuild', 'createrepo_c', 'modifyrepo_c', 'dnf']

describe.skipIf(!haveTools(...TOOLS))(`createrepo_c and dnf${skipReason(...TOOLS)}`, () => {
  async function site(directory: ReturnType<typeof scratch>): Promise<{ base: string; file: string }> {
    writeFileSync(directory.at('hello.spec'), SPEC)
    await run(['rpmbuild', '-bb', '--define', `_topdir ${directory.at('b')}`, directory.at('hello.spec')])
    const base = directory.at('site')
    mkdirSync(base)
    const file = `${base}/hello-2.10-3.noarch.rpm`
    copyFileSync(directory.at('b/RPMS/noarch/hello-2.10-3.noarch.rpm'), file)
    return { base, file }
  }

  async function dnf(directory: ReturnType<typeof scratch>, base: string, argv: readonly string[]): Promise<string> {
    const common = ['-q', `--repofrompath=own,file://${base}`, '--repo', 'own', '--releasever=1']
    const places = [`--setopt=cachedir=${directory.at('cache')}`, '--installroot', directory.at('root')]
    const { stdout } = await run(['dnf', ...common, ...places, '--setopt=own.gpgcheck=0', ...argv])
    return stdout.toString()
  }

  const read = async (base: string, type: string) => {
    const place = { suite: '', component: '', architecture: 'noarch' }
    const head = upstream.parseTop(readFileSync(`${base}/repodata/repomd.xml`), place)
    const path = head.indexes.find((index) => index.type === type)?.path ?? ''
    const bytes = readFileSync(`${base}/${path}`)
    return {
      path,
      bytes: await unpack(bytes, { compression: upstream.compressionOf(bytes), limit: INDEX_BYTES, what: 'an index' }),
    }
  }

  test('our updateinfo.xml goes through modifyrepo_c and dnf knows its advisories', { timeout: 60_000 }, async () => {
    using directory = scratch()
    const { base, file } = await site(directory)
    await run(['createrepo_c', '-q', '--no-database', base])
    // dnf tells of packages that are installed.
    await run(['rpm', '--root', directory.at('root'), '-i', '--justdb', '--nodeps', file])
    writeFileSync(directory.at('updateinfo.xml'), renderUpdateinfo([ADVISORY]))
    await run(['modifyrepo_c', directory.at('updateinfo.xml'), `${base}/repodata`])
    expect(parseUpdateinfo((await read(base, 'updateinfo')).bytes)).toEqual([ADVISORY])
    const said = await dnf(directory, base, ['updateinfo', 'info', '--all'])
    for (const part of [
      'Update ID: EX-2024:0001',
      'Type: security',
      'CVEs: CVE-2024-12345',
      'Severity: Important',
      'It said <too much>.',
      '2024-02-01 00:00:00',
    ])
      expect(said).toContain(part)
    expect(await dnf(directory, base, ['updateinfo', 'list', '--all', '--with-cve'])).toContain(
      'CVE-2024-12345 Important/Sec. hello-2:2.10-3.noarch',
    )
  })

  test('what dnf has installed comes from the repository that dnf took it from', { timeout: 60_000 }, async () => {
    using directory = scratch()
    const { base } = await site(directory)
    await run(['createrepo_c', '-q', '--no-database', base])
    await dnf(directory, base, ['-y', 'install', 'hello'])
    // Debian's rpm keeps its database elsewhere.
    const all = readdirSync(directory.at('root'), { recursive: true, encoding: 'utf8' })
    const database = dirname(all.find((path) => basename(path) === 'rpmdb.sqlite') ?? 'none')
    cpSync(directory.at('root', database), directory.at('root/var/lib/rpm'), { recursive: true })
    expect(readInstalled(directory.at('root'))).toEqual([
      {
        name: 'hello',
        version: '2:2.10-3',
        architecture: 'noarch',
        source: 'hello',
        state: 'installed',
        origin: 'own',
      },
    ])
  })

  test("changelogs of createrepo_c's other.xml and of ours are the package's own", { timeout: 60_000 }, async () => {
    using directory = scratch()
    const { base, file } = await site(directory)
    await run(['createrepo_c', '-q', '--no-database', base])
    const { record, changelog } = await readPackage(file)
    expect(changelog).toHaveLength(2)
    const theirs = (await read(base, 'other')).bytes
    expect([...parseChangelogs(theirs)]).toEqual([[record.sha256, changelog]])
    expect(parseChangelogs(theirs, new Set()).size).toBe(0)
    const entry = repository.renderEntry(await inspectPackage({ readPackage }, file), 'hello.rpm', new Map())
    const ours = `<?xml version="1.0"?>\n<otherdata>\n${entry.parts['other']?.toString() ?? ''}</otherdata>\n`
    expect([...parseChangelogs(Buffer.from(ours))]).toEqual([[record.sha256, changelog]])
    // As text: the same entry, byte by byte.
    expect(theirs.toString()).toContain(entry.parts['other']?.toString().trim())
  })

  test.each(['xz', 'bz2', 'gz'])('repodata in %s', { timeout: 60_000 }, async (compression) => {
    using directory = scratch()
    const { base, file } = await site(directory)
    await run(['createrepo_c', '-q', '--no-database', `--general-compress-type=${compression}`, base])
    const { path, bytes } = await read(base, 'primary')
    expect(path.endsWith(`.${compression}`)).toBe(true)
    const { record } = await readPackage(file)
    expect(parseIndex(bytes)).toEqual([{ ...record, filename: 'hello-2.10-3.noarch.rpm' }])
  })

  // So zstd could be written, were it not for older clients: repomd.xml can name one primary alone.
  test('dnf reads a primary.xml in several frames of zstd, and so do we', { timeout: 60_000 }, async () => {
    using directory = scratch()
    const { base, file } = await site(directory)
    await run(['createrepo_c', '-q', '--no-database', base])
    const { bytes } = await read(base, 'primary')
    const frame = (from: number, to?: number) => compress(bytes.subarray(from, to), { compression: 'zst', level: 3 })
    const packed = Buffer.concat([await frame(0, 400), await frame(400)])
    const { revision, data } = parseRepomd(readFileSync(`${base}/repodata/repomd.xml`))
    const sha256 = hash('sha256', packed, 'hex')
    const href = `repodata/${sha256}-primary.xml.zst`
    writeFileSync(`${base}/${href}`, packed)
    const primary = { checksum: { type: 'sha256', hex: sha256 }, href, size: packed.length }
    const changed = data.map((each) => (each.type === 'primary' ? { ...each, ...primary } : each))
    writeFileSync(`${base}/repodata/repomd.xml`, renderRepomd({ revision, data: changed, distros: [] }))
    const { record } = await readPackage(file)
    expect(parseIndex((await read(base, 'primary')).bytes)).toMatchObject([{ sha256: record.sha256 }])
    expect(await dnf(directory, base, ['repoquery'])).toBe('hello-2:2.10-3.noarch\n')
  })

  test('a repository that names its indexes by SHA-512 alone is read by it, one by SHA-1 alone refused plainly', {
    timeout: 60_000,
  }, async () => {
    using directory = scratch()
    const { base } = await site(directory)
    const place = { suite: '', component: '', architecture: 'noarch' }
    const headBy = async (digest: string) => {
      await run(['createrepo_c', '-q', '--no-database', `--checksum=${digest}`, base])
      return upstream.parseTop(readFileSync(`${base}/repodata/repomd.xml`), place)
    }
    const [primary] = upstream.indexes(await headBy('sha512'), place)
    const bytes = readFileSync(`${base}/${primary?.paths[0] ?? ''}`)
    expect(primary).toMatchObject({ sha256: '', sha512: hash('sha512', bytes), size: bytes.length })
    expect(primary?.open?.sha512).toBe(hash('sha512', gunzipSync(bytes)))
    const head = await headBy('sha1')
    expect(() => upstream.indexes(head, place)).toThrow(
      expect.objectContaining({ code: 'REPOSITORY_MALFORMED', message: expect.stringContaining('SHA-256') }),
    )
  })
})
