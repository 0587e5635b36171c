import type { PackageRecord } from '../types.ts'

/** Where a package's file lies below a repository's base: `pool/main/h/hello/hello_2.10-3_amd64.deb`. */
export function poolPath(component: string, { name, version, architecture, source }: PackageRecord): string {
  return `${poolDirectory(component, source)}/${name}_${withoutEpoch(version)}_${architecture}.deb`
}

/** Where the files of a source package lie, and those of the packages that it makes. */
export function poolDirectory(component: string, source: string): string {
  const prefix = /^lib./.test(source) ? source.slice(0, 4) : source.slice(0, 1)
  return `pool/${component}/${prefix}/${source}`
}

/** A version as file names have it in Debian. */
export function withoutEpoch(version: string): string {
  return version.replace(/^\d+:/, '')
}
