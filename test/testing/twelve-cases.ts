import fc from 'fast-check'

/** The machines that mirrors run on. */
export const KINDS = {
  near: {},
  lossy: { lossPercent: 10 },
  slow: { rate: '4mbit' },
  far: { delayMs: 60 },
  // Their speed is bounded, so that what they had sent when they died has not all arrived at once.
  killed: { rate: '40mbit', dies: { after: 1_000_000, by: 'kill' } },
  unplugged: { rate: '40mbit', dies: { after: 1_000_000, by: 'unplug' } },
  // Redirects lead to a mirror that has all of the site.
  rogue: { elsewhere: 'http://10.79.0.1/honest.elsewhere/' },
} as const

export type HostName = keyof typeof KINDS
/** A mirror: its machine, and how it behaves (`mirror-process.ts`). */
export type Place = readonly [host: HostName, role: string]

/** One node, the mirrors it has, and how it ends. */
export interface Case {
  readonly name: string
  /** What the node has when it begins. */
  readonly has: 'nothing' | 'first' | 'second'
  readonly mirrors: readonly Place[]
  /** Bytes a second that the node thinks its mirrors serve; the first ones seem the best unless these say otherwise. */
  readonly rates?: readonly number[]
  /** The code it ends with; it ends in the second image without one. */
  readonly code?: string
  readonly says?: RegExp
}

/** The twelve. */
export const CASES: readonly Case[] = [
  { name: 'loses a tenth of all packets', has: 'nothing', mirrors: [['lossy', 'honest']] },
  {
    name: 'has a mirror that became slow',
    has: 'nothing',
    rates: [10_000_000, 4_000_000],
    mirrors: [
      ['slow', 'honest'],
      ['far', 'honest'],
    ],
  },
  {
    name: 'has one mirror that gives byte by byte, and others that are far and lossy',
    has: 'first',
    mirrors: [
      ['rogue', 'trickle'],
      ['far', 'honest'],
      ['lossy', 'honest'],
    ],
  },
  {
    name: 'has mirrors that break off, and are busy every other time',
    has: 'nothing',
    mirrors: [
      ['near', 'truncate'],
      ['near', 'busy'],
    ],
  },
  {
    name: 'has mirrors that change bytes and swap objects before an honest one',
    has: 'nothing',
    mirrors: [
      ['rogue', 'tamper'],
      ['rogue', 'swap'],
      ['near', 'honest'],
    ],
  },
  {
    name: 'has a quick mirror that replays the last state, one that never ends to be silent, and the newest far off',
    has: 'first',
    mirrors: [
      ['rogue', 'old'],
      ['rogue', 'silent'],
      ['far', 'honest'],
    ],
  },
  {
    name: 'has nothing but a replay of what it has left',
    has: 'second',
    mirrors: [['rogue', 'old']],
    code: 'METADATA_ROLLBACK',
    says: /timestamp/,
  },
  {
    name: 'has nothing but an old state that has expired, and a redirect',
    has: 'nothing',
    mirrors: [
      ['rogue', 'expired'],
      ['rogue', 'redirect'],
    ],
    code: 'METADATA_EXPIRED',
    says: /timestamp/,
  },
  {
    name: 'has bodies without end, forged metadata with high numbers, and a lossy server without ranges',
    has: 'nothing',
    mirrors: [
      ['rogue', 'endless'],
      ['rogue', 'forged'],
      ['rogue', 'endless-objects'],
      ['lossy', 'no-ranges'],
    ],
  },
  {
    name: 'has mirrors that die in the middle of a file',
    has: 'nothing',
    mirrors: [
      ['killed', 'honest'],
      ['unplugged', 'honest'],
      ['far', 'honest'],
    ],
  },
  {
    name: 'has nothing but mirrors that change bytes and swap objects',
    has: 'first',
    mirrors: [
      ['rogue', 'tamper'],
      ['rogue', 'swap'],
    ],
    code: 'AGENT_OBJECT_CORRUPT',
    says: /wrong bytes/,
  },
  {
    name: 'has nothing but redirects to elsewhere',
    has: 'nothing',
    mirrors: [['rogue', 'redirect']],
    code: 'AGENT_SITE_UNREACHABLE',
    says: /answered 302: redirects are not followed/,
  },
]

/** Those that alone bring a node to the image. */
const ABLE = ['honest', 'truncate', 'busy', 'no-ranges']
const UNABLE = [
  ...['dies', 'tamper', 'swap', 'torn', 'stall', 'silent', 'trickle', 'endless', 'endless-objects'],
  ...['redirect', 'redirect-objects', 'old', 'expired', 'forged'],
]
/** The codes by which a node may say why it did not get there. */
export const REASONS =
  /^(?:METADATA_[A-Z_]+|ROOT_CHAIN_TOO_LONG|AGENT_SITE_UNREACHABLE|AGENT_OBJECT_CORRUPT|AGENT_OBJECT_MISSING)$/

const place: fc.Arbitrary<Place> = fc.tuple(
  fc.constantFrom<HostName[]>('near', 'lossy', 'slow', 'far'),
  fc.oneof({ weight: 1, arbitrary: fc.constantFrom(...ABLE) }, { weight: 2, arbitrary: fc.constantFrom(...UNABLE) }),
)
/** One of them alone brings a node to the image. */
export const isAble = (places: readonly Place[]) => places.some(([, role]) => ABLE.includes(role))
const places = fc.array(place, { minLength: 1, maxLength: 3 }).map((list): readonly Place[] =>
  // Alone they are waited for as long as the agent waits for anything.
  isAble(list) ? list : list.map(([host, role]) => [host, /silent|stall|trickle/.test(role) ? 'torn' : role]),
)
/** Mirrors for each node. */
export const round = fc.array(places, { minLength: CASES.length, maxLength: CASES.length })
