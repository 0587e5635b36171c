import { free } from '../memory.ts'

/** Bytes that a store has room for at first. */
const FIRST_BYTES = 4096
/** What its room is multiplied with when it is full. */
const GROWTH = 1.25

/** Names one after the other in one buffer: as texts the paths of an image take three times as much. */
export interface NameStore {
  /** Keeps a name, which is well-formed, and tells where it lies. */
  add(name: string): { readonly at: number; readonly bytes: number }
  text(at: number, bytes: number): string
  /** Copies a name's bytes and gives their number. */
  copy(at: number, bytes: number, into: { readonly to: Buffer; readonly at: number }): number
}

/** A store that begins with these names, which it takes over. */
export function nameStore(initial: Buffer): NameStore {
  let all = initial
  let end = initial.length
  return {
    add(name) {
      const bytes = Buffer.byteLength(name)
      if (end + bytes > all.length) {
        const larger = Buffer.allocUnsafeSlow(Math.max(FIRST_BYTES, Math.ceil((end + bytes) * GROWTH)))
        all.copy(larger, 0, 0, end)
        free(all)
        all = larger
      }
      all.write(name, end)
      end += bytes
      return { at: end - bytes, bytes }
    },
    text: (at, bytes) => all.toString('utf8', at, at + bytes),
    copy: (at, bytes, into) => all.copy(into.to, into.at, at, at + bytes),
  }
}
