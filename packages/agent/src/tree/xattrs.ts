import { type Digest, digestOf, isErrorCode } from '@holotype/base'
import { runTar } from '../tar/run-tar.ts'
import { tarReader } from '../tar/read-headers.ts'
import { listReader } from '../tar/read-list.ts'

/*
 * Node has no calls for extended attributes. GNU tar is on every Debian node and carries them both ways, ACLs as the attributes that they are
 * to the kernel. An archive that goes to /dev/null it writes without reading a file, and the list that it prints meanwhile tells which
 * paths have attributes: few, and only of these its stream is read for their values.
 */

/** Extended attributes by name, values in base64. */
export type Xattrs = Readonly<Record<string, string>>

const ARGUMENTS = [
  '--create',
  '--format=pax',
  '--xattrs',
  '--xattrs-include=*',
  '--no-recursion',
  '--hard-dereference',
  '--ignore-failed-read',
  '--warning=none',
  '--null',
  '--verbatim-files-from',
  '--files-from=-',
] as const

/**
 * The attributes of those of these paths of the root that have some, without those that are other programs' own. Undefined when tar is not
 * installed.
 */
export async function readXattrs(root: string, paths: readonly string[]): Promise<Map<string, Xattrs> | undefined> {
  const actual = new Map<string, Xattrs>()
  try {
    const marked = await markedPaths(root, paths)
    if (marked.length === 0) return actual
    const reader = tarReader((name, xattrs) => {
      const own = ours(xattrs)
      if (Object.keys(own).length > 0) actual.set(pathOf(name), own)
    })
    await runTar([...ARGUMENTS, '--file=-'], { cwd: root, input: named(marked), onOutput: reader })
  } catch (error) {
    if (!isErrorCode(error, 'PROCESS_NOT_FOUND')) throw error
    return undefined
  }
  return actual
}

/** Those of some paths that have attributes, all of them in their order. */
async function markedPaths(root: string, paths: readonly string[]): Promise<string[]> {
  const found = new Set<string>()
  const reader = listReader((name, key) => {
    if (!foreign(key)) found.add(pathOf(name))
  })
  await runTar([...ARGUMENTS, '--file=/dev/null', '-vvv', '--numeric-owner', '--quoting-style=c'], {
    cwd: root,
    input: named(paths),
    onOutput: reader,
  })
  return found.size === 0 ? [] : paths.filter((path) => found.has(path))
}

function* named(paths: Iterable<string>): Generator<Buffer> {
  for (const path of paths) yield Buffer.from(`.${path}\0`)
}

/** Members are named as they were asked for, a directory's name ends with a slash. */
function pathOf(name: string): string {
  return name.slice(1).replace(/(?<=.)\/$/, '')
}

/** Attributes that other programs of the node own: labels of its security policy, other file systems' forms, overlay's bookkeeping. */
function foreign(name: string): boolean {
  return /^(security\.(selinux|ima|evm|apparmor|SMACK.*)|system\.(?!posix_acl_).*|trusted\.(overlay|SGI_ACL).*)$/.test(
    name,
  )
}

function ours(xattrs: Xattrs): Xattrs {
  return Object.fromEntries(Object.entries(xattrs).filter(([name]) => !foreign(name)))
}

/** Equal for equal attributes: undefined for none, a digest else. */
export function xattrsKey(xattrs: Xattrs | undefined): Digest | undefined {
  if (!xattrs) return undefined
  const lines = Object.entries(ours(xattrs)).map(([name, value]) => `${name}=${value}`)
  return lines.length === 0 ? undefined : digestOf(Buffer.from(lines.sort().join('\n')))
}
