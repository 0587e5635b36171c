import { writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { run, SYSTEM_PATH } from '@holotype/base'
import type { Entry } from '@holotype/store'
import { fail } from '../errors.ts'
import { DEBUGFS_OUTPUT_BYTES, EXPORT_TIMEOUT_MS } from '../limits.ts'
import { type ExportSource, pathsOf, verified } from './source.ts'

/*
 * An ext4 file system from the objects of the store, without root, mounts or a laid-out tree: `mke2fs` makes it, one script for `debugfs`
 * fills it in the order of the tree. Both take the time from E2FSPROGS_FAKE_TIME and nothing from the machine, so the same image gives the
 * same blocks.
 */

export interface Ext4Options {
  readonly source: ExportSource
  /** The file it is made in, and where in it, both in bytes. The place must be a hole: nothing is zeroed. */
  readonly file: string
  readonly offset: number
  readonly size: number
  readonly uuid: string
  readonly label: string
  /** An empty directory for the script and attribute values. */
  readonly scratch: string
  readonly signal?: AbortSignal
}

/** What every kernel since 4.18 and every GRUB reads; named one by one, for the defaults are the machine's. */
const FEATURES =
  'none,has_journal,ext_attr,resize_inode,dir_index,filetype,extent,64bit,flex_bg,sparse_super,large_file,huge_file,dir_nlink,extra_isize,metadata_csum'
const BLOCK = 4096
/** Bytes for each inode that is made beyond those that the image needs. */
const INODE_RATIO = 16_384

/** @throws EXPORT_FAILED, PROCESS_NOT_FOUND, OBJECT_MISSING, OBJECT_CORRUPT, DISK_FULL */
export async function writeExt4(options: Ext4Options): Promise<void> {
  const { source, file, offset, size, uuid, label, scratch, signal } = options
  const env = {
    PATH: SYSTEM_PATH,
    LC_ALL: 'C',
    E2FSPROGS_FAKE_TIME: String(source.epoch),
    // No configuration of this machine.
    MKE2FS_CONFIG: '/dev/null',
  }
  const limits = {
    env,
    timeoutMs: EXPORT_TIMEOUT_MS,
    maxOutputBytes: DEBUGFS_OUTPUT_BYTES,
    ...(signal ? { signal } : {}),
  }
  const extended = `offset=${offset},hash_seed=${uuid},lazy_itable_init=1,lazy_journal_init=1,assume_storage_prezeroed=1,root_owner=0:0`
  const shape = ['-b', String(BLOCK), '-I', '256', '-i', String(INODE_RATIO), '-m', '1', '-O', FEATURES]
  await run(
    [
      'mke2fs',
      '-q',
      '-F',
      '-t',
      'ext4',
      ...shape,
      '-U',
      uuid,
      '-L',
      label.slice(0, 16),
      '-E',
      extended,
      file,
      `${size / 1024}k`,
    ],
    limits,
  )
  const script = join(scratch, 'debugfs')
  writeFileSync(script, `${(await scriptOf(source, scratch)).join('\n')}\n`)
  const { stderr } = await run(['debugfs', '-w', '-f', script, `${file}?offset=${offset}`], limits)
  // debugfs ends with 0 whatever failed: all it may say is its version.
  const complaints = stderr.split('\n').filter((line) => line !== '' && !/^debugfs \d/.test(line))
  if (complaints.length > 0)
    throw fail('EXPORT_FAILED', {
      what: `debugfs could not write the file system: ${complaints.slice(0, 5).join('; ')}`,
    })
}

async function scriptOf(source: ExportSource, scratch: string): Promise<string[]> {
  const { store } = source
  // What mke2fs makes of itself, and no image holds.
  const lines = ['rmdir lost+found']
  const names = new Map<string, number>()
  let attributes = 0
  let at = ''
  const checked = new Set<string>()
  for (const { path, entry, first } of pathsOf(source)) {
    if (first !== undefined) {
      lines.push(`cd /`, `ln ${quoted(`/${first}`)} ${quoted(`/${path}`)}`)
      at = ''
      names.set(first, (names.get(first) ?? 1) + 1)
      continue
    }
    const above = dirname(path) === '.' ? '' : dirname(path)
    if (above !== at) lines.push(`cd ${quoted(`/${above}`)}`)
    at = above
    const name = path === '' ? '/' : quoted(entry.name)
    if (path !== '') lines.push(maker(entry, name, (digest) => store.pathOf(digest)))
    if (entry.type === 'file' && !checked.has(entry.digest)) {
      checked.add(entry.digest)
      for await (const _ of verified(store, entry.digest));
    }
    lines.push(...metadata(entry, name))
    for (const [key, value] of Object.entries(entry.xattrs ?? {}).sort(([a], [b]) => (a < b ? -1 : 1))) {
      const held = join(scratch, `attribute-${attributes++}`)
      writeFileSync(held, Buffer.from(value, 'base64'))
      lines.push(`ea_set -f ${quoted(held)} ${name} ${quoted(key)}`)
    }
  }
  for (const [path, count] of names) lines.push(`sif ${quoted(`/${path}`)} links_count ${count}`)
  return lines
}

const TYPES = {
  file: 0o100000,
  directory: 0o040000,
  symlink: 0o120000,
  character: 0o020000,
  block: 0o060000,
  fifo: 0o010000,
} as const

function maker(entry: Entry, name: string, objectPath: (digest: `sha256:${string}`) => string): string {
  switch (entry.type) {
    case 'file':
      return `write ${quoted(objectPath(entry.digest))} ${name}`
    case 'directory':
      return `mkdir ${name}`
    case 'symlink':
      return `symlink ${name} ${quoted(entry.target)}`
    case 'character':
      return `mknod ${name} c ${entry.major} ${entry.minor}`
    case 'block':
      return `mknod ${name} b ${entry.major} ${entry.minor}`
    case 'fifo':
      return `mknod ${name} p`
  }
}

function metadata(entry: Entry, name: string): string[] {
  const { mode, uid, gid, mtime } = entry
  return [
    `sif ${name} mode 0${(TYPES[entry.type] | mode).toString(8)}`,
    ...(uid === 0 ? [] : [`sif ${name} uid ${uid}`]),
    ...(gid === 0 ? [] : [`sif ${name} gid ${gid}`]),
    `sif ${name} mtime @${mtime}`,
  ]
}

/** One word for debugfs, which knows quotes but no escapes in them (ss_parse: a quote within quotes is doubled). @throws EXPORT_FAILED */
function quoted(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  if (/[\u0000-\u001f\u007f]/.test(text))
    throw fail('EXPORT_FAILED', {
      what: `${JSON.stringify(text)} holds a character that debugfs takes for the end of a line`,
    })
  return `"${text.replaceAll('"', '""')}"`
}
