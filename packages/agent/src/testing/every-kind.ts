import { execFileSync } from 'node:child_process'
import { mkdirSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { EntryInput, Store } from '@holotype/store'
import { entryOf, type ImageOptions, type Sketch } from './world.ts'

/** cap_net_raw=ep and cap_net_bind_service=ep as the kernel keeps them (struct vfs_cap_data, revision 2). */
export const NET_RAW: string = Buffer.from('0100000200200000000000000000000000000000', 'hex').toString('base64')
const NET_BIND = Buffer.from('0100000200040000000000000000000000000000', 'hex').toString('base64')

/** The kernel's form of an ACL (linux/posix_acl_xattr.h): version 2, then tag, permissions and id of each entry. */
export function acl(user: number, permissions: number): string {
  const bytes = Buffer.alloc(4 + 5 * 8)
  bytes.writeUInt32LE(2, 0)
  const rows = [
    [0x01, 7, 0xffff_ffff],
    [0x02, permissions, user],
    [0x04, 5, 0xffff_ffff],
    [0x10, 7, 0xffff_ffff],
    [0x20, 5, 0xffff_ffff],
  ] as const
  for (const [index, [tag, rights, id]] of rows.entries()) {
    bytes.writeUInt16LE(tag, 4 + index * 8)
    bytes.writeUInt16LE(rights, 6 + index * 8)
    bytes.writeUInt32LE(id, 8 + index * 8)
  }
  return bytes.toString('base64')
}

export const EVERY_KIND: Required<Pick<ImageOptions, 'exclusions' | 'hardlinks'>> = {
  exclusions: ['/keep/**', '/etc/machine-id'],
  hardlinks: [['/usr/bin/perl', '/usr/bin/perl5', '/usr/libexec/perl']],
}

/**
 * Two images of about 40 paths: every kind of file that Linux has, each changed in every way from one to the other. Wants root.
 */
export function everyKind(store: Store, round: 0 | 1): Sketch {
  const mtime = 1_600_000_000 + round
  const file = (
    text: string | Buffer,
    more: Partial<Pick<EntryInput, 'mode' | 'uid' | 'gid' | 'xattrs'>> = {},
  ): EntryInput => ({
    ...entryOf(store, text),
    mtime,
    ...more,
  })
  const directory = (more: Partial<Pick<EntryInput, 'mode' | 'uid' | 'xattrs'>> = {}): EntryInput => ({
    type: 'directory',
    mode: 0o755,
    uid: 0,
    gid: 0,
    mtime,
    ...more,
  })
  const special = { uid: 0, gid: 0, mtime, mode: 0o640 } as const
  const sparse = Buffer.alloc(700_000)
  sparse.write(`the end of ${round}`, 690_000)
  const perl = file(`perl ${round}`, { mode: 0o755 })
  return {
    'usr/lib/libx.so.1.0': file(`library ${round}`),
    'usr/lib/libx.so.1': [`libx.so.1.${round}`],
    [`usr/lib/libx.so.1.${round}.2`]: file(`library ${round}.2`),
    'usr/lib/ld-linux-x86-64.so.2': file(`loader ${round}`, { mode: 0o755 }),
    'usr/bin/tool': file(`tool ${round}`, { mode: 0o755 }),
    'usr/bin/su': file(`su ${round}`, { mode: 0o4755 }),
    'usr/bin/chfn': file('chfn', { mode: round ? 0o755 : 0o4755, gid: round ? 7 : 0 }),
    'usr/bin/ping': file('ping', { mode: 0o755, xattrs: { 'security.capability': round ? NET_RAW : NET_BIND } }),
    'usr/bin/web': file(`web ${round}`, { mode: 0o755, xattrs: { 'security.capability': NET_BIND } }),
    'usr/bin/perl': perl,
    'usr/bin/perl5': perl,
    'usr/libexec/perl': perl,
    'usr/share/one': file(`the same bytes ${round}`),
    'usr/share/two': file(`the same bytes ${round}`),
    'usr/share/Case': file(`upper ${round}`),
    'usr/share/case': file(`lower ${round}`),
    'usr/share/empty': file(''),
    'usr/share/zeros': file(sparse),
    'etc/conf': file(`configuration ${round}`),
    'etc/meta': file('its mode, owner and time change', { mode: round ? 0o600 : 0o640, uid: round ? 5 : 0, gid: 8 }),
    'etc/machine-id': file(''),
    'etc/same': file('nothing changes but the time'),
    'etc/acl': file('an ACL', { mode: 0o775, xattrs: { 'system.posix_acl_access': acl(33, round ? 7 : 5) } }),
    'srv/acl': directory({
      mode: 0o775,
      xattrs: { 'system.posix_acl_default': acl(33, 7), 'system.posix_acl_access': acl(34, round) },
    }),
    'srv/acl/below': directory(),
    [`srv/acl/new${round}`]: directory({ mode: 0o2775, uid: 9 }),
    'srv/acl/file': file(`no ACL of its parent ${round}`),
    'srv/note': directory(round ? {} : { xattrs: { 'user.note': Buffer.from('goes').toString('base64') } }),
    'var/mode': directory({ mode: round ? 0o1777 : 0o700, uid: round }),
    'var/fifo': { ...special, type: 'fifo', mode: round ? 0o600 : 0o644 },
    'var/null': { ...special, type: 'character', major: 1, minor: round ? 3 : 5 },
    'var/disk': { ...special, type: 'block', major: 259, minor: 1_000_000 + round },
    'kind/a': round ? directory() : file('a file, then a directory'),
    ...(round ? { 'kind/a/in': file('in it') } : {}),
    'kind/b': round ? file('a directory, then a file') : directory(),
    ...(round ? {} : { 'kind/b/deep/in': file('in it') }),
    'kind/c': round ? ['../etc'] : directory(),
    ...(round ? {} : { 'kind/c/in': file('in it') }),
    'kind/d': round ? file('a link, then a file') : ['../keep'],
    'kind/e': round ? { ...special, type: 'fifo' } : file('a file, then a fifo'),
    [`old/${round}/gone`]: file('is gone in the other'),
    keep: directory(),
  }
}

/** What happens to a root between two runs. */
export function harmEveryKind(root: string): void {
  const at = (path: string) => join(root, path)
  mkdirSync(at('keep/deep'), { recursive: true })
  writeFileSync(at('keep/deep/mine'), 'not of the image')
  symlinkSync('/etc/passwd', at('keep/link'))
  utimesSync(at('keep/deep/mine'), 1000, 2000)
  writeFileSync(at('etc/machine-id'), '0123456789abcdef0123456789abcdef\n')
  writeFileSync(at('extra'), 'not of the image')
  mkdirSync(at('more/deep'), { recursive: true })
  writeFileSync(Buffer.concat([Buffer.from(at('more/')), Buffer.from([0xff, 0x41])]), 'a name that is not UTF-8')
  writeFileSync(at('.holotype-1-1'), 'left by a kill')
  rmSync(at('usr/bin/tool'))
  mkdirSync(at('usr/bin/tool/under'), { recursive: true })
  rmSync(at('usr/lib/libx.so.1'))
  writeFileSync(at('usr/lib/libx.so.1'), 'a file now')
  rmSync(at('usr/share'), { recursive: true })
  symlinkSync('../keep', at('usr/share'))
  renameSync(at('usr/bin/perl5'), at('usr/bin/perl6'))
  execFileSync('setfattr', ['-n', 'user.extra', '-v', '1', at('var/mode')])
  execFileSync('setfattr', ['-n', 'trusted.extra', '-v', '1', '-h', at('var/fifo')])
}
