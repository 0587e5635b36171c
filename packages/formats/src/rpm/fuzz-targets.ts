import { fail } from '../errors.ts'
import type { FuzzTarget } from '../testing/fuzz.ts'
import { formatTargets } from '../testing/fuzz-format.ts'
import { fixtures } from './contract-fixtures.ts'
import { cpioHeader, cpioPadding, readCpio } from './cpio.ts'
import { parseFileIndex } from './filelists.ts'
import { repairPackage } from './fuzz-repair.ts'
import { parseHeader } from './header.ts'
import { type HeaderEntry, writeHeader } from './header-write.ts'
import { rpm } from './index.ts'
import { packageOf } from './installed.ts'
import { parseChangelogs } from './other.ts'
import { parseIndex } from './primary.ts'
import { parseRepomd } from './repomd.ts'
import { bdbBlobs } from './rpmdb/bdb.ts'
import { ndbBlobs } from './rpmdb/ndb.ts'
import { bdbDatabase, ndbDatabase, repairNdb } from './rpmdb/testing.ts'
import { HEADERIMMUTABLE, TAGS, type TagName } from './tags.ts'
import { cvesOf, parseUpdateinfo } from './updateinfo.ts'

/** A header of a store and two entries: NAME as a string, FILEMODES as two 16-bit numbers. */
const HEADER = Buffer.concat([
  Buffer.from([0x8e, 0xad, 0xe8, 0x01, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 10]),
  Buffer.from([0, 0, 3, 0xe8, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0, 1]),
  Buffer.from([0, 0, 4, 6, 0, 0, 0, 3, 0, 0, 0, 6, 0, 0, 0, 2]),
  Buffer.from('hello\0'),
  Buffer.from([0x81, 0xa4, 0x41, 0xed]),
])

const tag = (name: TagName, values: HeaderEntry['values']): HeaderEntry => ({
  tag: TAGS[name].number,
  type: TAGS[name].type,
  values,
})
/** A package of the database: its header without the magic. */
const INSTALLED = writeHeader(
  [
    tag('NAME', ['foo']),
    tag('EPOCH', [1]),
    tag('VERSION', ['1.0']),
    tag('RELEASE', ['1']),
    tag('ARCH', ['x86_64']),
    tag('VENDOR', ['Example']),
    tag('SOURCERPM', ['foo-1.0-1.src.rpm']),
    tag('BASENAMES', ['foo', 'bar']),
    tag('DIRNAMES', ['/usr/bin/', '/etc/']),
    tag('DIRINDEXES', [0, 1]),
    tag('REQUIRENAME', ['bash', '(a if b)']),
    tag('REQUIREFLAGS', [12, 0]),
    tag('REQUIREVERSION', ['4', '']),
  ],
  HEADERIMMUTABLE,
).subarray(8)

const CPIO = Buffer.concat([
  cpioHeader('./usr/a', [1, 0o100644, 1, 0, 5]),
  Buffer.from('hello'),
  cpioPadding(5),
  cpioHeader('TRAILER!!!', []),
])

const SHA = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
const REPOMD = `<?xml version="1.0" encoding="UTF-8"?>
<repomd xmlns="http://linux.duke.edu/metadata/repo" xmlns:rpm="http://linux.duke.edu/metadata/rpm">
  <revision>1700000000</revision>
  <data type="primary">
    <checksum type="sha256">${SHA}</checksum>
    <open-checksum type="sha256">${SHA}</open-checksum>
    <location href="repodata/${SHA}-primary.xml.gz"/>
    <timestamp>1700000000</timestamp>
    <size>1234</size>
    <open-size>5678</open-size>
  </data>
</repomd>
`
const PRIMARY = `<?xml version="1.0" encoding="UTF-8"?>
<metadata xmlns="http://linux.duke.edu/metadata/common" xmlns:rpm="http://linux.duke.edu/metadata/rpm" packages="1">
<package type="rpm">
  <name>foo</name>
  <arch>x86_64</arch>
  <version epoch="0" ver="1.0" rel="1"/>
  <checksum type="sha256" pkgid="YES">${SHA}</checksum>
  <summary>A sample &amp; more</summary>
  <description>It says &lt;hello&gt; &#228;</description>
  <packager/>
  <url>https://example.org</url>
  <time file="1700000000" build="1700000000"/>
  <size package="1234" installed="5678" archive="6000"/>
  <location href="Packages/f/foo-1.0-1.x86_64.rpm"/>
  <format>
    <rpm:license>MIT</rpm:license>
    <rpm:vendor>Example</rpm:vendor>
    <rpm:group>Unspecified</rpm:group>
    <rpm:buildhost>localhost</rpm:buildhost>
    <rpm:sourcerpm>foo-1.0-1.src.rpm</rpm:sourcerpm>
    <rpm:header-range start="440" end="1000"/>
    <rpm:provides>
      <rpm:entry name="foo" flags="EQ" epoch="0" ver="1.0" rel="1"/>
    </rpm:provides>
    <rpm:requires>
      <rpm:entry name="libc.so.6()(64bit)"/>
      <rpm:entry name="(a if b else c)"/>
      <rpm:entry name="bar" flags="GE" epoch="1" ver="2" pre="1"/>
    </rpm:requires>
    <file>/usr/bin/foo</file>
    <file type="dir">/etc/foo</file>
  </format>
</package>
</metadata>
`
const FILELISTS = `<?xml version="1.0" encoding="UTF-8"?>
<filelists xmlns="http://linux.duke.edu/metadata/filelists" packages="1">
<package pkgid="${SHA}" name="foo" arch="x86_64">
  <version epoch="0" ver="1.0" rel="1"/>
  <file type="dir">/usr/share/foo</file>
  <file>/usr/share/foo/a &amp; b</file>
</package>
</filelists>
`

const UPDATEINFO = `<?xml version="1.0" encoding="UTF-8"?>
<updates>
  <update from="security@example.org" status="final" type="security" version="1">
    <id>EX-2024:1</id><title>foo</title><issued date="2024-01-31 12:00:00"/><updated date="1706702400"/>
    <severity>Important</severity><summary/><description>a &amp; b</description>
    <references><reference href="https://example.org" id="CVE-2024-12345" type="cve" title="CVE-2024-12345"/></references>
    <pkglist><collection short="EX"><name>Example</name><module name="m" stream="1" version="2" context="c" arch="x86_64"/>
      <package name="foo" epoch="1" version="1.0" release="2" arch="x86_64" src="foo-1.0-2.src.rpm">
        <filename>foo-1.0-2.x86_64.rpm</filename><sum type="sha256">${SHA}</sum><reboot_suggested>True</reboot_suggested>
      </package></collection></pkglist>
  </update>
</updates>
`
const OTHER = `<otherdata xmlns="http://linux.duke.edu/metadata/other" packages="1">
<package pkgid="${SHA}" name="foo" arch="x86_64"><version epoch="0" ver="1.0" rel="1"/>
<changelog author="Jo &lt;jo@example.org&gt; - 1.0-1" date="1706702400">- &amp; more</changelog>
</package>
</otherdata>
`

/** Everything of rpm that reads bytes from outside. `directory` is for the files. */
export function rpmTargets(directory: string): FuzzTarget[] {
  const text = (name: string, sample: string, read: (bytes: Buffer) => unknown): FuzzTarget => ({
    name: `rpm: ${name}`,
    samples: () => [Buffer.from(sample)],
    read,
  })
  return [
    ...formatTargets(
      rpm,
      {
        versions: '1.0-1\n1:2.3~rc1-4\n1.0^git1-1\n0:1.00\n99999999999999999999-1',
        dependencies: [
          'glibc >= 2.36, /bin/sh',
          '(a if b else c)',
          '(a or (b with c >= 1) or (d unless e))',
          '((a or b) without c)',
        ],
        package: fixtures.package,
        release: '1.0-1',
        settings: fixtures.settings,
        indexPart: 'primary',
        database: { path: 'var/lib/rpm/Packages.db', samples: [ndbDatabase([INSTALLED, INSTALLED])] },
        repairPackage,
      },
      directory,
    ),
    text('repomd.xml', REPOMD, parseRepomd),
    text('primary.xml', PRIMARY, parseIndex),
    text('filelists.xml', FILELISTS, (bytes) => parseFileIndex(bytes, new Set(['/usr/share/foo/a & b']))),
    text('updateinfo.xml', UPDATEINFO, (bytes) => parseUpdateinfo(bytes).map(cvesOf)),
    text('other.xml', OTHER, (bytes) => parseChangelogs(bytes)),
    { name: 'rpm: header', samples: () => [HEADER], read: (bytes) => parseHeader(bytes) },
    {
      name: 'rpm: a package of the database',
      samples: () => [INSTALLED],
      read: (bytes) => packageOf(bytes, new Map(), complain),
    },
    {
      name: 'rpm: ndb',
      samples: () => [ndbDatabase([INSTALLED, HEADER, Buffer.alloc(70_000, 1)])],
      read: (bytes) => bounded(ndbBlobs(bytes, complain), bytes),
      repair: repairNdb,
    },
    {
      name: 'rpm: Berkeley DB',
      samples: () => [bdbDatabase([INSTALLED, HEADER])],
      read: (bytes) => bounded(bdbBlobs(bytes, complain), bytes),
    },
    {
      name: 'rpm: cpio',
      samples: () => [CPIO],
      async read(bytes) {
        const cpio = readCpio(chunks(bytes))
        for (let member = await cpio.next(); member !== undefined; member = await cpio.next())
          for await (const chunk of cpio.content(member.size ?? 0)) void chunk
      },
    },
  ]
}

const complain = (what: string) => fail('INSTALLED_MALFORMED', { what })

/** No more may come out of a database than is in it. */
function bounded(blobs: Iterable<Buffer>, bytes: Buffer): void {
  let sum = 0
  for (const blob of blobs) sum += blob.length
  if (sum > bytes.length) throw new Error(`${sum} bytes came out of ${bytes.length}`)
}

async function* chunks(bytes: Buffer): AsyncGenerator<Buffer, void, undefined> {
  for (let at = 0; at < bytes.length; at += 100) yield bytes.subarray(at, at + 100)
}
