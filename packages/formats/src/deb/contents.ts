import { compareText } from '@holotype/base'
import { fail } from '../errors.ts'
import { INDEX_BYTES, PATH_BYTES } from '../limits.ts'

/** One line of a Contents index. */
export interface ContentsLine {
  /** As `PayloadEntry.path`: relative, without a leading slash or `./`. */
  readonly path: string
  /** Who has it, as written: `[[area/]section/]name`. */
  readonly packages: readonly string[]
}

const LINE_FEED = 10
const SPACE = 32
const TAB = 9

/**
 * The lines of an uncompressed Contents index, one by one (Debian RepositoryFormat, "Contents" indices). A free-form preface up to a line
 * `FILE LOCATION`, as archives wrote it until 2017, is passed over. The text is never held as a whole.
 * @throws REPOSITORY_MALFORMED
 */
export function* parseContents(input: Uint8Array): Generator<ContentsLine, void, undefined> {
  if (input.length > INDEX_BYTES) throw malformed(`it is larger than INDEX_BYTES, ${INDEX_BYTES} bytes`)
  const bytes = Buffer.from(input.buffer, input.byteOffset, input.byteLength)
  /** Lists of packages repeat from line to line. */
  let lastText = ''
  let lastPackages: readonly string[] = []
  for (let at = prefaceEnd(bytes); at < bytes.length; ) {
    const found = bytes.indexOf(LINE_FEED, at)
    const lineEnd = found < 0 ? bytes.length : found
    if (lineEnd > at) {
      // A path may hold spaces; the list of packages may not.
      let split = lineEnd - 1
      while (split > at && bytes[split] !== SPACE && bytes[split] !== TAB) split--
      let end = split
      while (end > at && (bytes[end - 1] === SPACE || bytes[end - 1] === TAB)) end--
      if (end === at || split === lineEnd - 1 || end - at > PATH_BYTES)
        throw malformed(`byte ${at} begins no line of a path and its packages`)
      const list = bytes.toString('latin1', split + 1, lineEnd)
      if (list !== lastText) {
        lastText = list
        lastPackages = list.split(',')
      }
      yield { path: withoutRoot(bytes.toString('utf8', at, end)), packages: lastPackages }
    }
    at = lineEnd + 1
  }
}

function withoutRoot(path: string): string {
  if (path.startsWith('./')) return path.slice(2)
  return path.startsWith('/') ? path.slice(1) : path
}

/** Where the lines begin: after `FILE LOCATION`, if the index has such a preface. */
function prefaceEnd(bytes: Buffer): number {
  const head = bytes.toString('latin1', 0, 16_384)
  const match = /^FILE[ \t]+LOCATION[ \t]*\n/m.exec(head)
  return match ? match.index + match[0].length : 0
}

/**
 * A Contents index: the paths of all packages, sorted bytewise, those that several have on one line. It cannot be put together of rendered
 * packages as Packages is, for its order is that of paths over all of them: it is made anew for each state.
 * @param packages their qualified names (`utils/hello`) with the paths of their files, links and devices; directories are not listed
 */
export function* renderContents(
  packages: Iterable<readonly [qualifiedName: string, paths: Iterable<string>]>,
): Generator<string, void, undefined> {
  const owners = new Map<string, string | string[]>()
  for (const [name, paths] of packages)
    for (const path of paths) {
      // A line cannot hold them; no package of Debian has such a path.
      if (path === '' || path.includes('\n')) continue
      const before = owners.get(path)
      if (before === undefined) owners.set(path, name)
      else if (typeof before === 'string') owners.set(path, [before, name])
      else before.push(name)
    }
  for (const path of [...owners.keys()].sort(byBytes)) {
    const names = owners.get(path) ?? ''
    yield `${path.padEnd(55)} ${typeof names === 'string' ? names : [...new Set(names)].sort(compareText).join(',')}\n`
  }
}

/** The order of the bytes of UTF-8: that of code points, which only surrogates set apart from that of UTF-16. */
function byBytes(a: string, b: string): number {
  return isAscii(a) && isAscii(b) ? compareText(a, b) : Buffer.compare(Buffer.from(a), Buffer.from(b))
}

function isAscii(text: string): boolean {
  return Buffer.byteLength(text) === text.length
}

function malformed(what: string): Error {
  return fail('REPOSITORY_MALFORMED', { what: `the Contents index does not parse: ${what}` })
}
