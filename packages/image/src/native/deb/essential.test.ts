import { openStore } from '@holotype/store'
import { expect, test } from 'vitest'
import { unpackedOf } from '../../testing/synthetic.ts'
import { temporaryDirectory } from '../../testing/temporary.ts'
import { essentialNames } from './essential.ts'

const store = openStore(temporaryDirectory())

test('essential packages, and what they need by name or by what others provide, and nothing else', () => {
  const packages = [
    [
      'dash',
      [
        ['Essential', 'yes'],
        ['Depends', 'debianutils (>= 5), libc6'],
      ],
    ],
    [
      'debianutils',
      [
        ['Pre-Depends', 'libc6'],
        ['Suggests', 'editor'],
      ],
    ],
    [
      'libc6',
      [
        ['Depends', 'libgcc-any | libgcc-s1'],
        ['Recommends', 'editor'],
      ],
    ],
    ['libgcc-s1', [['Depends', 'libc6']]],
    [
      'awk-one',
      [
        ['Provides', 'awk'],
        ['Depends', 'libm'],
      ],
    ],
    ['libm', []],
    [
      'base-files',
      [
        ['Essential', 'yes'],
        ['Pre-Depends', 'awk'],
      ],
    ],
    [
      'editor',
      [
        ['Depends', 'libc6'],
        ['Essential', 'no'],
      ],
    ],
  ] as const
  const unpacked = packages.map(([name, fields]) => unpackedOf(store, { name, files: {}, fields }))
  expect([...essentialNames(unpacked)].sort()).toEqual([
    'awk-one',
    'base-files',
    'dash',
    'debianutils',
    'libc6',
    'libgcc-s1',
    'libm',
  ])
})
