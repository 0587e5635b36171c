import { closeSync, openSync, readSync, unlinkSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { asDiskFull, temporaryName } from '@holotype/base'
import { ELF_BYTES, ELF_MEMORY_BYTES } from '../limits.ts'
import { type ElfSonames, elfSonames, isElf } from './sonames.ts'

/** Takes a file's bytes as they come by; `end` tells its sonames. */
export interface ElfCollector extends Disposable {
  /** @throws DISK_FULL if the temporary directory cannot hold it */
  add(chunk: Uint8Array): void
  end(): ElfSonames | undefined
}

/**
 * Keeps a file that streams by if it is an ELF file, for its tables lie anywhere: in memory up to ELF_MEMORY_BYTES, else in an unlinked
 * file of the temporary directory. Files over ELF_BYTES and all others are let go by.
 * @param size bytes of the file
 */
export function elfCollector(size: number): ElfCollector {
  let head: Buffer[] = []
  let headBytes = 0
  let verdict: 'unknown' | 'keep' | 'leave' = size < 52 || size > ELF_BYTES ? 'leave' : 'unknown'
  let spool: number | undefined
  const keep = (chunk: Uint8Array) => {
    if (size <= ELF_MEMORY_BYTES) {
      head.push(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength))
      return
    }
    spool ??= openUnlinked()
    try {
      for (let done = 0; done < chunk.length; ) done += writeSync(spool, chunk, done)
    } catch (error) {
      throw asDiskFull(error, tmpdir())
    }
  }
  return {
    add(chunk) {
      if (verdict === 'leave') return
      if (verdict === 'keep') return keep(chunk)
      head.push(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength))
      headBytes += chunk.length
      if (headBytes < 4) return
      const begin = head.length === 1 ? (head[0] ?? Buffer.alloc(0)) : Buffer.concat(head)
      head = []
      verdict = isElf(begin) ? 'keep' : 'leave'
      if (verdict === 'keep') keep(begin)
    },
    end() {
      if (verdict !== 'keep') return undefined
      if (spool === undefined) return elfSonames(Buffer.concat(head))
      const file = spool
      return elfSonames({
        size,
        read(offset, length) {
          const buffer = Buffer.alloc(Math.max(0, Math.min(length, size - offset)))
          return buffer.subarray(0, buffer.length === 0 ? 0 : readSync(file, buffer, 0, buffer.length, offset))
        },
      })
    },
    [Symbol.dispose]() {
      head = []
      if (spool !== undefined) closeSync(spool)
      spool = undefined
    },
  }
}

function openUnlinked(): number {
  const path = temporaryName(`${tmpdir()}/holotype-elf`)
  const file = openSync(path, 'wx+', 0o600)
  unlinkSync(path)
  return file
}
