import { Buffer } from 'node:buffer'
import { CAPABILITY_NAMES } from '../capability-names.ts'

/** File capabilities as text (cap_to_text(3)), as rpm's FILECAPS has them, and as the kernel stores them in `security.capability`. */
export const CAPABILITY_XATTR = 'security.capability'

const NAMES = CAPABILITY_NAMES.map((name) => `cap_${name}`)

const REVISION_2 = 0x02000000
const EFFECTIVE = 1

/** The attribute's bytes for a text such as `cap_net_raw,cap_net_admin=ep`; undefined where it does not parse. */
export function capabilityBytes(text: string): Buffer | undefined {
  const sets = { e: 0n, i: 0n, p: 0n }
  for (const clause of text.trim().split(/\s+/)) {
    const match = /^([a-z0-9_,]*)((?:[=+-][eip]*)+)$/.exec(clause)
    if (!match) return undefined
    const mask = maskOf(match[1] ?? '')
    if (mask === undefined) return undefined
    for (const [, operator, flags = ''] of (match[2] ?? '').matchAll(/([=+-])([eip]*)/g))
      for (const flag of ['e', 'i', 'p'] as const) {
        if (operator === '=') sets[flag] &= ~mask
        if (!flags.includes(flag)) continue
        sets[flag] = operator === '-' ? sets[flag] & ~mask : sets[flag] | mask
      }
  }
  const bytes = Buffer.alloc(20)
  bytes.writeUInt32LE((REVISION_2 | (sets.e === 0n ? 0 : EFFECTIVE)) >>> 0, 0)
  for (const half of [0, 1]) {
    bytes.writeUInt32LE(Number((sets.p >> BigInt(32 * half)) & 0xffffffffn), 4 + 8 * half)
    bytes.writeUInt32LE(Number((sets.i >> BigInt(32 * half)) & 0xffffffffn), 8 + 8 * half)
  }
  return bytes
}

/** The text of the attribute's bytes; undefined for a revision other than 2 or an unknown capability. */
export function capabilityText(bytes: Buffer): string | undefined {
  if (bytes.length !== 20) return undefined
  const magic = bytes.readUInt32LE(0)
  if ((magic & 0xff000000) >>> 0 !== REVISION_2) return undefined
  const word = (at: number) => BigInt(bytes.readUInt32LE(at)) | (BigInt(bytes.readUInt32LE(at + 8)) << 32n)
  const permitted = word(4)
  const inheritable = word(8)
  const byFlags = new Map<string, string[]>()
  for (let number = 0; number < 64; number++) {
    const bit = 1n << BigInt(number)
    const inP = (permitted & bit) !== 0n
    const inI = (inheritable & bit) !== 0n
    if (!inP && !inI) continue
    const name = NAMES[number]
    if (name === undefined) return undefined
    const flags = `${magic & EFFECTIVE ? 'e' : ''}${inI ? 'i' : ''}${inP ? 'p' : ''}`
    byFlags.set(flags, [...(byFlags.get(flags) ?? []), name])
  }
  const text = [...byFlags].map(([flags, names]) => `${names.join(',')}=${flags}`).join(' ')
  return text === '' ? '=' : text
}

function maskOf(names: string): bigint | undefined {
  if (names === '' || names === 'all') return (1n << BigInt(NAMES.length)) - 1n
  let mask = 0n
  for (const name of names.split(',')) {
    const number = NAMES.indexOf(name)
    if (number < 0) return undefined
    mask |= 1n << BigInt(number)
  }
  return mask
}
