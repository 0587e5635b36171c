import type { FileReader } from '../archive/file-reader.ts'
import { fail } from '../errors.ts'
import { AR_MEMBERS } from '../limits.ts'

/** A member of an ar archive, its bytes not read yet. */
export interface ArMember {
  readonly name: string
  readonly size: number
}

const MAGIC = '!<arch>\n'
const HEADER_BYTES = 60
/** Ten digits. */
const AR_MEMBER_BYTES = 9_999_999_999

/**
 * Walks the members of an ar archive in the one form that packages use: short names, no symbol table (deb(5)).
 * The consumer reads a member's bytes from `reader` before it asks for the next one; what it leaves is skipped.
 * @throws PACKAGE_MALFORMED, PACKAGE_TRUNCATED
 */
export async function* readAr(reader: FileReader): AsyncGenerator<ArMember, void, undefined> {
  if (reader.remaining < MAGIC.length || (await reader.take(MAGIC.length)).toString('latin1') !== MAGIC)
    throw fail('PACKAGE_MALFORMED', { what: 'the file does not start as an ar archive' })
  for (let count = 1; reader.remaining > 0; count++) {
    if (count > AR_MEMBERS) throw fail('PACKAGE_MALFORMED', { what: `more than AR_MEMBERS, ${AR_MEMBERS} members` })
    const member = parseHeader(await reader.take(Math.min(HEADER_BYTES, reader.remaining)))
    if (member.size > reader.remaining)
      throw fail('PACKAGE_TRUNCATED', {
        what: `the member ${member.name} has ${reader.remaining} of ${member.size} bytes`,
      })
    const after = reader.remaining - member.size
    yield member
    // Members start at even offsets.
    const unread = reader.remaining - after
    const padding = member.size % 2 === 1 && after > 0 ? 1 : 0
    if (unread + padding > 0) for await (const _ of reader.stream(unread + padding));
  }
}

function parseHeader(header: Buffer): ArMember {
  if (header.length < HEADER_BYTES)
    throw fail('PACKAGE_TRUNCATED', { what: 'the ar archive ends within the header of a member' })
  const text = header.toString('latin1')
  const name = text.slice(0, 16).trimEnd().replace(/\/$/, '')
  const size = text.slice(48, 58).trimEnd()
  if (!text.endsWith('`\n') || !/^\d+$/.test(size) || !/^[!-.0-~]+$/.test(name))
    throw fail('PACKAGE_MALFORMED', { what: 'the ar archive has a damaged member header' })
  return { name, size: Number(size) }
}

/** What an ar archive begins with. */
export const AR_MAGIC = Buffer.from(MAGIC)

/** A member's header as `dpkg-deb` writes it: owner 0, mode 100644. After a member of odd size stands a newline. */
export function arHeader(name: string, size: number, epoch: number): Buffer {
  const fields = [name.padEnd(16), String(epoch).padEnd(12), '0'.padEnd(6), '0'.padEnd(6), '100644'.padEnd(8)]
  if (name.length > 16 || String(epoch).length > 12 || size > AR_MEMBER_BYTES)
    throw fail('PACKAGE_UNWRITABLE', { what: `the member ${name} of ${size} bytes does not go into an ar archive` })
  return Buffer.from(`${fields.join('')}${String(size).padEnd(10)}`.concat('`\n'), 'latin1')
}

/** One ar archive from members in memory. */
export function writeAr(members: readonly { readonly name: string; readonly bytes: Buffer }[], epoch: number): Buffer {
  const parts: Buffer[] = [AR_MAGIC]
  for (const { name, bytes } of members) {
    parts.push(arHeader(name, bytes.length, epoch), bytes)
    if (bytes.length % 2 === 1) parts.push(Buffer.from('\n'))
  }
  return Buffer.concat(parts)
}
