import { hash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { compileGlobs, run, SYSTEM_PATH } from '@holotype/base'
import { type EntryInput, type Store, walkTree } from '@holotype/store'
import { z } from 'zod'
import { readTar } from '../../compose/read-tar.ts'
import type { ImageManifest } from '../../types.ts'

/** `file 755 0:0 5 <digest> {xattrs}`: all that is compared of a path. */
export type Listing = Map<string, string>

const XATTRS = ['security.capability', 'user.', 'system.posix_acl_']

/** A directory as a native tool left it. Hard links are listed as the files they are, with the first of their names. */
export async function listDirectory(directory: string): Promise<Listing> {
  const scratch = mkdtempSync(join(tmpdir(), 'holotype-tree-'))
  const archive = join(scratch, 'tree.tar')
  try {
    await run(
      [
        'tar',
        '-C',
        directory,
        '-cf',
        archive,
        '--format=pax',
        '--xattrs',
        '--xattrs-include=*',
        '--numeric-owner',
        '--sort=name',
        '.',
      ],
      { env: { PATH: SYSTEM_PATH, LC_ALL: 'C' } },
    )
    const listing: Listing = new Map()
    for (const member of readTar(archive)) {
      const { type, mode, uid, gid, target, bytes, major, minor } = member
      const xattrs = Object.fromEntries(
        Object.entries(member.xattrs).filter(([name]) => XATTRS.some((prefix) => name.startsWith(prefix))),
      )
      const line = describe({ mode: type === 'symlink' ? 0o777 : mode, uid, gid, xattrs })
      if (type === 'hardlink') listing.set(member.path, linked(listing, target.replace(/^\.\//, '')))
      else if (type === 'file') listing.set(member.path, `file ${line} ${bytes.length} ${hash('sha256', bytes)}`)
      else if (type === 'symlink') listing.set(member.path, `symlink ${line} ${target}`)
      else
        listing.set(
          member.path,
          `${type} ${line}${type === 'directory' || type === 'fifo' ? '' : ` ${major}:${minor}`}`,
        )
    }
    return listing
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

/** One more name of a file. */
function linked(listing: Listing, first: string): string {
  return `${listing.get(first) ?? 'lost'} = ${first}`
}

/** An image in the same form. */
export function listImage(store: Store, { root, hardlinks }: ImageManifest): Listing {
  const listing: Listing = new Map([['', `directory ${describe(root)}`]])
  for (const { path, entry } of walkTree(store, root.tree)) if (path !== '') listing.set(path, ofEntry(entry))
  const groups = hardlinks === undefined ? [] : z.array(z.array(z.string())).parse(store.readJson(hardlinks))
  for (const [first = '', ...others] of groups)
    for (const path of others) listing.set(path.slice(1), linked(listing, first.slice(1)))
  return listing
}

function ofEntry(entry: EntryInput): string {
  const line = describe(entry)
  switch (entry.type) {
    case 'file':
      return `file ${line} ${entry.size} ${entry.digest.slice('sha256:'.length)}`
    case 'symlink':
      return `symlink ${line} ${entry.target}`
    case 'character':
    case 'block':
      return `${entry.type} ${line} ${entry.major}:${entry.minor}`
    default:
      return `${entry.type} ${line}`
  }
}

function describe(entry: Pick<EntryInput, 'mode' | 'uid' | 'gid' | 'xattrs'>): string {
  const xattrs = Object.entries(entry.xattrs ?? {}).sort(([a], [b]) => (a < b ? -1 : 1))
  return `${entry.mode.toString(8)} ${entry.uid}:${entry.gid}${xattrs.map(([name, value]) => ` ${name}=${value}`).join('')}`
}

/** What differs between two listings, but for the paths that `deliberate` names: `path: ours | theirs`. */
export function differences(
  ours: Listing,
  theirs: Listing,
  deliberate: readonly { readonly paths: readonly string[] }[],
): string[] {
  const passed = compileGlobs(deliberate.flatMap(({ paths }) => paths))
  return [...new Set([...ours.keys(), ...theirs.keys()])]
    .filter((path) => !passed(`/${path}`) && ours.get(path) !== theirs.get(path))
    .sort()
    .map((path) => `${path}: ${ours.get(path) ?? 'absent'} | ${theirs.get(path) ?? 'absent'}`)
}
