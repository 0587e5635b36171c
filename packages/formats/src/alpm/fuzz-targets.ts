import type { FuzzTarget } from '../testing/fuzz.ts'
import { formatTargets } from '../testing/fuzz-format.ts'
import { repairTar } from '../testing/fuzz-tar.ts'
import { alpm } from './index.ts'
import { sampleFields, sampleSettings } from './testing.ts'

const DESC = `%NAME%
foo

%VERSION%
1:1.0-1

%BASE%
foobase

%DESC%
a sample

%ARCH%
x86_64

%BUILDDATE%
1700000000

%PACKAGER%
Jane Doe <jane@example.org>

%SIZE%
12345

%DEPENDS%
glibc>=2.36
sh

`

/** Everything of alpm that reads bytes from outside. */
export function alpmTargets(directory: string): FuzzTarget[] {
  return formatTargets(
    alpm,
    {
      versions: '1.0-1\n1:1.0rc1-1.1\n1.0.a-1\n1.0_alpha+2-10\n99999999999999999999-1\n1.00-1',
      dependencies: ['sh libz.so=1-64 a>=1:2-3 b<2'],
      package: (name, version, payload) => ({
        fields: sampleFields(name, version, [
          ['depend', 'glibc>=2.36'],
          ['provides', 'sample-api=2'],
          ['conflict', 'old'],
        ]),
        control: new Map([['.INSTALL', { bytes: Buffer.from('post_install() {\n\ttrue\n}\n'), mode: 0o644 }]]),
        payload,
        epoch: 1_700_000_000,
      }),
      release: '1.0-1',
      settings: sampleSettings,
      indexPart: 'db',
      database: { path: 'var/lib/pacman/local/foo-1:1.0-1/desc', samples: [Buffer.from(DESC)] },
      repairPackage: repairTar,
      repairIndex: repairTar,
    },
    directory,
  )
}
