import {
  closeSync,
  createReadStream,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmdirSync,
  rmSync,
  statfsSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import {
  asDiskFull,
  type Digest,
  digester,
  digestOf,
  errnoOf,
  hexOf,
  run,
  syncDirectory,
  writeFileAtomic,
} from '@holotype/base'
import { fail } from '../errors.ts'
import { MIRROR_FREE_PERCENT } from '../limits.ts'
import { hashFile } from './hash-file.ts'
import { MIRROR_DIRECTORY } from './layout.ts'
import type { SiteFile } from './site-list.ts'
import type { SiteTarget } from './target.ts'

/** A site in a directory, which any web server that follows symbolic links below it may serve. */
export function openDirectoryTarget(directory: string): SiteTarget {
  const partial = join(directory, MIRROR_DIRECTORY, 'partial')
  const known = new Set<string>()
  mkdirSync(partial, { recursive: true })

  /** A path below the directory whose parents are there, and are directories: a link among them would lead what is written elsewhere. */
  const placeOf = (path: string): string => {
    const parent = dirname(path)
    if (!known.has(parent)) {
      const parts = parent === '.' ? [] : parent.split('/')
      for (let depth = 1; depth <= parts.length; depth++) makeDirectory(directory, parts.slice(0, depth).join('/'))
      known.add(parent)
    }
    return join(directory, path)
  }
  const put = async (file: SiteFile, rest: (from: number) => AsyncIterable<Uint8Array>) => {
    const place = placeOf(file.path)
    const half = join(partial, hexOf(digestOf(`${file.digest} ${file.path}`)))
    try {
      const digest = await append(half, file, rest)
      if (digest !== file.digest) {
        rmSync(half, { force: true })
        throw fail('FETCH_MISMATCH', {
          what: `${file.path} came as ${digest}, and is listed as ${file.digest}`,
          data: { path: file.path },
        })
      }
      date(half, file)
      renameSync(half, place)
    } catch (error) {
      throw asDiskFull(error, place)
    }
  }
  return {
    address: directory,
    links: true,
    isTaken: async () => readdirSync(directory).some((name) => name !== MIRROR_DIRECTORY && name !== 'files'),
    async read(path, maxBytes) {
      const place = join(directory, path)
      const size = statSync(place, { throwIfNoEntry: false })?.size
      return size === undefined || size > maxBytes ? undefined : readFileSync(place)
    },
    async write(path, bytes) {
      writeFileAtomic(placeOf(path), bytes)
    },
    async has(file) {
      const place = join(directory, file.path)
      const facts = lstatSync(place, { throwIfNoEntry: false })
      if (!facts?.isFile() || facts.size !== file.size) return false
      if ((await hashFile(place, file.size))?.digest !== file.digest) return false
      date(place, file)
      return true
    },
    put,
    async copy(from, file) {
      const place = placeOf(file.path)
      const present = join(directory, from.path)
      try {
        // Of two names for one file there is one date.
        if (from.modified === undefined) linkSync(present, place)
        else await put(file, (start) => createReadStream(present, { start }))
        date(place, file)
      } catch (error) {
        // It is there with other bytes, or the file system takes no more links.
        if (!['EEXIST', 'EMLINK', 'EPERM', 'ENOTSUP'].includes(errnoOf(error) ?? '')) throw error
        await put(file, (start) => createReadStream(present, { start }))
      }
    },
    async link({ path, link }) {
      const place = placeOf(path)
      if (textOf(place) === link) return
      if (lstatSync(place, { throwIfNoEntry: false })?.isDirectory())
        throw fail('SITE_LIST_MALFORMED', { what: `${place} is a directory, and listed as a link` })
      const temporary = join(partial, hexOf(digestOf(path)))
      rmSync(temporary, { force: true })
      symlinkSync(link, temporary)
      renameSync(temporary, place)
      syncDirectory(dirname(place))
    },
    // syncfs(2): one call for thousands of new files. Node has none, so coreutils makes it.
    flush: async () => void (await run(['sync', '-f', directory])),
    async remove(path) {
      rmSync(join(directory, path), { force: true })
      removeEmpty(directory, dirname(path))
      known.clear()
    },
    async sweep(before) {
      for (const name of readdirSync(partial)) {
        const half = join(partial, name)
        if ((lstatSync(half, { throwIfNoEntry: false })?.mtime ?? before) < before) rmSync(half, { force: true })
      }
    },
    async room() {
      const { bavail, blocks, bsize } = statfsSync(directory)
      return Math.max(0, bavail - (blocks * MIRROR_FREE_PERCENT) / 100) * bsize
    },
    async [Symbol.asyncDispose]() {},
  }
}

/** Takes up what is there of a file, appends the rest, and gives the digest of all. */
async function append(
  half: string,
  file: SiteFile,
  rest: (from: number) => AsyncIterable<Uint8Array>,
): Promise<Digest> {
  const there = statSync(half, { throwIfNoEntry: false })?.size ?? 0
  if (there > file.size) rmSync(half)
  const from = there > file.size ? 0 : there
  const running = digester()
  if (from > 0) for await (const chunk of createReadStream(half)) if (Buffer.isBuffer(chunk)) running.update(chunk)
  const opened = openSync(half, 'a', 0o644)
  try {
    if (from === file.size) return running.digest()
    for await (const chunk of rest(from)) {
      for (let at = 0; at < chunk.length; ) at += writeSync(opened, chunk, at)
      running.update(chunk)
    }
  } finally {
    closeSync(opened)
  }
  return running.digest()
}

function date(place: string, { modified }: SiteFile): void {
  if (modified !== undefined) utimesSync(place, modified, modified)
}

function makeDirectory(directory: string, path: string): void {
  const place = join(directory, path)
  const facts = lstatSync(place, { throwIfNoEntry: false })
  if (facts?.isDirectory()) return
  if (facts) throw fail('SITE_LIST_MALFORMED', { what: `${place} is no directory, and files below it are listed` })
  mkdirSync(place)
}

function textOf(place: string): string | undefined {
  try {
    return readlinkSync(place)
  } catch {
    return undefined
  }
}

/** Takes away directories that hold nothing any more. */
function removeEmpty(directory: string, path: string): void {
  for (let at = path; at !== '.'; at = dirname(at)) {
    try {
      rmdirSync(join(directory, at))
    } catch (error) {
      if (['ENOTEMPTY', 'EEXIST', 'ENOENT'].includes(errnoOf(error) ?? '')) return
      throw error
    }
  }
}
