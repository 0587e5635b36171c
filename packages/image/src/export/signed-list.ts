import {
  existsSync,
  lstatSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs'
import { join, relative } from 'node:path'
import { compareText, type Digest, isDigest, syncDirectory, temporaryName, writeFileAtomic } from '@holotype/base'
import { fileDigests, type MinisignKey, verifyMinisign } from '@holotype/trust'
import { createHash } from 'node:crypto'
import { fail } from '../errors.ts'

/*
 * What stands in a directory of exports: the files, `SHA256SUMS` that names them as sha256sum writes it, and its minisign signature. One
 * directory for each image, by digest; `candidate` and `current` are links to two of them.
 */

export const SUMS = 'SHA256SUMS'
export const SIGNATURE = '.minisig'
export const PUBLIC_KEY = 'minisign.pub'

/** The directory of an image's exports, below that of its name. */
export function directoryOf(image: Digest): string {
  return image.replace(':', '-')
}

export interface ListedFile {
  /** Relative to the directory. */
  readonly path: string
  readonly sha256: string
}

/** Lines as `sha256sum --check` reads them. */
export function readSums(directory: string): ListedFile[] {
  const path = join(directory, SUMS)
  if (!existsSync(path)) return []
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [, sha256, name] = /^([0-9a-f]{64}) {2}([A-Za-z0-9][A-Za-z0-9+._/-]*)$/.exec(line) ?? []
      if (sha256 === undefined || name === undefined || name.split('/').includes('..'))
        throw fail('EXPORT_UNSIGNED', {
          what: `${path} has a line that is none of sha256sum: ${JSON.stringify(line.slice(0, 80))}`,
        })
      return { path: name, sha256 }
    })
}

/**
 * Puts files into the list and signs it anew. `gone`: names or directories whose lines leave it first.
 * The list is replaced before its signature: whoever reads between the two sees a signature that does not hold, and reads again.
 */
export function writeSums(
  directory: string,
  {
    files,
    key,
    comment,
  }: { readonly files: readonly ListedFile[]; readonly key: MinisignKey; readonly comment: string },
): void {
  const tops = new Set(files.map(({ path }) => path.split('/')[0]))
  const kept = readSums(directory).filter(({ path }) => !tops.has(path.split('/')[0]))
  const lines = [...kept, ...files].sort((a, b) => compareText(a.path, b.path))
  const bytes = Buffer.from(lines.map(({ path, sha256 }) => `${sha256}  ${path}\n`).join(''))
  const blake2b = createHash('blake2b512').update(bytes).digest()
  writeFileAtomic(join(directory, SUMS), bytes)
  writeFileAtomic(join(directory, `${SUMS}${SIGNATURE}`), key.signDigest(blake2b, comment))
}

/** Every file below a path, with its digest. */
export async function listFiles(directory: string, top: string): Promise<ListedFile[]> {
  const place = join(directory, top)
  if (!lstatSync(place).isDirectory()) return [{ path: top, sha256: (await fileDigests(place)).sha256 }]
  const below: ListedFile[] = []
  for (const name of readdirSync(place).sort()) below.push(...(await listFiles(directory, `${top}/${name}`)))
  return below
}

/** What the signature of an export says besides: whose file it is. */
export function commentOf(image: Digest, signed: string): string {
  return `image ${image} file ${signed}`
}

/**
 * Checks a directory of exports: the list's signature, every file against the list and its own signature, and that nothing else is there. Of a layout
 * `index.json` is signed, whose digests lead to all else. The files that the list names.
 * @throws EXPORT_UNSIGNED
 */
export async function verifyExports(directory: string, image: Digest, publicKey: string): Promise<ListedFile[]> {
  const list = join(directory, SUMS)
  if (!existsSync(list)) throw fail('EXPORT_UNSIGNED', { what: `${directory} has no signed ${SUMS}` })
  checkSignature(list, (await fileDigests(list)).blake2b, { publicKey, comment: `image ${image}` })
  const files = readSums(directory)
  const expected = new Set([SUMS, `${SUMS}${SIGNATURE}`])
  for (const { path, sha256 } of files) {
    const place = join(directory, path)
    if (!existsSync(place)) throw fail('EXPORT_UNSIGNED', { what: `${place} is in the signed list and not there` })
    const digests = await fileDigests(place)
    if (digests.sha256 !== sha256) throw fail('EXPORT_UNSIGNED', { what: `${place} is not what the signed list says` })
    expected.add(path)
    if (path.includes('/') && !/^[^/]+\/index\.json$/.test(path)) continue
    checkSignature(place, digests.blake2b, { publicKey, comment: commentOf(image, path) })
    expected.add(`${path}${SIGNATURE}`)
  }
  for (const path of pathsBelow(directory))
    if (!expected.has(path))
      throw fail('EXPORT_UNSIGNED', { what: `${join(directory, path)} is there and not in the signed list` })
  return files
}

/** @throws EXPORT_UNSIGNED */
function checkSignature(
  place: string,
  digest: Buffer,
  { publicKey, comment }: { readonly publicKey: string; readonly comment: string },
): void {
  const signature = `${place}${SIGNATURE}`
  if (!existsSync(signature)) throw fail('EXPORT_UNSIGNED', { what: `${place} has no signature beside it` })
  let said: string
  try {
    said = verifyMinisign(digest, readFileSync(signature, 'utf8'), publicKey)
  } catch (cause) {
    throw fail('EXPORT_UNSIGNED', { what: `the signature of ${place} does not hold`, cause })
  }
  if (said !== comment)
    throw fail('EXPORT_UNSIGNED', { what: `the signature of ${place} is of ${JSON.stringify(said.slice(0, 200))}` })
}

/** Every path below a directory but the directories: links too, which nobody follows. */
function pathsBelow(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)))
    .sort()
}

/** The image that a pointer (`candidate`, `current`) of a name's exports leads to. */
export function readPointer(directory: string, pointer: 'candidate' | 'current'): Digest | undefined {
  const path = join(directory, pointer)
  if (!lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink()) return undefined
  const image = readlinkSync(path).replace('-', ':')
  return isDigest(image) ? image : undefined
}

/** Moves a pointer in one step: whoever looks sees the one image or the other. */
export function movePointer(directory: string, pointer: 'candidate' | 'current', image: Digest): void {
  const temporary = temporaryName(join(directory, pointer))
  symlinkSync(directoryOf(image), temporary)
  try {
    renameSync(temporary, join(directory, pointer))
  } catch (error) {
    rmSync(temporary, { force: true })
    throw error
  }
  syncDirectory(directory)
}
