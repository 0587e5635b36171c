import fc from 'fast-check'
import { formatContract } from '../testing/contract.ts'
import { sampleFields, sampleRepository, versionArbitrary } from './testing.ts'
import { deb } from './index.ts'

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
  package: (name, version, payload) => ({
    fields: sampleFields(name, version),
    control: new Map([['postinst', { bytes: Buffer.from('#!/bin/sh\n'), mode: 0o755 }]]),
    payload,
    epoch: 1_700_000_000,
  }),
  repository: (packages) => sampleRepository(packages),
  indexPath: 'dists/stable/main/binary-amd64/Packages',
  fileName: (name, version) => `pool/main/${name.slice(0, 1)}/${name}/${name}_${version}_amd64.deb`,
})
