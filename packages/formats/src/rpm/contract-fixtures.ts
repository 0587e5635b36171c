import fc from 'fast-check'
import { compareText } from '@holotype/base'
import type { FormatFixtures } from '../testing/contract.ts'
import type { PackageToWrite } from '../types.ts'
import { versionArbitrary } from './testing.ts'

/** What rpm brings to the contract of a package format. */
export const fixtures: FormatFixtures = {
  version: versionArbitrary(fc),
  ascending: ['1.0~rc1-1', '1.0-1', '1.0-1.1', '1.0-2', '1.0^git1-1', '1.0a-1', '1.0.1-1', '1.10-1', '1:0.1-1'],
  operators: ['<', '<=', '=', '>=', '>'],
  dependencies: [
    ['', []],
    ['bash >= 4, (a or b)', [[{ name: 'bash', operator: '>=', version: '4' }], [{ name: 'a' }, { name: 'b' }]]],
    ['(a if b)', [[{ name: 'a' }, { name: 'b', negated: true }]]],
  ],
  malformedDependencies: ['a >=', '(a', '(a and b or c)', 'a => 1'],
  package: (name, version, payload) => {
    const [upstream = '', revision = ''] = version.split('-')
    return {
      fields: [
        ['NAME', name],
        ['VERSION', upstream],
        ['RELEASE', revision === '' ? '1' : revision],
        ['SUMMARY', 'a sample for tests'],
        ['LICENSE', 'MIT'],
        ['ARCH', 'x86_64'],
        ['REQUIRES(post)', '/bin/sh'],
        ['POSTIN', 'true'],
        ['POSTINPROG', '/bin/sh'],
      ],
      control: new Map(),
      payload,
      epoch: 1_700_000_000,
    }
  },
  scripts: [{ name: 'postin', interpreter: ['/bin/sh'], text: 'true' }],
  compressions: ['zst', 'gz', 'xz', 'none'],
  stored,
  settings: {
    origin: 'Example',
    label: 'Example',
    suite: 'stable',
    codename: 'stable',
    description: 'a repository for tests',
    component: 'main',
    architectures: ['x86_64'],
    date: 1_700_000_000,
  },
  indexPart: 'primary',
}

/** Of a hard link set the last by path is the file, the others follow it as links. */
function stored(payload: PackageToWrite['payload']): PackageToWrite['payload'] {
  return payload.flatMap((member) => {
    if (member.type === 'hardlink') return []
    const links = payload.filter(({ type, target }) => type === 'hardlink' && target === member.path)
    const paths = [member.path, ...links.map(({ path }) => path)].sort(compareText)
    const last = paths.at(-1) ?? member.path
    const { bytes, ...plain } = member
    const others = paths
      .slice(0, -1)
      .map((path) => ({ ...plain, path, type: 'hardlink' as const, size: 0, target: last }))
    return [{ ...plain, path: last, ...(bytes === undefined ? {} : { bytes }) }, ...others]
  })
}
