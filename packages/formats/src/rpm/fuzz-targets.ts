import type { FuzzTarget } from '../testing/fuzz.ts'
import { parseFileIndex } from './filelists.ts'
import { parseHeader } from './header.ts'
import { parseIndex } from './primary.ts'
import { parseDependencies } from './relation.ts'
import { parseRepomd } from './repomd.ts'
import { compareParsed, compareVersions, parseVersion } from './version.ts'

/** A header of a store and two entries: NAME as a string, FILEMODES as two 16-bit numbers. */
const HEADER = Buffer.concat([
  Buffer.from([0x8e, 0xad, 0xe8, 0x01, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 10]),
  Buffer.from([0, 0, 3, 0xe8, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0, 1]),
  Buffer.from([0, 0, 4, 6, 0, 0, 0, 3, 0, 0, 0, 6, 0, 0, 0, 2]),
  Buffer.from('hello\0'),
  Buffer.from([0x81, 0xa4, 0x41, 0xed]),
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

/** What of rpm reads bytes from outside. */
export function rpmTargets(): FuzzTarget[] {
  return [
    {
      name: 'rpm: versions',
      samples: () => [Buffer.from('1.0-1\n1:2.3~rc1-4\n1.0^git1-1\n0:1.00\n99999999999999999999-1')],
      read(bytes) {
        const lines = bytes.toString().split('\n')
        for (const [index, a] of lines.slice(0, 50).entries()) {
          const b = lines[index + 1] ?? ''
          const order = compareVersions(a, b)
          if (order + compareVersions(b, a) !== 0) throw new Error(`${JSON.stringify([a, b])} have no order`)
          if (compareParsed(parseVersion(a), parseVersion(b)) !== order)
            throw new Error(`${JSON.stringify([a, b])} have two orders`)
        }
      },
    },
    {
      name: 'rpm: dependencies',
      samples: () =>
        [
          'glibc >= 2.36, /bin/sh',
          '(a if b else c)',
          '(a or (b with c >= 1) or (d unless e))',
          '((a or b) without c)',
        ].map((text) => Buffer.from(text)),
      read: (bytes) => parseDependencies(bytes.toString()),
    },
    { name: 'rpm: repomd.xml', samples: () => [Buffer.from(REPOMD)], read: (bytes) => parseRepomd(bytes) },
    { name: 'rpm: primary.xml', samples: () => [Buffer.from(PRIMARY)], read: (bytes) => parseIndex(bytes) },
    {
      name: 'rpm: filelists.xml',
      samples: () => [Buffer.from(FILELISTS)],
      read: (bytes) => parseFileIndex(bytes, new Set(['/usr/share/foo/a & b'])),
    },
    { name: 'rpm: header', samples: () => [HEADER], read: (bytes) => parseHeader(bytes) },
  ]
}
