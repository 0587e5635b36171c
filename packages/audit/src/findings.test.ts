import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Finding, findingsOf } from './findings.ts'
import { canonicalSet, compareEntries, type PackageSetEntry } from './set.ts'
import { sets } from './testing/arbitrary.ts'

const of = (...packages: string[]): PackageSetEntry[] =>
  packages.map((text) => {
    const [, name = '', architecture = '', version = ''] = /^(.+):(\w+)=(.+)$/.exec(text) ?? []
    return { name, architecture, version }
  })

describe('findingsOf', () => {
  it('names what is not supposed to be there, what is missing, what has another version', () => {
    const installed = of('bash:amd64=5.2', 'nginx:amd64=1.22', 'nmap:amd64=7.93')
    const baseline = of('bash:amd64=5.2', 'nginx:amd64=1.24', 'zlib1g:amd64=1.3')
    expect(findingsOf(installed, baseline)).toEqual<Finding[]>([
      { kind: 'wrong-version', package: 'nginx', architecture: 'amd64', installed: '1.22', expected: '1.24' },
      { kind: 'unauthorized-package', package: 'nmap', architecture: 'amd64', installed: '7.93' },
      { kind: 'missing-package', package: 'zlib1g', architecture: 'amd64', expected: '1.3' },
    ])
  })

  it('takes each architecture of a name for itself', () => {
    const both = of('libc6:amd64=2.36', 'libc6:i386=2.36')
    expect(findingsOf(both, of('libc6:amd64=2.36'))).toEqual([
      { kind: 'unauthorized-package', package: 'libc6', architecture: 'i386', installed: '2.36' },
    ])
    expect(findingsOf(of('libc6:i386=2.36'), of('libc6:amd64=2.36')).map(({ kind }) => kind)).toEqual([
      'missing-package',
      'unauthorized-package',
    ])
  })

  it('matches several versions of one architecture before it calls any unauthorized', () => {
    const installed = of('kernel:x86_64=6.1', 'kernel:x86_64=6.2', 'kernel:x86_64=6.3')
    expect(findingsOf(installed, of('kernel:x86_64=6.2', 'kernel:x86_64=6.4'))).toEqual<Finding[]>([
      { kind: 'unauthorized-package', package: 'kernel', architecture: 'x86_64', installed: '6.3' },
      { kind: 'wrong-version', package: 'kernel', architecture: 'x86_64', installed: '6.1', expected: '6.4' },
    ])
  })

  it('calls a package that became architecture-independent one wrong version', () => {
    expect(findingsOf(of('doc:all=1'), of('doc:amd64=2'))).toEqual<Finding[]>([
      { kind: 'wrong-version', package: 'doc', architecture: 'all', installed: '1', expected: '2' },
    ])
    expect(findingsOf(of('doc:all=1'), of('doc:amd64=1'))).toHaveLength(2)
  })

  it('finds nothing exactly when both sets are equal', () => {
    fc.assert(
      fc.property(sets, sets, (a, b) => {
        const equal = JSON.stringify(canonicalSet(a)) === JSON.stringify(canonicalSet(b))
        expect(findingsOf(a, b).length === 0).toBe(equal)
        expect(findingsOf(a, a)).toEqual([])
      }),
    )
  })

  it('turns unauthorized into missing when the sides are changed', () => {
    const count = (findings: Finding[], kind: string) => findings.filter((finding) => finding.kind === kind).length
    fc.assert(
      fc.property(sets, sets, (a, b) => {
        const there = findingsOf(a, b)
        const back = findingsOf(b, a)
        expect(count(there, 'unauthorized-package')).toBe(count(back, 'missing-package'))
        expect(count(there, 'wrong-version')).toBe(count(back, 'wrong-version'))
      }),
    )
  })

  it('accounts for every difference once: mending all findings gives the baseline', () => {
    fc.assert(
      fc.property(sets, sets, (installed, baseline) => {
        const findings = findingsOf(installed, baseline)
        const extra = canonicalSet(installed).filter(
          (one) => !baseline.some((other) => compareEntries(one, other) === 0),
        )
        const lacking = canonicalSet(baseline).filter(
          (one) => !installed.some((other) => compareEntries(one, other) === 0),
        )
        const versions = (side: 'installed' | 'expected') => findings.flatMap((finding) => finding[side] ?? []).sort()
        expect(versions('installed')).toEqual(extra.map(({ version }) => version).sort())
        expect(versions('expected')).toEqual(lacking.map(({ version }) => version).sort())
      }),
    )
  })

  it('does not depend on order', () => {
    fc.assert(
      fc.property(sets, sets, (a, b) => {
        expect(findingsOf(a.toReversed(), b.toReversed())).toEqual(findingsOf(a, b))
      }),
    )
  })

  it('compares two large sets quickly', () => {
    const large = (version: string) =>
      Array.from({ length: 20_000 }, (_, index) => ({ name: `p${index}`, version, architecture: 'amd64' }))
    const before = process.cpuUsage()
    expect(findingsOf(large('1'), large('2'))).toHaveLength(20_000)
    expect(process.cpuUsage(before).user).toBeLessThan(3_000_000)
  })
})
