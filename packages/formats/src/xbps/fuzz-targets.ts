import type { FuzzTarget } from '../testing/fuzz.ts'
import { formatTargets } from '../testing/fuzz-format.ts'
import { repairTar } from '../testing/fuzz-tar.ts'
import { fail } from '../errors.ts'
import { xbps } from './index.ts'
import { parsePlist, renderPlist, type PlistValue } from './plist.ts'
import { sampleIndex, samplePackage } from './testing.ts'

/** Everything of xbps that reads bytes from outside. */
export function xbpsTargets(directory: string): FuzzTarget[] {
  const database = renderPlist(
    new Map([
      ['_XBPS_ALTERNATIVES_', new Map([['vi', ['vim']]])],
      [
        'foo',
        new Map<string, PlistValue>([
          ['architecture', 'x86_64'],
          ['automatic-install', true],
          ['installed_size', 12345],
          ['pkgver', 'foo-1.0_1'],
          ['repository', 'https://example.org/current'],
          ['run_depends', ['bar>=1<2', 'awk-0_1']],
          ['state', 'installed'],
        ]),
      ],
    ]),
  )
  return [
    ...formatTargets(
      xbps,
      {
        versions:
          '1.0_1\n1.0alpha2_1\n1.0beta\n2.0rc3_10\n1.17_01_1\n20240101.1234_1\n1.0a_1\n1.0pl1\n99999999999999999999_1',
        dependencies: ['glibc>=2.36_1 foo>1.0<=2_1 bar-1.0_1 baz-[0-9]* x-1.[!0-3]?_* y'],
        package: samplePackage,
        release: '1.0_1',
        settings: {
          origin: 'Example',
          label: 'Example',
          suite: 'current',
          codename: 'current',
          description: 'a repository for tests',
          component: '',
          architectures: ['x86_64'],
          date: 1_700_000_000,
        },
        indexPart: 'index',
        database: { path: 'var/db/xbps/pkgdb-0.38.plist', samples: [Buffer.from(database)] },
        repairPackage: repairTar,
        repairIndex: repairTar,
      },
      directory,
    ),
    {
      name: 'xbps: repodata',
      samples: () => [sampleIndex(30)],
      read: (bytes) => xbps.parseIndex(bytes),
      repair: repairTar,
    },
    {
      name: 'xbps: property list',
      samples: () => [Buffer.from(database)],
      read: (bytes) => parsePlist(bytes, (what, cause) => fail('REPOSITORY_MALFORMED', { what, cause })),
    },
  ]
}
