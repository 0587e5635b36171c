import type { Entry } from '@holotype/store'
import { isErrorCode } from '@holotype/base'
import { runTar } from '../tar/run-tar.ts'
import { tarReader } from '../tar/read-headers.ts'

/*
 * Node has no calls for extended attributes. GNU tar is on every Debian node and carries them both ways: here its stream is read for the
 * attributes of the paths that may have changed.
 */

interface Suspect {
  readonly path: string
  readonly entry: Entry
}

/** Of some paths of the root, those whose extended attributes are not as their entries have them. */
export async function differingXattrs<T extends Suspect>(root: string, suspects: readonly T[]): Promise<T[]> {
  if (suspects.length === 0) return []
  const actual = new Map<string, string>()
  const reader = tarReader((name, xattrs) => void actual.set(name, keyOf(xattrs)))
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
          for (const { path } of suspects) yield Buffer.from(`.${path}\0`)
        })(),
        onOutput: reader,
      },
    )
  } catch (error) {
    // Without tar a root whose image has no extended attributes can still be kept; one that has them cannot.
    if (!isErrorCode(error, 'PROCESS_NOT_FOUND') || suspects.some(({ entry }) => entry.xattrs)) throw error
    return []
  }
  return suspects.filter(({ path, entry }) => {
    const found = actual.get(`.${path}`) ?? actual.get(`.${path}/`) ?? actual.get(`.${path.replace(/\/$/, '')}`)
    // What vanished meanwhile is the next run's business.
    return found !== undefined && found !== keyOf(entry.xattrs ?? {})
  })
}

/** Attributes that other programs of the node own: labels of its security policy, ACLs' kernel form, overlay's bookkeeping. */
function foreign(name: string): boolean {
  return /^(security\.(selinux|ima|evm|apparmor|SMACK.*)|system\..*|trusted\.(overlay|SGI_ACL).*)$/.test(name)
}

function keyOf(xattrs: Readonly<Record<string, string>>): string {
  return Object.entries(xattrs)
    .filter(([name]) => !foreign(name))
    .map(([name, value]) => `${name}=${value}`)
    .sort()
    .join('\n')
}
