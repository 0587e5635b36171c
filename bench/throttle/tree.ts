import { createCipheriv } from 'node:crypto'
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const KIB = 1024

/** How many files of which size: the bytes lie in few large files and the paths in many small ones, as in a distribution. 1 GiB together. */
const SIZES = [
  { files: 8, bytes: 32 * KIB * KIB },
  { files: 400, bytes: KIB * KIB },
  { files: 2000, bytes: 128 * KIB },
  { files: 7552, bytes: 16 * KIB },
] as const

/** A tree of 1 GiB, half of which compresses away; the same bytes every time. Made once. */
export function makeTree(directory: string): string {
  const tree = join(directory, 'gibibyte')
  if (existsSync(tree)) return tree
  const making = `${tree}.making`
  rmSync(making, { recursive: true, force: true })
  const stream = createCipheriv('aes-128-ctr', Buffer.alloc(16), Buffer.alloc(16))
  for (const { files, bytes } of SIZES)
    for (let file = 0; file < files; file++) {
      const folder = join(making, `usr/lib/${bytes}/${file % 97}`)
      mkdirSync(folder, { recursive: true })
      const content = Buffer.alloc(bytes, `a line of text that is there again and again\n`)
      for (let at = 0; at < bytes; at += 8 * KIB) stream.update(Buffer.alloc(4 * KIB)).copy(content, at)
      writeFileSync(join(folder, `${file}`), content)
    }
  renameSync(making, tree)
  return tree
}
