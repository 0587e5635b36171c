import fc from 'fast-check'
import type { PackageSetEntry } from '../set.ts'

/** An entry from so few names, versions and architectures that two sets have much in common. */
export const entry: fc.Arbitrary<PackageSetEntry> = fc.record({
  name: fc.constantFrom('bash', 'libc6', 'nginx', 'zlib1g', '__proto__'),
  version: fc.constantFrom('1', '1.0-1', '1.0-2', '2:0~rc1'),
  architecture: fc.constantFrom('amd64', 'i386', 'all'),
})

export const sets = fc.array(entry, { maxLength: 25 })
