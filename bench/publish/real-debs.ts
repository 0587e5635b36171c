import {
  existsSync,
  globSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { basename, join } from 'node:path'
import { temporaryName } from '@holotype/base'
import { formatOf, type PackageFile } from '@holotype/formats'
import { xz } from '../../packages/formats/src/archive/xz.ts'
import { writeTar } from '../../packages/formats/src/archive/tar-write.ts'
import { writeAr } from '../../packages/formats/src/deb/ar.ts'

/** Bytes of the largest .deb that counts as small. */
const SMALL = 100 * 1024
const EPOCH = 1_700_000_000

/** What the corpus is made of. */
export interface RealDebs {
  readonly folder: string
  /** Different real .debs in it; the rest have the payload of one of them under another version. */
  readonly real: number
}

/**
 * A folder of `count` real .debs of at most 100 KiB, made once. They are those that `archives` (apt's own cache) holds; where it holds fewer, further ones
 * are made of them: the same payload, byte for byte, under another version, so that each is a file of its own.
 * @throws when `archives` holds none
 */
export async function realDebs(archives: string, work: string, count: number): Promise<RealDebs> {
  const found = globSync(join(archives, '*.deb')).sort()
  const small = found.filter((path) => statSync(path).size <= SMALL)
  if (small.length === 0)
    throw new Error(
      `${archives} holds no small .debs: fill it (apt-get download), or name another directory with BENCH_DEBS`,
    )
  const real = Math.min(small.length, count)
  const folder = join(work, `debs-${count}-of-${real}`)
  if (existsSync(folder) && readdirSync(folder).length === count) return { folder, real }
  mkdirSync(folder, { recursive: true })
  for (let at = 0; at < count; at++) {
    const path = small[at % small.length] ?? ''
    const turn = Math.floor(at / small.length)
    const [name = '', version = '', rest = ''] = basename(path).split('_')
    const target = join(folder, turn === 0 ? basename(path) : `${name}_${version}+${turn}_${rest}`)
    if (existsSync(target)) continue
    const bytes =
      turn === 0
        ? readFileSync(path)
        : await reversioned(readFileSync(path), await formatOf('deb').readPackage(path), turn)
    const temporary = temporaryName(target)
    writeFileSync(temporary, bytes)
    renameSync(temporary, target)
  }
  return { folder, real }
}

/** The same package under another version: the member data.tar as it is, control.tar written anew. */
async function reversioned(bytes: Buffer, { control }: PackageFile, turn: number): Promise<Buffer> {
  const entry = { type: 'file', uid: 0, gid: 0, mtime: EPOCH } as const
  const members = [...control].map(([path, member]) => {
    const text =
      path === 'control' ? Buffer.from(member.bytes.toString().replace(/^(Version:.*)$/m, `$1+${turn}`)) : member.bytes
    return { ...entry, path, mode: member.mode, size: text.length, bytes: text }
  })
  const data = lastMember(bytes)
  return writeAr(
    [
      { name: 'debian-binary', bytes: Buffer.from('2.0\n') },
      { name: 'control.tar.xz', bytes: await xz(writeTar(members)) },
      data,
    ],
    EPOCH,
  )
}

/** A sound .deb's third member. */
function lastMember(bytes: Buffer): { readonly name: string; readonly bytes: Buffer } {
  let last: { name: string; bytes: Buffer } = { name: '', bytes: Buffer.alloc(0) }
  for (let at = 8; at + 60 <= bytes.length; ) {
    const size = Number(bytes.toString('latin1', at + 48, at + 58))
    last = { name: bytes.toString('latin1', at, at + 16).trimEnd(), bytes: bytes.subarray(at + 60, at + 60 + size) }
    at += 60 + size + (size % 2)
  }
  return last
}
