import { CAPABILITY_NAMES } from '@holotype/formats/capability-names'

/** Bytes of `struct vfs_cap_data` by its revision (linux/capability.h, VFS_CAP_REVISION_1 to 3). */
const SIZES: Readonly<Record<number, number>> = { 1: 12, 2: 20, 3: 24 }

/**
 * File capabilities as getcap(8) writes them: `cap_net_raw=ep`, several sets separated by a space, `[rootid=N]` after those of a user
 * namespace. An attribute of unknown form is given as `unknown (HEX)`: it must not pass for none.
 * @param value the `security.capability` attribute in base64
 */
export function decodeCapabilities(value: string): string {
  const bytes = Buffer.from(value, 'base64')
  const revision = bytes[3] ?? 0
  if (bytes.length < 4 || bytes.length !== SIZES[revision]) return `unknown (${bytes.toString('hex').slice(0, 64)})`
  const effective = (bytes.readUInt32LE(0) & 1) === 1
  const permitted = setOf(bytes, 4, revision)
  const inheritable = setOf(bytes, 8, revision)
  const byFlags = new Map<string, string[]>()
  for (let number = 0; number < 64; number++) {
    const has = (set: bigint) => ((set >> BigInt(number)) & 1n) === 1n
    const [p, i] = [has(permitted), has(inheritable)]
    if (!p && !i) continue
    const flags = `${effective ? 'e' : ''}${i ? 'i' : ''}${p ? 'p' : ''}`
    byFlags.set(flags, [...(byFlags.get(flags) ?? []), `cap_${CAPABILITY_NAMES[number] ?? number}`])
  }
  const sets = [...byFlags].map(([flags, names]) => `${names.join(',')}=${flags}`).join(' ') || '='
  return revision === 3 ? `${sets} [rootid=${bytes.readUInt32LE(20)}]` : sets
}

function setOf(bytes: Buffer, offset: number, revision: number): bigint {
  const low = BigInt(bytes.readUInt32LE(offset))
  return revision === 1 ? low : low | (BigInt(bytes.readUInt32LE(offset + 8)) << 32n)
}
