import { digestOf, hexOf } from '@holotype/base'
import type { Store } from '@holotype/store'
import { codeDigest } from '../code-digest.ts'
import type { FileDetails } from '../types.ts'
import { DETAILS_KEPT_LENGTH } from './limits.ts'

/** Rises when code outside this folder, which counts by itself, comes to read files otherwise: ELF files and compressed ones are read by `formats`. */
const FORM = 1

/**
 * What changes within files, remembered by a text that names both contents and all else it depends on: the same update, in whichever images, is read
 * once for ever. A note and no object, as losing it costs time alone; under a key with the code that made it.
 */
export function knownDetails(
  store: Store,
): (pair: string, find: () => FileDetails | undefined) => FileDetails | undefined {
  const code = codeDigest(import.meta.dirname)
  return (pair, find) => {
    const key = `details-${FORM}/${hexOf(digestOf(`${code} ${pair}`))}`
    const note = store.recall(key)
    const known = note === undefined ? undefined : parse(note)
    if (isFileDetails(known)) return known
    const details = find()
    const text = details === undefined ? '' : JSON.stringify(details)
    if (text !== '' && text.length <= DETAILS_KEPT_LENGTH) store.remember(key, text)
    return details
  }
}

/** A damaged note counts as none. */
function parse(note: string): unknown {
  try {
    return JSON.parse(note)
  } catch {
    return undefined
  }
}

function isFileDetails(value: unknown): value is FileDetails {
  return typeof value === 'object' && value !== null && 'format' in value && 'facts' in value && 'members' in value
}
