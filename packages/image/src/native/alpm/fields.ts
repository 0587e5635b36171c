import type { Unpacked } from '../../unpack/unpacked.ts'

/** The values of a field of .PKGINFO, in file order. */
export function valuesOf({ fields }: Unpacked, name: string): string[] {
  return fields.flatMap(([field, value]) => (field === name && value !== '' ? [value] : []))
}
