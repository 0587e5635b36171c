import { fail } from './errors.ts'
import { CHANNEL_NAME_LENGTH } from './limits.ts'

/** The roles whose keys the root file names (TUF 1.0 §2.1). */
export const TOP_ROLES = ['root', 'targets', 'snapshot', 'timestamp'] as const
export type TopRole = (typeof TOP_ROLES)[number]

/** The role that signs one channel's statements, delegated to by `targets`. */
export type ChannelRole = `channel-${string}`
export type RoleName = TopRole | ChannelRole

const CHANNEL_NAME = /^[a-z0-9][a-z0-9+.-]*$/

/** A channel's name becomes part of file names and role names: lower-case letters, digits, `+`, `.` and `-`. @throws CHANNEL_UNKNOWN */
export function channelRole(channel: string): ChannelRole {
  if (!CHANNEL_NAME.test(channel) || channel.length > CHANNEL_NAME_LENGTH)
    throw fail('CHANNEL_UNKNOWN', { what: `${JSON.stringify(channel.slice(0, 80))} is no channel's name` })
  return `channel-${channel}`
}

/** A role by its name: `root`, `channel-web`. @throws CHANNEL_UNKNOWN */
export function roleOf(name: string): RoleName {
  return TOP_ROLES.find((role) => role === name) ?? channelRole(/^channel-(.*)$/s.exec(name)?.[1] ?? name)
}

/** The name under which a channel's statement is a TUF target. */
export function targetPath(channel: string): string {
  return `channels/${channel}.json`
}

/** Where a target's file lies below the site (consistent snapshots, TUF 1.0 §6.2). */
export function targetFile(channel: string, sha256: string): string {
  return `channels/${sha256}.${channel}.json`
}

/** Where a version of a role's metadata lies below the site; the timestamp has no version in its name (§6.2). */
export function metadataFile(role: string, version: number): string {
  return role === 'timestamp' ? TIMESTAMP_FILE : `trust/${version}.${role}.json`
}

export const TIMESTAMP_FILE = 'trust/timestamp.json'
