/** Numbers that readers stumble over, as text. */
const NUMBERS = [
  '0',
  '-1',
  '1',
  '255',
  '65536',
  '2147483647',
  '4294967296',
  '9007199254740993',
  '18446744073709551616',
  '9'.repeat(30),
  '1e9',
  '',
]
/** And as bytes of a field. */
const FIELDS = [0, 1, 0x7f, 0x80, 0xff]
/** What separates and nests in the formats that are read. */
const TOKENS = [
  '\n',
  '\r\n',
  '\0',
  ' ',
  '\t',
  ':',
  ';',
  ',',
  '|',
  '(',
  ')',
  '<',
  '>',
  '[',
  ']',
  '=',
  '/',
  '../',
  '&lt;',
  '&',
  '<!--',
  '-->',
  '<?',
  ']]>',
  '%',
  '-',
  '~',
  '_',
  '^',
  'é',
  '\u{10ffff}',
  '\ufeff',
  '-----BEGIN PGP SIGNED MESSAGE-----\n',
]

/** A source of numbers below a bound, the same for the same seed. */
export type Random = (bound: number) => number

/** The mulberry32 generator: small and even enough to choose places and bytes. */
export function randomFrom(seed: number): Random {
  let state = seed >>> 0
  return (bound) => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * bound)
  }
}

/** Bytes that a repeated or spliced case may grow to. */
const CASE_BYTES = 4 * 1024 * 1024

/** One to four changes to a sample, chosen by `random`. The other samples are there to be spliced in. */
export function mutate(sample: Buffer, others: readonly Buffer[], random: Random): Buffer {
  let bytes: Buffer = Buffer.from(sample)
  for (let changes = 1 + random(4); changes > 0; changes--) {
    const change = CHANGES[random(CHANGES.length)]
    if (change) bytes = change(bytes, others, random)
  }
  return bytes.length > CASE_BYTES ? bytes.subarray(0, CASE_BYTES) : bytes
}

type Change = (bytes: Buffer, others: readonly Buffer[], random: Random) => Buffer

const CHANGES: readonly Change[] = [
  function flip(bytes, _others, random) {
    const at = random(bytes.length)
    if (at < bytes.length) bytes[at] = (bytes[at] ?? 0) ^ (1 << random(8))
    return bytes
  },
  function overwrite(bytes, _others, random) {
    const at = random(bytes.length)
    const length = 1 + random(4)
    for (let index = at; index < at + length && index < bytes.length; index++) bytes[index] = random(256)
    return bytes
  },
  function field(bytes, _others, random) {
    const at = random(bytes.length)
    bytes.fill(FIELDS[random(FIELDS.length)] ?? 0, at, Math.min(bytes.length, at + 2 ** random(4)))
    return bytes
  },
  function cut(bytes, _others, random) {
    return bytes.subarray(0, random(bytes.length + 1))
  },
  function remove(bytes, _others, random) {
    const [begin, end] = range(bytes, random)
    return Buffer.concat([bytes.subarray(0, begin), bytes.subarray(end)])
  },
  function repeat(bytes, _others, random) {
    const [begin, end] = range(bytes, random)
    const times = Math.min([2, 3, 20, 1000][random(4)] ?? 2, Math.ceil(CASE_BYTES / (end - begin + 1)))
    const part = bytes.subarray(begin, end)
    return Buffer.concat([bytes.subarray(0, end), ...Array.from({ length: times }, () => part), bytes.subarray(end)])
  },
  function splice(bytes, others, random) {
    const other = others[random(others.length)] ?? bytes
    const [begin, end] = range(other, random)
    const at = random(bytes.length + 1)
    return Buffer.concat([
      bytes.subarray(0, at),
      other.subarray(begin, end),
      bytes.subarray(random(2) === 0 ? at : Math.min(bytes.length, at + end - begin)),
    ])
  },
  function token(bytes, _others, random) {
    const at = random(bytes.length + 1)
    return Buffer.concat([bytes.subarray(0, at), Buffer.from(TOKENS[random(TOKENS.length)] ?? ''), bytes.subarray(at)])
  },
  function number(bytes, _others, random) {
    // The next run of digits behind a place becomes another number.
    const isDigit = (at: number) => (bytes[at] ?? 0) >= 0x30 && (bytes[at] ?? 0) <= 0x39
    let begin = random(bytes.length)
    while (begin < bytes.length && !isDigit(begin)) begin++
    let end = begin
    while (end < bytes.length && isDigit(end)) end++
    const value = Buffer.from(NUMBERS[random(NUMBERS.length)] ?? '')
    // In a field of fixed width it stays as long as it was.
    const fitted =
      random(2) === 0 ? value : Buffer.concat([value, Buffer.alloc(end - begin, '9')]).subarray(0, end - begin)
    return Buffer.concat([bytes.subarray(0, begin), fitted, bytes.subarray(end)])
  },
  function swap(bytes, _others, random) {
    const [begin, end] = range(bytes, random)
    const middle = begin + random(end - begin + 1)
    return Buffer.concat([
      bytes.subarray(0, begin),
      bytes.subarray(middle, end),
      bytes.subarray(begin, middle),
      bytes.subarray(end),
    ])
  },
]

/** A range of bytes, more often a short one. */
function range(bytes: Buffer, random: Random): [begin: number, end: number] {
  const begin = random(bytes.length + 1)
  const longest = random(3) === 0 ? bytes.length - begin : Math.min(64, bytes.length - begin)
  return [begin, begin + random(longest + 1)]
}
