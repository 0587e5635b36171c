import { closeSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { resolve } from 'node:path'
import { asDiskFull, canonicalJson, type Digest, digester, digestOf, errnoOf, run } from '@holotype/base'
import { fail } from './errors.ts'
import { openNotes, readBootId } from './notes.ts'
import {
  markUsed,
  objectPath,
  objectSize,
  openTemporary,
  publishTemporary,
  sweepTemporaries,
  writeAll,
  writeObject,
} from './object-files.ts'
import { encodeTree, parseTree } from './tree.ts'
import type { Store } from './types.ts'

/**
 * Opens the store in a directory, making it when there is none: `objects/aa/…`, one file of mode 0644 per object, and, once something
 * is remembered, `notes/`. Any number of processes may use one store at the same time.
 * @throws DISK_FULL
 */
export function openStore(directory: string): Store {
  const base = resolve(directory)
  try {
    mkdirSync(`${base}/objects`, { recursive: true })
  } catch (error) {
    throw asDiskFull(error, base)
  }
  sweepTemporaries(base)
  const notes = openNotes(base, readBootId())

  const put = (bytes: Uint8Array): Digest => {
    const digest = digestOf(bytes)
    // The size guards against what a power cut left behind; content is checked by every read.
    if (objectSize(base, digest) !== bytes.length) writeObject(base, digest, bytes)
    else markUsed(objectPath(base, digest))
    return digest
  }
  const read = (digest: Digest): Buffer => readObject(base, digest)

  return {
    directory: base,
    has: (digest) => objectSize(base, digest) !== undefined,
    put,
    putStream: (source, expected) => putStream(base, source, expected),
    read,
    sizeOf(digest) {
      const size = objectSize(base, digest)
      if (size === undefined) throw missing(base, digest)
      return size
    },
    pathOf(digest) {
      if (objectSize(base, digest) === undefined) throw missing(base, digest)
      return objectPath(base, digest)
    },
    putTree(entries) {
      const { bytes, stats } = encodeTree(entries)
      return { digest: put(bytes), stats }
    },
    readTree: (digest) => parseTree(read(digest)),
    putJson: (value) => put(Buffer.from(canonicalJson(value))),
    readJson: (digest) => parseJson(digest, read(digest)),
    remember: (key, value) => notes.remember(key, value),
    recall: (key) => notes.recall(key),
    async flush() {
      const unsettled = notes.takeUnsettled()
      await syncFileSystem(base)
      if (unsettled.size === 0) return
      notes.settle(unsettled)
      await syncFileSystem(base)
    },
  }
}

function readObject(base: string, digest: Digest): Buffer {
  const path = objectPath(base, digest)
  let bytes: Buffer
  try {
    bytes = readFileSync(path)
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') throw missing(base, digest)
    throw error
  }
  if (digestOf(bytes) === digest) return bytes
  throw fail('OBJECT_CORRUPT', {
    what: `the object ${path} has other bytes than its digest says`,
    data: { digest, path },
  })
}

async function putStream(
  base: string,
  source: AsyncIterable<Uint8Array>,
  expected: Digest | undefined,
): Promise<{ readonly digest: Digest; readonly size: number }> {
  let temporary: string | undefined
  try {
    const opened = openTemporary(base)
    temporary = opened.path
    const running = digester()
    let size = 0
    try {
      for await (const chunk of source) {
        writeAll(opened.file, chunk)
        running.update(chunk)
        size += chunk.length
      }
    } finally {
      closeSync(opened.file)
    }
    const digest = running.digest()
    if (expected !== undefined && digest !== expected)
      throw fail('STORE_DIGEST_MISMATCH', {
        what: `expected ${expected}, got ${size} bytes of ${digest}`,
        data: { expected, digest },
      })
    // Also over an object that is there: the bytes are written already, and what bit-rot made of the old file is mended so.
    publishTemporary(base, temporary, digest)
    return { digest, size }
  } catch (error) {
    if (temporary !== undefined) rmSync(temporary, { force: true })
    throw asDiskFull(error, `${base}/objects`)
  }
}

function parseJson(digest: Digest, bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString())
  } catch (cause) {
    throw fail('JSON_INVALID', { what: `the object ${digest} is no JSON`, cause })
  }
}

function missing(base: string, digest: Digest): Error {
  return fail('OBJECT_MISSING', { what: `the object ${digest} is not in ${base}`, data: { digest } })
}

/** syncfs(2): one call writes out everything of the file system. Node has none, so coreutils' `sync -f` makes it. */
async function syncFileSystem(path: string): Promise<void> {
  await run(['sync', '-f', path])
}
