import { confinedPath } from '../archive/path.ts'
import { pathGuard } from '../archive/path-guard.ts'
import { fail } from '../errors.ts'
import { PATH_BYTES } from '../limits.ts'
import type { PayloadEntry, PayloadVisitor } from '../types.ts'
import { type CpioReader, readCpio } from './cpio.ts'
import { archiveChecks, type Checks, fileChecks } from './digests.ts'
import type { Header } from './header.ts'
import { FILE_FLAGS, filesOfHeader, type HeaderFile } from './package-files.ts'

/**
 * Reads a payload against its header: what a member is stands in the header, the archive has the bytes. Each file's digest is verified, each
 * file of the header but ghosts must be there once. Of a set of hard links rpm stores the bytes in one, the last; that one comes out as
 * the file, the others follow as links to it.
 * @throws PACKAGE_MALFORMED, and what `source` and `visit` throw
 */
export async function readPayload(
  source: AsyncIterable<Uint8Array>,
  header: Header,
  visit: PayloadVisitor,
): Promise<void> {
  const files = filesOfHeader(header)
  const indexes = new Map(files.map(({ entry }, i) => [entry.path, i]))
  const checks = archiveChecks(header)
  const cpio = readCpio(hashed(source, checks))
  const seen = new Uint8Array(files.length)
  const guard = pathGuard()
  /** The member of a set that came out as its file, by the set. */
  const written = new Map<readonly number[], string>()
  const waiting = new Map<readonly number[], number[]>()
  /** How many of a set have come. */
  const come = new Map<readonly number[], number>()

  async function emit(file: HeaderFile, size: number): Promise<void> {
    guard(file.entry)
    const digest = file.entry.type === 'file' ? fileChecks(header, file.entry.path, file.digest) : undefined
    const content = cpio.content(size)
    const iterator = hashed(content, digest)[Symbol.asyncIterator]()
    // A symbolic link's content is its text, which the header has too.
    if (file.entry.type === 'file')
      await visit(file.entry, { [Symbol.asyncIterator]: () => ({ next: () => iterator.next() }) })
    else await visit(file.entry, none())
    if (file.entry.type === 'symlink') await checkLinkText(file, size, content)
    else while (!(await iterator.next()).done);
    digest?.check()
  }

  async function link(index: number, target: string): Promise<void> {
    const entry = files[index]?.entry
    if (!entry) return
    const linked: PayloadEntry = { ...entry, type: 'hardlink', size: 0, target }
    guard(linked)
    await visit(linked, none())
  }

  async function member(index: number, size: number | undefined): Promise<void> {
    const file = files[index]
    if (!file) throw malformed(`the payload holds the file ${index}; the header lists ${files.length}`)
    if (seen[index]) throw malformed(`${file.entry.path} is in the payload twice`)
    seen[index] = 1
    const set = file.links
    const count = (come.get(set) ?? 0) + 1
    if (set.length > 1) come.set(set, count)
    const last = count === set.length
    const full = file.entry.type === 'file' ? file.entry.size : (size ?? symlinkBytes(file.entry))
    const bytes = size ?? (set.length === 1 || index === set.at(-1) ? full : 0)
    if (set.length === 1) {
      if (bytes !== full) throw malformed(`${file.entry.path} has ${bytes} bytes in the payload, ${full} in the header`)
      return emit(file, bytes)
    }
    const target = written.get(set)
    if (target !== undefined) {
      if (bytes !== 0) throw malformed(`${file.entry.path} has the bytes of a hard link set again`)
      return link(index, target)
    }
    if (bytes === 0 && !last) {
      const before = waiting.get(set)
      if (before) before.push(index)
      else waiting.set(set, [index])
      return
    }
    if (bytes !== full) throw malformed(`${file.entry.path} has ${bytes} bytes in the payload, ${full} in the header`)
    await emit(file, bytes)
    written.set(set, file.entry.path)
    for (const other of waiting.get(set) ?? []) await link(other, file.entry.path)
  }

  try {
    for (let found = await cpio.next(); found; found = await cpio.next()) {
      const index = found.index ?? indexes.get(memberPath(found.name ?? ''))
      if (index === undefined)
        throw malformed(`the payload holds ${JSON.stringify(found.name)}, which the header does not list`)
      await member(index, found.size)
    }
    for (const [i, { entry, flags }] of files.entries())
      if (!seen[i] && (flags & FILE_FLAGS.GHOST) === 0) throw malformed(`the payload lacks ${entry.path}`)
    await cpio.finish()
    checks.check()
  } finally {
    await cpio.close()
  }
}

async function checkLinkText(
  { entry }: HeaderFile,
  size: number,
  content: ReturnType<CpioReader['content']>,
): Promise<void> {
  if (size > PATH_BYTES) throw malformed(`${entry.path} is a symbolic link of ${size} bytes`)
  const chunks: Buffer[] = []
  for await (const chunk of content) chunks.push(chunk)
  if (Buffer.concat(chunks).toString('utf8') !== entry.target)
    throw malformed(`${entry.path} links elsewhere in the payload than in the header`)
}

function symlinkBytes({ type, target }: PayloadEntry): number {
  return type === 'symlink' ? Buffer.byteLength(target ?? '') : 0
}

/** rpm's names start with `./`; before 4.0 with `/`; a source package's with nothing. */
function memberPath(name: string): string {
  return confinedPath(name.replace(/^\/+/, '') || '.') ?? '\0'
}

async function* none(): AsyncGenerator<Uint8Array, void, undefined> {}

async function* hashed<Bytes extends Uint8Array>(
  source: AsyncIterable<Bytes>,
  checks: Checks | undefined,
): AsyncGenerator<Bytes, void, undefined> {
  for await (const chunk of source) {
    checks?.update(chunk)
    yield chunk
  }
}

function malformed(what: string): Error {
  return fail('PACKAGE_MALFORMED', { what })
}
