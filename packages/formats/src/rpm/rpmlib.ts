import type { Relation } from '../types.ts'
import { satisfies } from './version.ts'

/**
 * Features of the package format that rpm itself satisfies (`rpm --showrc`, "Features supported by rpmlib", with those that rpm 6 adds).
 * Dependencies on these are left out of a record; one on a feature that is not here, or on a later version of it, stays and has no
 * provider, so that the package is refused as rpm would refuse it.
 */
const RPMLIB: ReadonlyMap<string, string> = new Map([
  ['rpmlib(BuiltinLuaScripts)', '4.2.2-1'],
  ['rpmlib(CaretInVersions)', '4.15.0-1'],
  ['rpmlib(CompressedFileNames)', '3.0.4-1'],
  ['rpmlib(ConcurrentAccess)', '4.1-1'],
  ['rpmlib(DynamicBuildRequires)', '4.15.0-1'],
  ['rpmlib(ExplicitPackageProvide)', '4.0-1'],
  ['rpmlib(FileCaps)', '4.6.1-1'],
  ['rpmlib(FileDigests)', '4.6.0-1'],
  ['rpmlib(HeaderLoadSortsTags)', '4.0.1-1'],
  ['rpmlib(LargeFiles)', '4.12.0-1'],
  ['rpmlib(PartialHardlinkSets)', '4.0.4-1'],
  ['rpmlib(PayloadFilesHavePrefix)', '4.0-1'],
  ['rpmlib(PayloadIsBzip2)', '3.0.5-1'],
  ['rpmlib(PayloadIsLzma)', '4.4.2-1'],
  ['rpmlib(PayloadIsXz)', '5.2-1'],
  ['rpmlib(PayloadIsZstd)', '5.4.18-1'],
  ['rpmlib(RichDependencies)', '4.12.0-1'],
  ['rpmlib(ScriptletExpansion)', '4.9.0-1'],
  ['rpmlib(ScriptletInterpreterArgs)', '4.0.3-1'],
  ['rpmlib(TildeInVersions)', '4.10.0-1'],
  ['rpmlib(VersionedDependencies)', '3.0.3-1'],
])

/** True if rpm itself satisfies this relation. */
export function satisfiedByRpm({ name, operator, version }: Relation): boolean {
  const has = name.startsWith('rpmlib(') ? RPMLIB.get(name) : undefined
  return has !== undefined && (operator === undefined || version === undefined || satisfies(has, operator, version))
}

/** The dependency on a feature as rpmbuild writes it. */
export function rpmlibVersion(name: string): string | undefined {
  return RPMLIB.get(`rpmlib(${name})`)
}
