import fc from 'fast-check'
import type { Format, PackageFile, PackageToWrite, PayloadEntry } from '../types.ts'

/** What a payload's arbitrary is to keep to, where a format cannot hold everything. */
export interface PayloadRules {
  /** False where hard links are not kept as such. */
  readonly hardLinks?: false
  /** The permission bits that are kept; absent: 0o7777. */
  readonly modeMask?: number
  /** False where the format does not list the root directory itself. */
  readonly root?: false
  /** One part of a path; absent: letters, digits, spaces, non-ASCII. */
  readonly part?: fc.Arbitrary<string>
}

const root = { mode: 0o755, uid: 0, gid: 0, owner: 'root', group: 'root', mtime: 1_700_000_000, size: 0 }
const anyPart = fc.stringMatching(/^[a-zA-Z0-9_äλ+ -]{1,40}$/)

/** Payloads of directories, files, symbolic and hard links, parents before children. */
export function payloadArbitrary(rules: PayloadRules = {}): fc.Arbitrary<PackageToWrite['payload']> {
  const { modeMask = 0o7777, part = anyPart } = rules
  const content = fc.oneof(
    { weight: 4, arbitrary: fc.uint8Array({ maxLength: 2000 }) },
    { weight: 1, arbitrary: fc.constant('symlink' as const) },
    { weight: 1, arbitrary: fc.constant('hardlink' as const) },
  )
  const member = fc.tuple(
    fc.array(part, { minLength: 1, maxLength: 6 }),
    fc.integer({ min: 0, max: 0o7777 }).map((bits) => bits & modeMask),
    content,
  )
  return fc.array(member, { maxLength: 12 }).map((members) => {
    const out = new Map<string, PayloadEntry & { bytes?: Uint8Array }>()
    if (rules.root !== false) out.set('', { ...root, path: '', type: 'directory' })
    let linkable: PayloadEntry | undefined
    for (const [parts, mode, content] of members) {
      // A letter in front tells directories from leaves, so that no path is both.
      const names = parts.map((name, index) => `${index === parts.length - 1 ? 'f' : 'd'}${name}`)
      for (let length = 1; length < names.length; length++) {
        const path = names.slice(0, length).join('/')
        if (!out.has(path)) out.set(path, { ...root, path, type: 'directory' })
      }
      const path = names.join('/')
      if (out.has(path)) continue
      if (content === 'symlink') out.set(path, { ...root, path, type: 'symlink', mode: 0o777, target: `../${path}` })
      else if (content !== 'hardlink') {
        const file: PayloadEntry = { ...root, path, type: 'file', mode, size: content.length }
        out.set(path, { ...file, bytes: Buffer.from(content) })
        linkable = file
      } else if (linkable && rules.hardLinks !== false)
        out.set(path, { ...linkable, path, type: 'hardlink', size: 0, target: linkable.path })
    }
    return [...out.values()]
  })
}

/** A few members: two directories, a file, a second file. */
export const SMALL_PAYLOAD = [
  { ...root, path: 'usr', type: 'directory' },
  { ...root, path: 'usr/share', type: 'directory' },
  { ...root, path: 'usr/share/hello', type: 'file', mode: 0o644, size: 5, bytes: Buffer.from('hello') },
  { ...root, path: 'usr/share/other', type: 'file', mode: 0o644, size: 1200, bytes: Buffer.alloc(1200, 'other ') },
] as const satisfies PackageToWrite['payload']

export interface WholePackage {
  readonly payload: (PayloadEntry & { bytes?: Buffer })[]
  readonly file: PackageFile
}

/** Reads a package whole: its payload with the files' bytes. */
export async function readWhole(format: Pick<Format, 'readPackage'>, path: string): Promise<WholePackage> {
  const payload: WholePackage['payload'] = []
  const file = await format.readPackage(path, async (entry, content) => {
    const chunks: Uint8Array[] = []
    for await (const chunk of content) chunks.push(chunk)
    payload.push(entry.type === 'file' ? { ...entry, bytes: Buffer.concat(chunks) } : entry)
  })
  return { payload, file }
}
