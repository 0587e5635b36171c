import { lstatSync, readFileSync, readlinkSync, type Stats } from 'node:fs'
import { join } from 'node:path'
import { digestOf, run } from '@holotype/base'
import { type ExportSource, pathsOf } from '../source.ts'

/** What of a directory is not as the image has it, one line each: the judge of every form. */
export async function differences(source: ExportSource, root: string): Promise<string[]> {
  const found: string[] = []
  const expected = new Set<string>()
  const paths = [...pathsOf(source)]
  const names = new Map<string, number>()
  for (const { first } of paths) if (first !== undefined) names.set(first, (names.get(first) ?? 1) + 1)
  for (const { path, entry, first } of paths) {
    expected.add(path)
    const place = join(root, path)
    const facts = lstatSync(place, { throwIfNoEntry: false })
    if (!facts) {
      found.push(`${path} is missing`)
      continue
    }
    const seen: Record<string, unknown> = {
      type: typeOf(facts),
      uid: facts.uid,
      gid: facts.gid,
      mtime: Math.floor(facts.mtimeMs / 1000),
    }
    const wanted: Record<string, unknown> = { type: entry.type, uid: entry.uid, gid: entry.gid, mtime: entry.mtime }
    if (entry.type !== 'symlink') {
      seen['mode'] = facts.mode & 0o7777
      wanted['mode'] = entry.mode
    }
    if (entry.type === 'file') {
      seen['content'] = digestOf(readFileSync(place))
      wanted['content'] = entry.digest
      // Names of one file are one, files alike are two.
      seen['names'] = facts.nlink
      wanted['names'] = names.get(first ?? path) ?? 1
      if (first !== undefined && lstatSync(join(root, first)).ino !== facts.ino) found.push(`${path} is not ${first}`)
    }
    if (entry.type === 'symlink') {
      seen['target'] = readlinkSync(place)
      wanted['target'] = entry.target
    }
    if (entry.type === 'character' || entry.type === 'block') {
      seen['device'] = facts.rdev
      // makedev(3) of glibc.
      wanted['device'] = ((entry.major & 0xfff) << 8) | (entry.minor & 0xff) | ((entry.minor & ~0xff) << 12)
    }
    if (entry.type === 'file') {
      seen['xattrs'] = await attributesOf(place)
      wanted['xattrs'] = { ...entry.xattrs }
    }
    for (const key of Object.keys(wanted))
      if (JSON.stringify(seen[key]) !== JSON.stringify(wanted[key]))
        found.push(`${path}: ${key} is ${JSON.stringify(seen[key])}, not ${JSON.stringify(wanted[key])}`)
  }
  // Not `readdir`, which follows links out of the root.
  const { stdout } = await run(['find', root, '-mindepth', '1', '-printf', '%P\\0'])
  for (const path of stdout.toString().split('\0')) if (!expected.has(path)) found.push(`${path} is too much`)
  return found
}

function typeOf(facts: Stats): string {
  if (facts.isFile()) return 'file'
  if (facts.isDirectory()) return 'directory'
  if (facts.isSymbolicLink()) return 'symlink'
  if (facts.isCharacterDevice()) return 'character'
  return facts.isBlockDevice() ? 'block' : 'fifo'
}

const WITH_ATTRIBUTES = /\/(?:ping|attribute)$/

async function attributesOf(place: string): Promise<Record<string, string>> {
  // One process for each file is dear: those that have any, and one that has none.
  if (!WITH_ATTRIBUTES.test(place) && !place.endsWith('/sh')) return {}
  const { stdout } = await run(['getfattr', '-d', '-m', '-', '-e', 'base64', '--absolute-names', place])
  const lines = stdout
    .toString()
    .split('\n')
    .filter((line) => line.includes('=0s'))
  return Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf('=0s')), line.slice(line.indexOf('=0s') + 3)]),
  )
}
