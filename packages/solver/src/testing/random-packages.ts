/** What a random package says of itself. Relations stand in the words of its format. */
export interface RandomPackage {
  readonly name: string
  readonly version: string
  /** Which of the repositories offers it, from 0. */
  readonly repository: number
  readonly requires: readonly string[]
  readonly provides: readonly string[]
  readonly conflicts: readonly string[]
  /** rpm Obsoletes, alpm replaces. */
  readonly obsoletes: readonly string[]
  readonly recommends: readonly string[]
  readonly supplements: readonly string[]
  readonly files: readonly string[]
  readonly groups: readonly string[]
}

export interface RandomRequest {
  readonly install: readonly string[]
  readonly recommends?: true
  readonly exclude?: readonly string[]
}

/** Numbers that look random and are the same for the same seed: SplitMix32 (Steele, Lea, Flood 2014, with 32 bits). */
function randomFrom(seed: number) {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x9e3779b9) >>> 0
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad)
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97)
    return (mixed ^ (mixed >>> 15)) >>> 0
  }
  /** From 0, below `limit`. */
  const below = (limit: number) => next() % limit
  return {
    below,
    chance: (percent: number) => below(100) < percent,
    /** `most` times at most, rarely all. */
    some: <T>(most: number, make: () => T): T[] => Array.from({ length: below(below(most + 1) + 1) }, make),
    pick: <T>(items: readonly [T, ...T[]]): T => items[below(items.length)] ?? items[0],
  }
}

const NAMES = 75
const CAPABILITIES = 12
const TOOLS = 10

const OPERATORS = ['>=', '>=', '=', '<', '<=', '>'] as const

/**
 * Packages of rpm, names p0 to p74 in one to three versions each. A package mostly needs what has a higher number, so that there are long chains and
 * now and then a ring.
 */
export function randomRpms(seed: number): RandomPackage[] {
  const random = randomFrom(seed)
  const { below, chance, some, pick } = random
  const name = (from: number) => (chance(88) ? `p${from + below(NAMES - from)}` : `p${below(NAMES)}`)
  const version = () => String(1 + below(3))
  const plain = (from: number) => {
    if (chance(18)) return `cap${below(CAPABILITIES)}${chance(50) ? ` ${pick(OPERATORS)} ${version()}` : ''}`
    if (chance(12)) return chance(70) ? `/usr/bin/tool${below(TOOLS)}` : `/opt/tools/tool${below(TOOLS)}`
    return `${name(from)}${chance(30) ? ` ${pick(OPERATORS)} ${version()}` : ''}`
  }
  const need = (from: number) => {
    if (chance(80)) return plain(from)
    const [one, other] = [name(from), name(from)]
    const capability = `cap${below(CAPABILITIES)}`
    return pick([
      `(${plain(from)} or ${plain(from)})`,
      `(${one} if ${other})`,
      `(${one} if ${other} else ${name(from)})`,
      `(${capability} >= 1 with ${capability} < 3)`,
      `(${capability} without ${one})`,
      `(${one} and ${other})`,
    ])
  }
  return Array.from({ length: NAMES }, (_, number) =>
    Array.from({ length: 1 + below(3) }, (__, at): RandomPackage => {
      const own = `p${number}`
      const other = () => {
        const found = name(0)
        return found === own ? `p${(number + 1) % NAMES}` : found
      }
      return {
        name: own,
        version: `${at + 1}-1`,
        repository: 0,
        requires: some(4, () => need(number)),
        provides: some(3, () => `cap${below(CAPABILITIES)}${chance(70) ? ` = ${version()}` : ''}`),
        conflicts: chance(10) ? [`${other()}${chance(50) ? ` ${pick(OPERATORS)} ${version()}` : ''}`] : [],
        obsoletes: chance(5) ? [`${other()}${chance(60) ? ` < ${version()}` : ''}`] : [],
        recommends: chance(25) ? [name(number)] : [],
        supplements: chance(8) ? [other()] : [],
        files: [
          ...(chance(20) ? [`/usr/bin/tool${below(TOOLS)}`] : []),
          ...(chance(10) ? [`/opt/tools/tool${below(TOOLS)}`] : []),
        ],
        groups: [],
      }
    }),
  ).flat()
}

/** Packages of pacman in two repositories, the first with the higher priority: each name once in a repository. */
export function randomAlpms(seed: number): RandomPackage[] {
  const { below, chance, some, pick } = randomFrom(seed)
  const name = (from: number) => (chance(88) ? `p${from + below(NAMES - from)}` : `p${below(NAMES)}`)
  const version = () => String(1 + below(3))
  const need = (from: number) => {
    if (chance(15)) return `cap${below(CAPABILITIES)}${chance(40) ? `${pick(OPERATORS)}${version()}` : ''}`
    return `${name(from)}${chance(15) ? `>=${version()}` : ''}`
  }
  return Array.from({ length: NAMES }, (_, number) => {
    const first = 1 + below(3)
    // Never the same version in both: by name and version pacman takes the first repository's.
    const versions = [first, 1 + ((first + below(2)) % 3)]
    return versions.flatMap((own, repository): RandomPackage[] => {
      if (chance(15)) return []
      return [
        {
          name: `p${number}`,
          version: `${own}-1`,
          repository,
          requires: some(4, () => need(number)),
          provides: some(3, () => `cap${below(CAPABILITIES)}${chance(70) ? `=${version()}` : ''}`),
          conflicts: chance(8)
            ? [
                chance(40)
                  ? `cap${below(CAPABILITIES)}`
                  : `${name(0)}${chance(40) ? `${pick(OPERATORS)}${version()}` : ''}`,
              ]
            : [],
          obsoletes: chance(5) ? [name(0)] : [],
          recommends: [],
          supplements: [],
          files: [],
          groups: chance(12) ? [pick(['tools', 'base-devel'])] : [],
        },
      ]
    })
  }).flat()
}

/** Requests for packages of these names and what else they offer. */
export function randomRequests(
  seed: number,
  count: number,
  options: { readonly packages: readonly RandomPackage[]; readonly format: 'rpm' | 'alpm' },
): RandomRequest[] {
  const { below, chance, pick } = randomFrom(seed)
  const { packages, format } = options
  const any = () => packages[below(packages.length)]
  const wanted = (): string => {
    const found = any()
    if (!found) return 'p0'
    if (chance(15)) return `${found.name}=${found.version}`
    if (chance(10)) return `cap${below(CAPABILITIES)}`
    if (format === 'rpm' && chance(8)) return `/usr/bin/tool${below(TOOLS)}`
    return format === 'alpm' && chance(6) ? `@${pick(['tools', 'base-devel'])}` : found.name
  }
  return Array.from({ length: count }, (_, at): RandomRequest => {
    const install = [...new Set(Array.from({ length: 1 + below(5) }, wanted))]
    const excluded = any()?.name
    return {
      install,
      ...(format === 'rpm' && at % 4 === 3 ? { recommends: true as const } : {}),
      ...(format === 'rpm' && at % 6 === 5 && excluded !== undefined && !install.some((one) => one.startsWith(excluded))
        ? { exclude: [excluded] }
        : {}),
    }
  })
}
