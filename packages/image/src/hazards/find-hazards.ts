import type { ReadImage } from '../diff/read-image.ts'
import type { FileChange, Hazard, ImageDiff } from '../types.ts'
import { defaultHazardRules } from './default-rules.ts'
import { factOf } from './facts.ts'
import { EVIDENCE_SHOWN } from './limits.ts'
import type { Crossing, HazardRule } from './rule.ts'
import type { Sides } from './sides.ts'

/**
 * The hazards of a move from one image to another, in the order of the rules: those of the distribution first, then those that are shipped
 * and that it does not replace by a rule of the same id.
 */
export function findHazards(sides: Sides, files: readonly FileChange[], own: readonly HazardRule[]): Hazard[] {
  return rulesWith(own).flatMap((rule): Hazard[] => {
    const crossed = [...new Set(rule.crosses.flatMap((crossing) => crossingsOf(crossing, sides.before, sides.after)))]
    const { brought, present } = rule.fact === undefined ? NOTHING : factOf(rule.fact, { sides, files, rule })
    // A lasting weakness becomes a hazard when the ground under it moves; a rule that knows no ground waits for a new one.
    const facts = rule.crosses.length > 0 && crossed.length > 0 && present.length > 0 ? present : brought
    const needsBoth = rule.fact !== undefined && STATES.has(rule.fact)
    return hazardOf(rule, needsBoth && facts.length === 0 ? [] : [...crossed, ...facts])
  })
}

/** Packages alone, of an image that is not composed. */
export type PackageSide = Pick<ReadImage, 'packages' | 'format'>

/** The hazards that two sets of packages tell by themselves, before their images are there: the versions that rules cross. */
export function packageHazards(before: PackageSide, after: PackageSide, own: readonly HazardRule[]): Hazard[] {
  return rulesWith(own).flatMap((rule) => {
    if (rule.fact !== undefined && STATES.has(rule.fact)) return []
    return hazardOf(rule, [...new Set(rule.crosses.flatMap((crossing) => crossingsOf(crossing, before, after)))])
  })
}

function rulesWith(own: readonly HazardRule[]): HazardRule[] {
  return [...own, ...defaultHazardRules.filter(({ id }) => !own.some((rule) => rule.id === id))]
}

function hazardOf({ id, title, happens, todo }: HazardRule, evidence: readonly string[]): Hazard[] {
  if (evidence.length === 0) return []
  const more = evidence.length - EVIDENCE_SHOWN
  return [{ id, title, happens, todo, evidence: evidence.slice(0, EVIDENCE_SHOWN), ...(more > 0 ? { more } : {}) }]
}

const NOTHING = { brought: [], present: [] } as const
/** Facts without which a crossing means nothing. */
const STATES: ReadonlySet<string> = new Set(['bond-without-mac', 'bridge-over-1023-ports', 'nfs-tcp-default-retries'])

/** The hazards of a diff that nobody has named yet: while there is one, it cannot be approved. */
export function unnamedHazards(diff: Pick<ImageDiff, 'hazards'>, named: readonly string[]): Hazard[] {
  return diff.hazards.filter(({ id }) => !named.includes(id))
}

/** What crosses: `glibc 2.36-9 becomes 2.41-1`. By source, or by name where no package of that source is on both sides. */
function crossingsOf(crossing: Crossing, before: PackageSide, after: PackageSide): string[] {
  const { compareVersions, name: format } = after.format
  if (crossing.formats && !crossing.formats.includes(format)) return []
  return crossing.packages.flatMap((name) => {
    const [old, next] = [newest(before, name), newest(after, name)]
    if (old === undefined || next === undefined || old === next) return []
    const { series, at } = crossing
    const bySeries = series !== undefined && seriesOf(old, series) !== seriesOf(next, series)
    const byVersion = at !== undefined && isBelow(old, at) !== isBelow(next, at)
    return bySeries || byVersion ? [`${name} ${old} becomes ${next}`] : []
  })

  /** Epochs are the packagers' own: `at` names what upstream calls it. */
  function isBelow(version: string, at: string): boolean {
    return compareVersions(version.replace(/^\d+:/, ''), at) < 0
  }
}

function newest({ packages, format }: PackageSide, name: string): string | undefined {
  return packages
    .flatMap((item) => (item.source === name ? [item.sourceVersion] : item.name === name ? [item.version] : []))
    .sort(format.compareVersions)
    .at(-1)
}

/** The first numbers of the upstream version: `1:2.36-9+deb12u1` → `2.36`. */
function seriesOf(version: string, numbers: number): string {
  const upstream = version.replace(/^\d+:/, '').replace(/-[^-]*$/, '')
  return upstream.match(/\d+/g)?.slice(0, numbers).join('.') ?? upstream
}
