import type { PackageRecord } from '../types.ts'

/** Where a package's file lies below a repository's base: `pool/main/h/hello/hello_2.10-3_amd64.deb`. As in Debian, the name has no epoch. */
export function poolPath(component: string, record: PackageRecord): string {
  const { name, version, architecture, source } = record
  const prefix = /^lib./.test(source) ? source.slice(0, 4) : source.slice(0, 1)
  return `pool/${component}/${prefix}/${source}/${name}_${version.replace(/^\d+:/, '')}_${architecture}.deb`
}
