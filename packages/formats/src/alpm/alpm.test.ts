import fc from 'fast-check'
import { formatContract } from '../testing/contract.ts'
import { alpm } from './index.ts'
import { sampleFields, sampleSettings, versionArbitrary } from './testing.ts'

const install =
  'helper() { echo "$1"; }\npost_install() { helper "$1"; }\n# pre_remove is not here\npost_upgrade() { helper "$2"; }\n'

formatContract(alpm, {
  version: versionArbitrary(fc),
  ascending: [
    '1.0a-1',
    '1.0beta-1',
    '1.0rc1-1',
    '1.0-1',
    '1.0-1.1',
    '1.0-2',
    '1.0.a-1',
    '1.0.1-1',
    '1.10-1',
    '1:0.1-1',
  ],
  operators: ['<', '<=', '=', '>=', '>'],
  dependencies: [
    ['glibc', [[{ name: 'glibc' }]]],
    ['sh libz.so=1-64', [[{ name: 'sh' }], [{ name: 'libz.so', operator: '=', version: '1-64' }]]],
    ['a>=1:2-3', [[{ name: 'a', operator: '>=', version: '1:2-3' }]]],
  ],
  malformedDependencies: ['>=1', 'a>=', 'a==1'],
  package: (name, version, payload) => ({
    fields: sampleFields(name, version, [
      ['depend', 'glibc>=2.36'],
      ['provides', 'sample-api=2'],
      ['conflict', 'old'],
      ['replaces', 'old'],
      ['group', 'samples'],
    ]),
    control: new Map([['.INSTALL', { bytes: Buffer.from(install), mode: 0o644 }]]),
    payload,
    epoch: 1_700_000_000,
  }),
  scripts: ['post_install', 'post_upgrade'].map((name) => ({ name, interpreter: ['/bin/bash'], text: install })),
  compressions: ['none', 'gz', 'xz', 'zst'],
  settings: sampleSettings,
  indexPart: 'db',
})
