import { type Digest, digestOf, isErrorCode } from '@holotype/base'
import { runTar } from '../tar/run-tar.ts'
import { tarReader } from '../tar/read-headers.ts'

/*
 * Node has no calls for extended attributes. GNU tar is on every Debian node and carries them both ways, ACLs as the attributes that
 * they are to the kernel: here its stream is read for the attributes of the paths that may have changed.
 */

/** Extended attributes by name, values in base64. */
export type Xattrs = Readonly<Record<string, string>>

/**
 * The attributes of some paths of the root, without those that are other programs' own; what vanished meanwhile is not in it. Undefined
 * when tar is not installed.
 */
export async function readXattrs(root: string, paths: Iterable<string>): Promise<Map<string, Xattrs> | undefined> {
  const actual = new Map<string, Xattrs>()
  // Members are named as they were asked for, a directory's name ends with a slash.
  const reader = tarReader((name, xattrs) => void actual.set(name.slice(1).replace(/(?<=.)\/$/, ''), ours(xattrs)))
  try {
    await runTar(
      [
        '--create',
        '--file=-',
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
      ],
      {
        cwd: root,
        input: (function* () {
          for (const path of paths) yield Buffer.from(`.${path}\0`)
        })(),
        onOutput: reader,
      },
    )
  } catch (error) {
    if (!isErrorCode(error, 'PROCESS_NOT_FOUND')) throw error
    return undefined
  }
  return actual
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
