import { fail } from '../errors.ts'

/** Extended records by keyword; values are bytes, for an attribute's value is no text. */
export type PaxRecords = ReadonlyMap<string, Buffer>

/**
 * Decodes the records of a PAX extended header: `LENGTH KEYWORD=VALUE\n`, the length counting all of it (POSIX pax, "pax Header Block").
 * @throws PACKAGE_MALFORMED
 */
export function decodePax(bytes: Buffer): PaxRecords {
  const records = new Map<string, Buffer>()
  for (let at = 0; at < bytes.length; ) {
    const space = bytes.indexOf(0x20, at)
    const digits = bytes.toString('latin1', at, space < 0 ? at : space)
    const end = at + Number(digits)
    const equals = bytes.indexOf(0x3d, space)
    if (!/^\d{1,7}$/.test(digits) || end > bytes.length || bytes[end - 1] !== 0x0a || equals < 0 || equals >= end)
      throw fail('PACKAGE_MALFORMED', { what: 'tar: an extended header does not parse' })
    records.set(bytes.toString('utf8', space + 1, equals), bytes.subarray(equals + 1, end - 1))
    at = end
  }
  return records
}
