import { run } from '@holotype/base'
import { extractTar } from '../tar/run-tar.ts'
import { TAR_END, tarMember } from '../tar/write-member.ts'
import type { DirectoryMetadata } from '../tree/plan.ts'

/**
 * Brings the extended attributes of a directory that is there to its entry's, the only thing that cannot be made ready beside: what is to
 * go by setfattr, what is to come by GNU tar.
 * @throws PROCESS_*, DISK_FULL, AGENT_IO, AGENT_NOT_PERMITTED
 */
export async function setXattrs(
  cwd: string,
  entry: DirectoryMetadata,
  { extra }: { readonly extra: readonly string[] },
): Promise<void> {
  for (const name of extra) await run(['setfattr', `--remove=${name}`, '--', '.'], { cwd })
  if (!entry.xattrs) return
  const { head, tail } = tarMember('./', { ...entry, type: 'directory' })
  await extractTar(cwd, '--overwrite-dir', [head, tail, TAR_END])
}
