import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { gzipSync } from 'node:zlib'
import { formatBytes } from '@holotype/base'
import { formats } from '@holotype/formats'
import { createKeyring } from '@holotype/trust'

/*
 * What a large upstream costs in memory: a repository of PACKAGES packages (100,000 when nothing is said) is made, then a process of its own takes
 * a snapshot of it and resolves from it, and tells its peak resident size. `node bench/upstream-memory.ts [PACKAGES [MIB]]`; it fails when
 * that many MiB were not enough.
 */

const packages = Number(process.argv[2] ?? 100_000)
/** What was promised: MiB resident for 100,000 packages. */
const promised = Number(process.argv[3] ?? 512)

const sha256 = (bytes: string | Uint8Array) => createHash('sha256').update(bytes).digest('hex')
const nameOf = (at: number) => `lib-part-${at % 997}-of-${at}`
/** Each package depends on some before it, the near ones and a few that many depend on, as real ones do. */
const needsOf = (at: number) =>
  [...new Set([0, at % 7, at % 100, Math.floor(at / 2), Math.floor(at / 3), at - (at % 1000)])].filter(
    (one) => one >= 0 && one < at,
  )

/** What a Debian stanza has, with as many bytes: some 800. */
function stanza(at: number): string {
  const name = nameOf(at)
  const version = `1:${at % 9}.${at % 23}.${at % 5}-${1 + (at % 3)}`
  return `Package: ${name}
Version: ${version}
Architecture: amd64
Source: source-${at % 30_000}
Maintainer: Maintainers of the part ${at % 500} <part-${at % 500}@example.org>
Installed-Size: ${100 + (at % 9000)}
${
  at === 0
    ? ''
    : `Depends: ${needsOf(at)
        .map((one) => `${nameOf(one)} (>= 1:0)`)
        .join(', ')}\n`
}Provides: virtual-${at % 5000}
Description: the part ${at} of a distribution that nobody installs
Description-md5: ${sha256(`d${at}`).slice(0, 32)}
Homepage: https://example.org/parts/${at}
Tag: implemented-in::c, role::shared-lib, use::organizing
Section: libs
Priority: optional
Filename: pool/main/l/source-${at % 30_000}/${name}_${version.slice(2)}_amd64.deb
Size: ${10_000 + at}
MD5sum: ${sha256(`m${at}`).slice(0, 32)}
SHA256: ${sha256(name)}

`
}

/** What an entry of primary.xml has, with as many bytes: some 2,000. */
function entry(at: number): string {
  const name = nameOf(at)
  const requires = needsOf(at).map((one) => `      <rpm:entry name="${nameOf(one)}" flags="GE" epoch="0" ver="0"/>\n`)
  const sonames = needsOf(at).map((one) => `      <rpm:entry name="lib${one}.so.1()(64bit)"/>\n`)
  return `<package type="rpm">
  <name>${name}</name>
  <arch>x86_64</arch>
  <version epoch="0" ver="${1 + (at % 9)}.${at % 23}" rel="${1 + (at % 3)}.fc40"/>
  <checksum type="sha256" pkgid="YES">${sha256(name)}</checksum>
  <summary>The part ${at} of a distribution</summary>
  <description>The part ${at} of a distribution that nobody installs.
It is as long as descriptions are: a few lines of text, which no one who resolves ever looks at, but which are in the index all the same.</description>
  <packager>Maintainers</packager>
  <url>https://example.org/parts/${at}</url>
  <time file="1750000000" build="1750000000"/>
  <size package="${10_000 + at}" installed="${100_000 + at}" archive="${110_000 + at}"/>
  <location href="Packages/l/${name}-${1 + (at % 9)}.${at % 23}-${1 + (at % 3)}.fc40.x86_64.rpm"/>
  <format>
    <rpm:license>MIT</rpm:license>
    <rpm:vendor>Example</rpm:vendor>
    <rpm:group>Unspecified</rpm:group>
    <rpm:buildhost>build.example.org</rpm:buildhost>
    <rpm:sourcerpm>source-${at % 30_000}-1.0-1.fc40.src.rpm</rpm:sourcerpm>
    <rpm:header-range start="4504" end="10233"/>
    <rpm:provides>
      <rpm:entry name="${name}" flags="EQ" epoch="0" ver="${1 + (at % 9)}.${at % 23}" rel="${1 + (at % 3)}.fc40"/>
      <rpm:entry name="${name}(x86-64)" flags="EQ" epoch="0" ver="${1 + (at % 9)}.${at % 23}" rel="${1 + (at % 3)}.fc40"/>
      <rpm:entry name="lib${at}.so.1()(64bit)"/>
    </rpm:provides>
    <rpm:requires>
${requires.join('')}${sonames.join('')}      <rpm:entry name="/usr/bin/tool-${Math.floor(at / 10) % 500}"/>
    </rpm:requires>
    <file>/usr/bin/tool-${at}</file>
  </format>
</package>
`
}

/** Joined in blocks: one text of all would be held twice. */
function bytesOf(opening: string, one: (at: number) => string, closing: string): Buffer {
  const blocks = [Buffer.from(opening)]
  for (let from = 0; from < packages; from += 1000) {
    const to = Math.min(packages, from + 1000)
    blocks.push(Buffer.from(Array.from({ length: to - from }, (_, index) => one(from + index)).join('')))
  }
  return Buffer.concat([...blocks, Buffer.from(closing)])
}

function write(base: string, path: string, bytes: Uint8Array | string): void {
  mkdirSync(join(base, path, '..'), { recursive: true })
  writeFileSync(join(base, path), bytes)
}

const scratch = mkdtempSync(join(tmpdir(), 'holotype-upstream-memory-'))
try {
  const keyring = await createKeyring(join(scratch, 'keys'))
  const { armored } = await keyring.openPgpPublicKey()
  const signer = keyring.repositorySigner()
  write(scratch, 'archive.asc', armored)

  const deb = join(scratch, 'deb')
  const index = bytesOf('', stanza, '')
  const packed = gzipSync(index, { level: 1 })
  write(deb, 'dists/stable/main/binary-amd64/Packages.gz', packed)
  const list = [
    [index, 'main/binary-amd64/Packages'],
    [packed, 'main/binary-amd64/Packages.gz'],
  ] as const
  const release = `Origin: Example\nSuite: stable\nCodename: stable\nDate: ${new Date().toUTCString().replace('GMT', 'UTC')}\nArchitectures: amd64\nComponents: main\nSHA256:\n${list.map(([bytes, path]) => ` ${sha256(bytes)} ${bytes.length} ${path}\n`).join('')}`
  write(deb, 'dists/stable/InRelease', await signer.clearSign(release))

  const rpm = join(scratch, 'rpm')
  const primary = bytesOf(
    `<?xml version="1.0" encoding="UTF-8"?>\n<metadata xmlns="http://linux.duke.edu/metadata/common" xmlns:rpm="http://linux.duke.edu/metadata/rpm" packages="${packages}">\n`,
    entry,
    '</metadata>\n',
  )
  const zipped = gzipSync(primary, { level: 1 })
  const primaryPath = `repodata/${sha256(zipped)}-primary.xml.gz`
  write(rpm, primaryPath, zipped)
  const repomd = `<?xml version="1.0" encoding="UTF-8"?>
<repomd xmlns="http://linux.duke.edu/metadata/repo" xmlns:rpm="http://linux.duke.edu/metadata/rpm">
  <revision>1750000000</revision>
  <data type="primary">
    <checksum type="sha256">${sha256(zipped)}</checksum>
    <open-checksum type="sha256">${sha256(primary)}</open-checksum>
    <location href="${primaryPath}"/>
    <timestamp>1750000000</timestamp>
    <size>${zipped.length}</size>
    <open-size>${primary.length}</open-size>
  </data>
</repomd>
`
  write(rpm, 'repodata/repomd.xml', repomd)
  write(rpm, 'repodata/repomd.xml.asc', await signer.detachSign(repomd))

  process.stdout.write(`${packages} packages\n`)
  const cases = [
    ['deb', deb, index.length, 'stable'],
    ['rpm', rpm, primary.length, ''],
  ] as const
  for (const [format, base, size, suite] of cases.filter(([name]) => Object.keys(formats).includes(name)))
    for (const what of ['snapshot', 'lock']) {
      const store = join(scratch, `store-${format}`)
      const args = [
        what,
        format,
        pathToFileURL(base).href,
        suite,
        store,
        join(scratch, 'archive.asc'),
        nameOf(packages - 1),
      ]
      const child = spawnSync(process.execPath, [join(import.meta.dirname, 'harness/upstream-child.ts'), ...args], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      if (child.status !== 0) throw new Error(`${what} of ${format} failed`)
      const [mib = 0, seconds = 0, found = 0] = child.stdout.trim().split(' ').map(Number)
      const verdict = mib <= promised ? 'met' : 'MISSED'
      if (mib > promised) process.exitCode = 1
      process.stdout.write(
        `${format} ${what}: ${mib} MiB resident at most (${promised} MiB: ${verdict}), ${seconds} s, index ${formatBytes(size)}, ${found} packages\n`,
      )
    }
} finally {
  rmSync(scratch, { recursive: true })
}
