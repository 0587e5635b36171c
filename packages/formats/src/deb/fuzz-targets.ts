import type { FuzzTarget } from '../testing/fuzz.ts'
import { formatTargets } from '../testing/fuzz-format.ts'
import { parseChangelog } from './changelog.ts'
import { parseContents } from './contents.ts'
import { parseStanzas } from './control.ts'
import { deb } from './index.ts'
import { parseBuildDependencies } from './relation.ts'
import { clearSignedText } from './release.ts'
import { parseDsc, parseSources } from './sources.ts'
import { sampleFields } from './testing.ts'
import { parseTranslation } from './translation.ts'

const STATUS = `Package: foo
Status: install ok installed
Architecture: amd64
Source: foosource (1.0-1)
Version: 1.0-1+b1
Conffiles:
 /etc/foo 0123456789abcdef0123456789abcdef
Description: a sample
 more
 .
 and more

Package: bar
Status: deinstall ok config-files
Architecture: all
Version: 2:1
`
const CHANGELOG = `foo (1:1.0-2) unstable; urgency=medium, binary-only=yes

  * Second.
    - More of it. (Closes: #1)

 -- Jane Doe <jane@example.org>  Mon, 01 Jan 2024 00:00:00 +0000

foo (1.0-1) unstable; urgency=low

  [ Jane ]
  * First.

 -- Jane Doe <jane@example.org>  Sun, 31 Dec 2023 23:59:59 -0100
`
const SHA = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
const SOURCES = `Package: foo
Binary: foo, foo-doc
Version: 1.0-1
Maintainer: Jane Doe <jane@example.org>
Build-Depends: debhelper-compat (= 13), libc6-dev [amd64] <!nocheck>
Architecture: any all
Format: 3.0 (quilt)
Files:
 0123456789abcdef0123456789abcdef 1000 foo_1.0-1.dsc
 0123456789abcdef0123456789abcdef 2000 foo_1.0.orig.tar.xz
Checksums-Sha256:
 ${SHA} 1000 foo_1.0-1.dsc
 ${SHA} 2000 foo_1.0.orig.tar.xz
Directory: pool/main/f/foo
`
const DSC = SOURCES.replace('Package: ', 'Source: ')
  .replace(/^ .*\.dsc\n/gm, '')
  .replace(/^Directory.*\n/m, '')
const INRELEASE = `-----BEGIN PGP SIGNED MESSAGE-----
Hash: SHA512

Origin: Example
- -dash
-----BEGIN PGP SIGNATURE-----

none
-----END PGP SIGNATURE-----
`

/** Everything of deb that reads bytes from outside. */
export function debTargets(directory: string): FuzzTarget[] {
  const text = (name: string, sample: string, read: (text: string) => unknown): FuzzTarget => ({
    name: `deb: ${name}`,
    samples: () => [Buffer.from(sample)],
    read: (bytes) => read(bytes.toString()),
  })
  const bytes = (name: string, sample: string, read: (bytes: Buffer) => unknown): FuzzTarget => ({
    name: `deb: ${name}`,
    samples: () => [Buffer.from(sample)],
    read,
  })
  return [
    ...formatTargets(
      deb,
      {
        versions: '1.0-1\n1:2.3~rc1-4+b1\n~~\n0:1.00-01\n99999999999999999999\n1.0+dfsg-1~bpo12+1',
        dependencies: ['libc6:any (>= 2.36) | libc (= 1:2-1), awk, foo (<< 2~)'],
        package: (name, version, payload) => ({
          fields: sampleFields(name, version, [['Depends', 'libc6 (>= 2.36) | libc, awk']]),
          control: new Map([['postinst', { bytes: Buffer.from('#!/bin/sh -e\nexit 0\n'), mode: 0o755 }]]),
          payload,
          epoch: 1_700_000_000,
        }),
        release: '1.0-1',
        settings: {
          origin: 'Example',
          label: 'Example',
          suite: 'stable',
          codename: 'stable',
          description: 'a repository for tests',
          component: 'main',
          architectures: ['amd64'],
          date: 1_700_000_000,
        },
        indexPart: 'Packages',
        database: { path: 'var/lib/dpkg/status', samples: [Buffer.from(STATUS)] },
      },
      directory,
    ),
    text('stanzas', STATUS, parseStanzas),
    text('changelog', CHANGELOG, parseChangelog),
    text('clear-signed text', INRELEASE, clearSignedText),
    text('build dependencies', 'a (>= 1) [amd64 linux-any] <!nocheck> <cross>, b:native | c [!i386]', (field) =>
      parseBuildDependencies(field, 'amd64', ['nocheck']),
    ),
    bytes('Sources', SOURCES, parseSources),
    bytes('dsc', DSC, parseDsc),
    bytes('Contents', 'FILE LOCATION\nusr/bin/foo  admin/foo,bar\nusr/share/a b c\tnon-free/x/y\n', (input) => [
      ...parseContents(input),
    ]),
    bytes(
      'Translation',
      'Package: foo\nDescription-md5: 0123456789abcdef0123456789abcdef\nDescription-de: ein Muster\n mehr\n',
      (input) => parseTranslation(input, 'de'),
    ),
  ]
}
