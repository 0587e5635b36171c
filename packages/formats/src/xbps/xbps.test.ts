import fc from 'fast-check'
import { formatContract } from '../testing/contract.ts'
import { xbps } from './index.ts'
import { SAMPLE_SCRIPTS, samplePackage, storedPayload, versionArbitrary } from './testing.ts'

formatContract(xbps, {
  version: versionArbitrary(fc),
  ascending: [
    'alpha',
    'beta',
    'rc1',
    '0',
    '1.0alpha1_1',
    '1.0beta1_1',
    '1.0rc1_1',
    '1.0_1',
    '1.0_2',
    '1.0_10',
    '1.0a_1',
    '1.0b_1',
    '1.1',
    '1.10_1',
    '20240101_1',
  ],
  operators: ['<', '<=', '=', '>=', '>'],
  dependencies: [
    ['', []],
    [
      'glibc>=2.36_1  foo-1.0_1\tbar',
      [
        [{ name: 'glibc', operator: '>=', version: '2.36_1' }],
        [{ name: 'foo', operator: '=', version: '1.0_1' }],
        [{ name: 'bar' }],
      ],
    ],
  ],
  malformedDependencies: ['>=1', 'foo>=', 'foo (>= 1)', 'a|b', 'foo<1>2', 'foo!=1'],
  release: '1.0_1',
  package: samplePackage,
  scripts: SAMPLE_SCRIPTS,
  compressions: ['none', 'gz', 'xz', 'zst'],
  stored: storedPayload,
  settings: {
    origin: 'Example',
    label: 'Example',
    suite: 'current',
    codename: 'current',
    description: 'a repository for tests',
    component: '',
    architectures: ['x86_64', 'noarch'],
    date: 1_700_000_000,
  },
  indexPart: 'index',
})
