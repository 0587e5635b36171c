import { fail } from '../errors.ts'
import { INDEX_BYTES } from '../limits.ts'
import { xmlReader } from './xml.ts'

const SHA256 = /^[0-9a-f]{64}$/

/**
 * Who has these paths: for each that some package of a filelists.xml has, the packages' SHA-256 (`pkgid`), in the order of the index.
 * Ghost files, which no payload brings, are had as well: rpm counts them as provided.
 * @throws REPOSITORY_MALFORMED
 */
export function parseFileIndex(bytes: Uint8Array, wanted: ReadonlySet<string>): ReadonlyMap<string, readonly string[]> {
  if (bytes.length > INDEX_BYTES)
    throw fail('REPOSITORY_MALFORMED', { what: `filelists.xml is larger than INDEX_BYTES (${INDEX_BYTES})` })
  const xml = xmlReader(bytes, 'filelists.xml')
  const found = new Map<string, string[]>()
  let pkgid = ''
  let root = false
  for (let event = xml.next(); event !== 'end'; event = xml.next()) {
    if (event !== 'open') continue
    const name = xml.name()
    if (!root) {
      if (name !== 'filelists') throw xml.malformed(`<filelists> is expected, <${name}> is there`)
      root = true
    } else if (name === 'package') {
      pkgid = xml.attribute('pkgid') ?? ''
      if (!SHA256.test(pkgid)) throw xml.malformed(`the pkgid "${pkgid.slice(0, 140)}" is no SHA-256`)
    } else if (name === 'file') {
      if (pkgid === '') throw xml.malformed('a <file> outside of a package')
      const path = xml.content()
      if (!wanted.has(path)) continue
      const packages = found.get(path)
      if (packages === undefined) found.set(path, [pkgid])
      else if (packages.at(-1) !== pkgid) packages.push(pkgid)
    } else xml.skip()
  }
  return found
}
