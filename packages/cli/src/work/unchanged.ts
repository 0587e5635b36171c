import { lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { compareText, digestOf, errnoOf, type Json } from '@holotype/base'
import { VERSION } from '../version.ts'

/*
 * What `make` does with its targets, by content instead of times: a result is kept beside the digests of the files it was made from. While all of
 * them are what they were, for this version of the program, it stands, and nothing that would make it is even loaded.
 */

/**
 * The result that {@link keepResult} kept in `note`, if every file it was made from is as it was and `input` is one of them; else undefined. Any doubt
 * is undefined: the work is done again.
 */
export function unchangedResult(note: string, input: string): unknown {
  try {
    const kept: unknown = JSON.parse(readFileSync(note, 'utf8'))
    if (!isKept(kept) || kept.version !== VERSION || !Object.hasOwn(kept.inputs, input)) return undefined
    const same = Object.entries(kept.inputs).every(([path, state]) => stateOf(path) === state)
    return same ? kept.result : undefined
  } catch {
    return undefined
  }
}

/** Keeps a result with what it was made from: absolute paths of files, links and directories, which need not be there. */
export function keepResult(note: string, inputs: readonly string[], result: Json): void {
  const states = Object.fromEntries(inputs.map((path) => [path, stateOf(path)]))
  mkdirSync(dirname(note), { recursive: true })
  // Not made durable: what a power cut leaves of it is no JSON, and then the work is done again.
  writeFileSync(note, JSON.stringify({ version: VERSION, inputs: states, result }), { mode: 0o600 })
}

/** A file by its mode and bytes, a link by its text, a directory by its mode and all that is in it. */
function stateOf(path: string): string {
  try {
    const facts = lstatSync(path)
    const mode = facts.mode.toString(8)
    if (facts.isSymbolicLink()) return `${mode} ${readlinkSync(path)}`
    if (facts.isFile()) return `${mode} ${digestOf(readFileSync(path))}`
    if (!facts.isDirectory()) return mode
    const entries = readdirSync(path).toSorted(compareText)
    return `${mode} ${digestOf(JSON.stringify(entries.map((name) => [name, stateOf(join(path, name))])))}`
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return 'missing'
    throw error
  }
}

interface Kept {
  readonly version: string
  readonly inputs: Readonly<Record<string, unknown>>
  readonly result: unknown
}

function isKept(value: unknown): value is Kept {
  return (
    typeof value === 'object' &&
    value !== null &&
    'version' in value &&
    'inputs' in value &&
    typeof value.inputs === 'object' &&
    value.inputs !== null &&
    'result' in value
  )
}
