import { mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { run } from '@holotype/base'

/** A small disk of its own, in memory. Needs root. */
export interface SmallDisk extends AsyncDisposable {
  readonly directory: string
  /** Takes all room but `left` bytes. */
  fill(left: number): void
  /** Gives it back. */
  empty(): void
}

/** Mounts a disk of so many bytes and files at a new directory. */
export async function smallDisk(
  directory: string,
  { bytes, files = 100_000 }: { readonly bytes: number; readonly files?: number },
): Promise<SmallDisk> {
  mkdirSync(directory)
  await run(['mount', '-t', 'tmpfs', '-o', `size=${bytes},nr_inodes=${files}`, 'holotype-test', directory])
  const filler = join(directory, 'filler')
  return {
    directory,
    fill(left) {
      const { bavail, bsize } = statfsSync(directory)
      writeFileSync(filler, Buffer.alloc(Math.max(0, bavail * bsize - left)))
    },
    empty: () => rmSync(filler, { force: true }),
    async [Symbol.asyncDispose]() {
      await run(['umount', directory])
      rmSync(directory, { recursive: true })
    },
  }
}
