import fc from 'fast-check'
import { formatContract } from '../testing/contract.ts'
import { deb } from './index.ts'
import { sampleFields, sampleSettings, versionArbitrary } from './testing.ts'

const ROOT = {
  path: '',
  type: 'directory',
  mode: 0o755,
  uid: 0,
  gid: 0,
  owner: 'root',
  group: 'root',
  mtime: 1_700_000_000,
  size: 0,
} as const

formatContract(deb, {
  version: versionArbitrary(fc),
  ascending: [
    '~~',
    '~~a',
    '~',
    '',
    '1.0~rc1',
    '1.0',
    '1.0-1~bpo12+1',
    '1.0-1',
    '1.0-1+b1',
    '1.0a',
    '1.0+dfsg',
    '1.10',
    'a',
    '1:0.1',
  ],
  operators: ['<<', '<=', '=', '>=', '>>'],
  dependencies: [
    ['', []],
    ['libc6', [[{ name: 'libc6' }]]],
    [
      'libc6:any (>= 2.36) | libc (= 1:2-1), awk,',
      [
        [
          { name: 'libc6', architecture: 'any', operator: '>=', version: '2.36' },
          { name: 'libc', operator: '=', version: '1:2-1' },
        ],
        [{ name: 'awk' }],
      ],
    ],
  ],
  malformedDependencies: ['a |', 'a (1)', 'a (>= 1', '-a', 'a [amd64]', 'a (~= 1)'],
  package: (name, version, payload) => ({
    fields: sampleFields(name, version),
    control: new Map([['postinst', { bytes: Buffer.from('#!/bin/sh -e\nexit 0\n'), mode: 0o755 }]]),
    payload,
    epoch: 1_700_000_000,
  }),
  scripts: [{ name: 'postinst', interpreter: ['/bin/sh', '-e'], text: '#!/bin/sh -e\nexit 0\n' }],
  compressions: ['none', 'gz', 'xz', 'zst'],
  // dpkg-deb's archives begin with the root directory; what is missing above a member is put in.
  stored: (payload) => (payload[0]?.path === '' ? payload : [ROOT, ...payload]),
  settings: sampleSettings(),
  indexPart: 'Packages',
})
