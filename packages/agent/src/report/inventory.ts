import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setText } from '@holotype/audit'
import { type Digest, digestOf, writeFileAtomic } from '@holotype/base'
import { isFields } from '../json.ts'

/** The installed packages of a root as one digest, and their canonical text for a server that does not know it yet. */
export interface Inventory {
  readonly set: Digest
  readonly text: string
}

/** Where each format's installed database lies below a root: read again only when its stat changes. */
const DATABASES = { deb: 'var/lib/dpkg/status' } as const

const FILE = 'inventory.json'

/** Null when the root has no package database. The last answer is kept in the state directory. @throws INSTALLED_MALFORMED */
export async function readInventory(root: string, state: string): Promise<Inventory | null> {
  const stat = statSync(join(root, DATABASES.deb), { throwIfNoEntry: false })
  if (!stat?.isFile()) return null
  const key = [stat.ino, stat.size, stat.mtimeMs, stat.ctimeMs].join(' ')
  const kept = readKept(join(state, FILE))
  if (kept?.key === key) return { set: digestOf(kept.text), text: kept.text }
  // Loaded only now: the idle path has no need for the formats.
  const { formatOf } = await import('@holotype/formats')
  const installed = formatOf('deb')
    .readInstalled(root)
    .filter((entry) => entry.state === 'installed')
  const text = setText(installed)
  writeFileAtomic(join(state, FILE), JSON.stringify({ key, text }), 0o600)
  return { set: digestOf(text), text }
}

function readKept(path: string): { readonly key: string; readonly text: string } | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'))
    if (!isFields(value) || typeof value.key !== 'string' || typeof value.text !== 'string') return undefined
    return { key: value.key, text: value.text }
  } catch {
    return undefined
  }
}
