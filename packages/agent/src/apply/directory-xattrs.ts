import { HolotypeError, run } from '@holotype/base'
import { fail } from '../errors.ts'
import { REPORTED_PATHS } from '../limits.ts'
import { extractTar } from '../tar/run-tar.ts'
import { TAR_END, tarMember } from '../tar/write-member.ts'
import type { DirectoryMetadata } from '../tree/plan.ts'

/** A directory whose extended attributes could not be brought to the image's. */
export interface XattrsLeft {
  readonly path: string
  readonly error: HolotypeError
}

/** What is to be told of them when all else is done; undefined of none. */
export function xattrsLeft(left: readonly XattrsLeft[]): HolotypeError | undefined {
  const [first, ...others] = left
  if (!first) return undefined
  return fail('AGENT_XATTRS_LEFT', {
    what: `${first.path.toWellFormed()}${others.length > 0 ? ` and ${others.length} more` : ''}: ${first.error.message}`,
    data: { paths: left.slice(0, REPORTED_PATHS).map(({ path }) => path.toWellFormed()) },
    cause: first.error,
  })
}

/**
 * Brings the extended attributes of a directory that is there to its entry's, the only thing that cannot be made ready beside: what is to
 * go by setfattr, what is to come by GNU tar. Gives what stood in the way, and does all else: whoever owns a directory can give it attributes, and
 * must not end a run by it.
 */
export async function setXattrs(
  cwd: string,
  entry: DirectoryMetadata,
  { extra }: { readonly extra: readonly string[] },
): Promise<HolotypeError | undefined> {
  let first: HolotypeError | undefined
  const attempt = async (change: () => Promise<unknown>) => {
    try {
      await change()
    } catch (error) {
      if (!(error instanceof HolotypeError)) throw error
      first ??= error
    }
  }
  for (const name of extra) await attempt(() => run(['setfattr', `--remove=${name}`, '--', '.'], { cwd }))
  if (entry.xattrs) {
    const { head, tail } = tarMember('./', { ...entry, type: 'directory' })
    await attempt(() => extractTar(cwd, '--overwrite-dir', [head, tail, TAR_END]))
  }
  return first
}
