import { type Complain, ENTRY_BYTES, type Header, HEADER_MAGIC, parseHeader, TYPE } from '../header.ts'
import { filesOfHeader, FILE_FLAGS } from '../package-files.ts'
import { HEADERIMMUTABLE, SIGNATURE_TAGS, TAGS } from '../tags.ts'

/** What an installation adds to a package's header. */
export interface Installation {
  /** Seconds since the epoch; also the number of the transaction. */
  readonly time: number
  /** The transaction's colours: 3 where 32 and 64 bit libraries may lie side by side, else 0. */
  readonly color: number
  /** Whether a file, by its path without a leading slash, was installed; ghosts are not asked for. */
  readonly isInstalled: (path: string) => boolean
}

/** Tags of the signature header that have another number in a database (rpm's lib/headerutil or package.c, `headerMergeLegacySigs`). */
const MERGED: ReadonlyMap<number, number> = new Map([
  [SIGNATURE_TAGS.SIZE, 257],
  [SIGNATURE_TAGS.PGP, 259],
  [SIGNATURE_TAGS.MD5, 261],
  [SIGNATURE_TAGS.GPG, 262],
  [SIGNATURE_TAGS.PAYLOADSIZE, TAGS.ARCHIVESIZE.number],
  [SIGNATURE_TAGS.FILESIGNATURES, TAGS.FILESIGNATURES.number],
  [275, TAGS.FILESIGNATURELENGTH.number],
])

/** `RPMFILE_STATE_NORMAL`, `RPMFILE_STATE_NOTINSTALLED`. */
const STATES = { normal: 0, notInstalled: 2 } as const

const WIDTHS: readonly number[] = [0, 1, 1, 2, 4, 8, 1, 1, 1, 1]

interface Added {
  readonly tag: number
  readonly type: number
  readonly count: number
  readonly bytes: Buffer
}

/**
 * The header of an installed package as rpm's database stores it: without its magic, the region of the package's own header untouched, so that
 * its digests and signatures still hold, and behind it what the signature header said and what the installation adds.
 * @throws what `complain` makes: a header without such a region is of an rpm of before 4.0
 */
export function installedHeader(
  { header, signature }: { readonly header: Buffer; readonly signature: Buffer },
  installation: Installation,
  complain: Complain,
): Buffer {
  const parsed = parseHeader(header, { complain })
  const start = HEADER_MAGIC.length
  const entries = header.readUInt32BE(start)
  const dataBytes = header.readUInt32BE(start + 4)
  if (header.readUInt32BE(start + 8) !== HEADERIMMUTABLE) throw complain('its header has no immutable region')
  const added = [
    ...mergedSignature(parseHeader(signature, { complain })),
    ...installationTags(parsed, installation),
  ].sort((a, b) => a.tag - b.tag)
  const index = Buffer.alloc(added.length * ENTRY_BYTES)
  const data: Buffer[] = []
  let end = dataBytes
  for (const [i, { tag, type, count, bytes }] of added.entries()) {
    const padding = -end & ((WIDTHS[type] ?? 1) - 1)
    end += padding
    for (const [field, value] of [tag, type, end, count].entries())
      index.writeUInt32BE(value, i * ENTRY_BYTES + field * 4)
    data.push(Buffer.alloc(padding), bytes)
    end += bytes.length
  }
  const intro = Buffer.alloc(8)
  intro.writeUInt32BE(entries + added.length, 0)
  intro.writeUInt32BE(end, 4)
  const dataStart = start + 8 + entries * ENTRY_BYTES
  return Buffer.concat([
    intro,
    header.subarray(start + 8, dataStart),
    index,
    header.subarray(dataStart, dataStart + dataBytes),
    ...data,
  ])
}

function mergedSignature({ tags, raw }: Header): Added[] {
  return tags.flatMap((tag): Added[] => {
    const type = raw.type(tag) ?? 0
    // From 1000 on the tags of a signature mean other things; of those that follow the regions all but the reserved space are taken over.
    const number = MERGED.get(tag) ?? (tag < SIGNATURE_TAGS.RESERVED ? tag : undefined)
    if (number === undefined) return []
    if (type === TYPE.bin) return [added(number, type, raw.binary(tag) ?? Buffer.alloc(0))]
    if (type === TYPE.int32 || type === TYPE.int64) return [integers(number, type, raw.numbers(tag))]
    const values = raw.strings(tag)
    return [
      { tag: number, type, count: values.length, bytes: Buffer.from(values.map((value) => `${value}\0`).join('')) },
    ]
  })
}

function installationTags(header: Header, { time, color, isInstalled }: Installation): Added[] {
  const states = filesOfHeader(header).map(({ entry, flags }) =>
    (flags & FILE_FLAGS.GHOST) !== 0 || isInstalled(entry.path) ? STATES.normal : STATES.notInstalled,
  )
  return [
    integers(TAGS.INSTALLTIME.number, TYPE.int32, [time]),
    ...(states.length > 0 ? [added(TAGS.FILESTATES.number, TYPE.char, Buffer.from(states))] : []),
    integers(TAGS.INSTALLCOLOR.number, TYPE.int32, [color]),
    integers(TAGS.INSTALLTID.number, TYPE.int32, [time]),
  ]
}

function added(tag: number, type: number, bytes: Buffer): Added {
  return { tag, type, count: bytes.length, bytes }
}

function integers(tag: number, type: number, values: readonly number[]): Added {
  const width = WIDTHS[type] ?? 4
  const bytes = Buffer.alloc(values.length * width)
  for (const [i, value] of values.entries())
    if (width === 8) bytes.writeBigUInt64BE(BigInt(value), i * 8)
    else bytes.writeUInt32BE(value, i * 4)
  return { tag, type, count: values.length, bytes }
}
