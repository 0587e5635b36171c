import { fail } from '../errors.ts'
import { runTar } from '../tar/run-tar.ts'
import { TAR_END, tarMember } from '../tar/write-member.ts'
import { readXattrs } from '../tree/xattrs.ts'

/**
 * Takes away what a directory of ours inherited from the default ACL of the one that it was made in: what is made in it would inherit that in turn,
 * and a rename takes it along. GNU tar does so for a member without ACLs.
 * @throws AGENT_NOT_PERMITTED where it stays, PROCESS_*, DISK_FULL, AGENT_IO
 */
export async function takeAclAway(directory: string): Promise<void> {
  if (!(await hasAcl(directory))) return
  const own = { type: 'directory', mode: 0o700, uid: 0, gid: 0, mtime: 0 } as const
  const { head, tail } = tarMember('./', own)
  await runTar(
    ['--extract', '--file=-', '--acls', '--overwrite-dir', '--same-permissions', '--no-same-owner', '--touch'],
    { cwd: directory, input: [head, tail, TAR_END] },
  )
  if (await hasAcl(directory))
    throw fail('AGENT_NOT_PERMITTED', { what: `${directory}: the ACL that it inherited cannot be taken away` })
}

/** Without tar no image that has attributes can be placed, and attributes are seen nowhere. */
async function hasAcl(directory: string): Promise<boolean> {
  const found = await readXattrs(directory, ['/'])
  return Object.keys(found?.get('/') ?? {}).some((name) => name.startsWith('system.posix_acl_'))
}
