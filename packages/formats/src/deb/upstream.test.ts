import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { digestOf, hexOf, run } from '@holotype/base'
import { expect, test } from 'vitest'
import { unpack } from '../archive/decompress.ts'
import { gpgSigner, stopGpg } from '../testing/apt.ts'
import { haveTools, scratch, skipReason } from '../testing/tools.ts'
import type { UpstreamPlace } from '../upstream-reader.ts'
import { parseContents } from './contents.ts'
import { deb } from './index.ts'
import { clearSignedText } from './release.ts'
import { parseSources } from './sources.ts'
import { sampleFields } from './testing.ts'
import { indexForms, upstream } from './upstream.ts'

const PLACE: UpstreamPlace = { suite: 'stable', component: 'main', architecture: 'amd64' }

/** Three packages in a directory, and their records. */
async function packagesIn(directory: string): Promise<ReturnType<typeof deb.parseIndex>> {
  mkdirSync(directory, { recursive: true })
  const records = []
  for (const [name, version, compression] of [
    ['hello', '1:1.0-1', 'gz'],
    ['libhello', '2', 'xz'],
    ['world', '3~rc1', 'zst'],
  ] as const) {
    const path = `${directory}/${name}_${version.replace(':', '-')}_amd64.deb`
    const file = { path: `usr/share/${name}`, type: 'file', mode: 0o644, uid: 0, gid: 0, mtime: 0, size: 1 } as const
    await deb.writePackage(path, {
      fields: sampleFields(name, version, [['Depends', 'libc6 (>= 2.36) | libc, awk:any']]),
      control: new Map(),
      payload: [{ ...file, bytes: Buffer.from('x') }],
      epoch: 0,
      compression,
    })
    records.push((await deb.readPackage(path)).record)
  }
  return records
}

/** Reads a repository on disk as a snapshot does: the top, then every form of the index by every path. */
async function readAll(base: string, place: UpstreamPlace, text: string) {
  const head = upstream.parseTop(Buffer.from(text), place)
  const read = []
  for (const { paths, compression, size, sha256, open } of upstream.indexes(head, place)) {
    const path = paths.find((path) => existsSync(`${base}/${path}`))
    // reprepro names a plain index that it does not keep.
    if (path === undefined) continue
    const bytes = readFileSync(`${base}/${path}`)
    expect({ size: bytes.length, sha256: hexOf(digestOf(bytes)) }, path).toEqual({ size, sha256 })
    const index = await unpack(bytes, { compression, limit: 1e9, what: path })
    if (open) expect(hexOf(digestOf(index))).toBe(open.sha256)
    read.push({ path, records: deb.parseIndex(index) })
  }
  return { head, read }
}

test.skipIf(!haveTools('apt-ftparchive'))(
  `a repository that apt-ftparchive made is read${skipReason('apt-ftparchive')}`,
  async () => {
    using directory = scratch()
    const { at, path: base } = directory
    const records = await packagesIn(at('pool'))
    mkdirSync(at('dists/stable/main/binary-amd64'), { recursive: true })
    writeFileSync(
      at('conf'),
      `Dir { ArchiveDir "${base}"; };
Default { Packages::Compress ". gzip xz zstd"; Sources::Compress "gzip"; Contents::Compress "gzip"; };
TreeDefault { Directory "pool"; SrcDirectory "pool"; };
Tree "dists/stable" { Sections "main"; Architectures "amd64 source"; };
APT::FTPArchive::Release { Suite "stable"; Codename "bookworm"; Components "main"; Architectures "amd64"; Origin "Them"; Acquire-By-Hash "no"; };
`,
    )
    await run(['apt-ftparchive', 'generate', at('conf')], { cwd: base })
    const { stdout } = await run(['apt-ftparchive', '-c', at('conf'), 'release', 'dists/stable'], { cwd: base })
    const { head, read } = await readAll(base, PLACE, stdout.toString())
    expect(head).toMatchObject({ origin: 'Them', suite: 'stable', codename: 'bookworm', components: ['main'] })
    expect(read.map(({ path }) => path)).toEqual(
      ['.xz', '.zst', '.gz', ''].map((end) => `dists/stable/main/binary-amd64/Packages${end}`),
    )
    for (const found of read) expect(found.records.map((record) => ({ ...record, filename: '' }))).toEqual(records)
    const contents = indexForms(head, PLACE, 'main/Contents-amd64')[0]
    const packed = readFileSync(`${base}/${contents?.paths.at(-1)}`)
    const lines = await unpack(packed, { compression: contents?.compression ?? 'none', limit: 1e9, what: 'Contents' })
    expect([...parseContents(lines)].map(({ path }) => path)).toEqual(expect.arrayContaining(['usr/share/world']))
    expect(() => upstream.indexes(head, { ...PLACE, architecture: 'arm64' })).toThrow(
      expect.objectContaining({ code: 'REPOSITORY_MALFORMED' }),
    )
  },
)

test.skipIf(!haveTools('reprepro', 'gpg', 'gpgconf'))(
  `a repository that reprepro made and signed is read${skipReason('reprepro', 'gpg', 'gpgconf')}`,
  async () => {
    using directory = scratch()
    const { at } = directory
    const records = await packagesIn(at('incoming'))
    const signer = await gpgSigner(at('gnupg'))
    try {
      mkdirSync(at('site/conf'), { recursive: true })
      writeFileSync(
        at('site/conf/distributions'),
        'Origin: Them\nSuite: stable\nCodename: bookworm\nArchitectures: amd64 source\nComponents: main\nDescription: x\nSignWith: yes\nContents: . .gz\n',
      )
      const env = { PATH: '/usr/bin:/bin', GNUPGHOME: at('gnupg'), LC_ALL: 'C' }
      const files = records.map(({ name, version }) => at('incoming', `${name}_${version.replace(':', '-')}_amd64.deb`))
      await run(['reprepro', '--basedir', at('site'), 'includedeb', 'bookworm', ...files], { env })
      const place = { ...PLACE, suite: 'bookworm' }
      const top = upstream.top(place)
      expect(top).toEqual({ path: 'dists/bookworm/InRelease', signed: 'inline' })
      expect(signer.keyring).toBe(at('gnupg/public.gpg'))
      const text = clearSignedText(readFileSync(at('site', top.path), 'utf8'))
      const { head, read } = await readAll(at('site'), place, text)
      expect(head).toMatchObject({ origin: 'Them', suite: 'stable', codename: 'bookworm' })
      expect(read.length).toBeGreaterThan(0)
      for (const found of read) {
        expect(found.records.map((record) => ({ ...record, filename: '' }))).toEqual(records)
        // It puts files where we would.
        for (const record of found.records) expect(deb.repository.packagePath(record, 'main')).toBe(record.filename)
      }
      const [sources] = indexForms(head, place, 'main/source/Sources')
      const packed = readFileSync(at('site', sources?.paths.at(-1) ?? ''))
      const what = { compression: sources?.compression ?? 'none', limit: 1e9, what: 'Sources' } as const
      expect(parseSources(await unpack(packed, what))).toEqual([])
    } finally {
      await stopGpg(at('gnupg'))
    }
  },
)

test.skipIf(!haveTools('apt-ftparchive'))(`a flat repository is read${skipReason('apt-ftparchive')}`, async () => {
  using directory = scratch()
  const { at, path: base } = directory
  const records = await packagesIn(at('sub'))
  const { stdout: index } = await run(['apt-ftparchive', 'packages', 'sub'], { cwd: base })
  for (const [suite, where] of [
    ['./', ''],
    ['sub/', 'sub/'],
  ] as const) {
    writeFileSync(at(`${where}Packages`), index)
    const { stdout } = await run(['apt-ftparchive', 'release', where === '' ? '.' : 'sub'], { cwd: base })
    const place = { suite, component: '', architecture: 'amd64' }
    expect(upstream.top(place).path).toBe(`${where}InRelease`)
    const { read } = await readAll(base, place, stdout.toString())
    expect(read.map(({ path }) => path)).toEqual([`${where}Packages`])
    expect(read[0]?.records.map(({ name }) => name)).toEqual(records.map(({ name }) => name))
  }
})
