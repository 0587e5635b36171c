import { fail } from '../errors.ts'

/** Bytes of the lead, which names a file as an rpm package and says nothing else that counts (rpm's manual, "Lead Format"). */
export const LEAD_BYTES = 96
const MAGIC = 0xedabeedb
const SIGNATURE_HEADER = 5

/** Checks a package file's lead. @throws PACKAGE_MALFORMED */
export function checkLead(lead: Buffer): void {
  if (lead.readUInt32BE(0) !== MAGIC) throw malformed('it does not start with the magic of an rpm package, ed ab ee db')
  const major = lead[4] ?? 0
  if (major < 3 || major > 4) throw malformed(`its lead has the version ${major}; expected 3 or 4`)
  const signature = lead.readUInt16BE(78)
  if (signature !== SIGNATURE_HEADER)
    throw malformed(`its lead has the signature type ${signature}; expected a header, 5`)
}

/** A lead as rpmbuild writes it: `name` is `name-version-release`; the numbers of architecture and system are no longer looked at. */
export function writeLead(name: string, source: boolean): Buffer {
  const lead = Buffer.alloc(LEAD_BYTES)
  lead.writeUInt32BE(MAGIC, 0)
  lead[4] = 3
  lead.writeUInt16BE(source ? 1 : 0, 6)
  lead.writeUInt16BE(1, 8)
  // 66 bytes with a NUL at the end.
  Buffer.from(name).copy(lead, 10, 0, 65)
  lead.writeUInt16BE(1, 76)
  lead.writeUInt16BE(SIGNATURE_HEADER, 78)
  return lead
}

function malformed(what: string): Error {
  return fail('PACKAGE_MALFORMED', { what })
}
