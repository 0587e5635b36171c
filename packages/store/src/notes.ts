import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { asDiskFull, errnoOf, temporaryName } from '@holotype/base'
import { fail } from './errors.ts'
import { NOTE_BYTES } from './limits.ts'
import { markUsed } from './object-files.ts'

/*
 * A note is a file `notes/KEY`: a first line that says how far it can be believed, then the value. `settled` is believed for ever;
 * `boot ID` only during the boot that wrote it, because what it names was not flushed yet. The page cache shows every process what
 * was written since the boot, so within one boot nothing can be lost; after a power cut an unsettled note is as if never written.
 */

const KEY = /^[A-Za-z0-9_+~:@-][A-Za-z0-9._+~:@-]*(?:\/[A-Za-z0-9_+~:@-][A-Za-z0-9._+~:@-]*)*$/

export interface Notes {
  remember(key: string, value: string): void
  recall(key: string): string | undefined
  /** The notes seen or written since the last call that are not settled: make their objects durable, then give them to `settle`. */
  takeUnsettled(): ReadonlyMap<string, string>
  settle(notes: ReadonlyMap<string, string>): void
}

/** The notes of a store. `boot` is the running system's boot id. */
export function openNotes(directory: string, boot: string): Notes {
  let unsettled = new Map<string, string>()
  return {
    remember(key, value) {
      const path = notePath(directory, key)
      if (Buffer.byteLength(value) > NOTE_BYTES) throw fail('NOTE_KEY_INVALID', { what: `the note ${key} is too long` })
      writeNote(path, `boot ${boot}\n${value}`)
      unsettled.set(key, value)
    },
    recall(key) {
      const path = notePath(directory, key)
      const text = readNote(path)
      if (text !== undefined) markUsed(path)
      const end = text?.indexOf('\n') ?? -1
      if (text === undefined || end < 0) return undefined
      const value = text.slice(end + 1)
      const state = text.slice(0, end)
      if (state === 'settled') return value
      if (state !== `boot ${boot}`) return undefined
      unsettled.set(key, value)
      return value
    },
    takeUnsettled() {
      const taken = unsettled
      unsettled = new Map()
      return taken
    },
    settle(notes) {
      for (const [key, value] of notes) {
        const path = notePath(directory, key)
        // Another process may have written a newer value meanwhile, whose objects are not flushed: that one stays unsettled.
        if (readNote(path) === `boot ${boot}\n${value}`) writeNote(path, `settled\n${value}`)
      }
    },
  }
}

/** The running system's boot id (proc(5), random/boot_id); one fixed word where there is none. */
export function readBootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  } catch {
    return 'unknown'
  }
}

function notePath(directory: string, key: string): string {
  if (!KEY.test(key) || key.length > 512)
    throw fail('NOTE_KEY_INVALID', { what: `${JSON.stringify(key)} is no key for a note` })
  return `${directory}/notes/${key}`
}

function readNote(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return undefined
    throw error
  }
}

function writeNote(path: string, text: string): void {
  // The name of a temporary begins with a dot, which no key's part does.
  const temporary = temporaryName(`${dirname(path)}/.note`)
  try {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(temporary, text, { mode: 0o644, flag: 'wx' })
    renameSync(temporary, path)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw asDiskFull(error, path)
  }
}
