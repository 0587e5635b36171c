import { compareText } from '@holotype/base'
import type { FileDetails, MemberChange } from '../types.ts'
import { factChanges } from './fact-changes.ts'
import {
  CONTAINER_DEPTH,
  DESCRIBED_BYTES,
  MEMBER_TEXT_LENGTH,
  MEMBERS_SHOWN,
  MEMBERS_TOTAL_BYTES,
  TEXT_FILE_BYTES,
  UNPACKED_BYTES,
  VALUE_LENGTH,
} from './limits.ts'
import { pluginFor } from './plugins/plugins.ts'
import type { Described, Member, Plugin } from './plugins/types.ts'
import { textOf } from './read-text.ts'
import { unifiedDiff } from './unified.ts'

export interface Pair {
  readonly path: string
  readonly before?: Buffer | undefined
  readonly after?: Buffer | undefined
}

/**
 * How two contents of a path differ in what they say, by the plug-in that wants them; undefined if none does. Hostile bytes cost bounded time
 * and memory and come back as `unreadable`.
 */
export function detailsOf(pair: Pair): FileDetails | undefined {
  return compare(pair, 0, { bytes: MEMBERS_TOTAL_BYTES })
}

/** What is left of what one file's members may take. */
interface Room {
  bytes: number
}

function compare({ path, before, after }: Pair, depth: number, room: Room): FileDetails | undefined {
  const plugin = pluginFor(path, after ?? before ?? Buffer.alloc(0))
  if (!plugin || ((before === undefined || after === undefined) && !plugin.oneSided)) return undefined
  // What a container held was bounded when it was unpacked.
  const limit = depth === 0 ? DESCRIBED_BYTES : UNPACKED_BYTES
  const [old, next] = [before, after].map((bytes) => describe(plugin, path, bytes, limit))
  if (!old || !next) return { format: plugin.name, unreadable: true, facts: [], members: [] }
  const changed = depth < CONTAINER_DEPTH ? memberChanges(old.members ?? [], next.members ?? [], depth, room) : []
  const members = changed.slice(0, MEMBERS_SHOWN)
  return {
    format: plugin.name,
    facts: factChanges(old.facts, next.facts),
    members,
    ...(changed.length > members.length ? { moreMembers: changed.length - members.length } : {}),
  }
}

/** Nothing of a side that is not there; undefined if it cannot be read. */
function describe(plugin: Plugin, path: string, bytes: Buffer | undefined, limit: number): Described | undefined {
  if (bytes === undefined) return { facts: {} }
  if (bytes.length > limit) return undefined
  try {
    return plugin.describe(bytes, path)
  } catch {
    return undefined
  }
}

function memberChanges(before: readonly Member[], after: readonly Member[], depth: number, room: Room): MemberChange[] {
  const [old, next] = [byPath(before), byPath(after)]
  const paths = [...new Set([...old.keys(), ...next.keys()])].sort(compareText)
  return paths.flatMap((path): MemberChange[] => {
    const [a, b] = [old.get(path), next.get(path)]
    if (!a || !b) return [{ path, change: a ? 'removed' : 'added' }]
    const [oldBytes, nextBytes] = [bytesOf(a, room), bytesOf(b, room)]
    if (!oldBytes || !nextBytes)
      return [{ path, change: 'changed', details: { format: '', unreadable: true, facts: [], members: [] } }]
    if (oldBytes.equals(nextBytes)) return []
    const details = compare({ path, before: oldBytes, after: nextBytes }, depth + 1, room)
    const text = details ? undefined : memberText(path, oldBytes, nextBytes)
    return [{ path, change: 'changed', ...(details ? { details } : {}), ...(text === undefined ? {} : { text }) }]
  })
}

/** Members that share a path are told apart by a number. */
function byPath(members: readonly Member[]): Map<string, Member> {
  const found = new Map<string, Member>()
  const seen = new Map<string, number>()
  for (const member of members) {
    const path = member.path.slice(0, VALUE_LENGTH)
    const times = (seen.get(path) ?? 0) + 1
    seen.set(path, times)
    found.set(times === 1 ? path : `${path} (${times})`, member)
  }
  return found
}

function bytesOf(member: Member, room: Room): Buffer | undefined {
  if (room.bytes <= 0) return undefined
  try {
    const bytes = member.bytes()
    room.bytes -= bytes.length
    return bytes
  } catch {
    return undefined
  }
}

function memberText(path: string, before: Buffer, after: Buffer): string | undefined {
  if (before.length > TEXT_FILE_BYTES || after.length > TEXT_FILE_BYTES) return undefined
  const [old, next] = [textOf(before), textOf(after)]
  if (old === undefined || next === undefined) return undefined
  const text = unifiedDiff(old, next, { before: path, after: path })
  return text.length <= MEMBER_TEXT_LENGTH ? text : `${text.slice(0, MEMBER_TEXT_LENGTH).toWellFormed()}\n# cut here\n`
}
