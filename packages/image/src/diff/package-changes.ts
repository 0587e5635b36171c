import { compareText } from '@holotype/base'
import type { ChangelogEntry, PackageChange } from '../types.ts'
import { type Changelogs, cvesIn } from './changelogs.ts'
import { CHANGELOG_ENTRIES, CHANGELOG_ENTRY_LENGTH, CHANGELOG_TOTAL_LENGTH } from './limits.ts'
import { type BarePackageChange, packageConcerns } from './package-risk.ts'
import type { ImagePackage, ReadImage } from './read-image.ts'
import { type Concern, compareRisk, weigh } from './risk.ts'

interface Side {
  readonly image: ReadImage
  readonly changelogs: Changelogs
}

/**
 * Every package that differs between two images, highest risk first, with the changelog between its versions and the CVEs it names.
 * @param ofFiles what the files of a package (by name) weigh on it
 */
export function packageChanges(
  before: Side,
  after: Side,
  ofFiles: (name: string) => readonly Concern[],
): PackageChange[] {
  const changes = pairs(before.image.packages, after.image.packages).flatMap(([old, next]) => {
    const change = kindOf(before.image, old, next)
    return change === undefined ? [] : [packageChange(before, after, { old, next, change }, ofFiles)]
  })
  changes.sort(
    (a, b) => compareRisk(a.risk, b.risk) || compareText(a.name, b.name) || compareText(a.architecture, b.architecture),
  )
  return withChangelogOncePerSource(changes)
}

type Pair = readonly [old: ImagePackage | undefined, next: ImagePackage | undefined]

/** Which package became which: by name and architecture, or by name alone where each side has but one of the name. */
function pairs(before: readonly ImagePackage[], after: readonly ImagePackage[]): Pair[] {
  const [oldByName, newByName] = [Map.groupBy(before, nameOf), Map.groupBy(after, nameOf)]
  const names = [...new Set([...oldByName.keys(), ...newByName.keys()])].sort(compareText)
  return names.flatMap((name): Pair[] => {
    const [olds, news] = [oldByName.get(name) ?? [], newByName.get(name) ?? []]
    if (olds.length === 1 && news.length === 1) return [[olds[0], news[0]]]
    const architectures = new Set([...olds, ...news].map(({ architecture }) => architecture))
    return [...architectures].sort(compareText).map((architecture) => {
      const isOf = (item: ImagePackage) => item.architecture === architecture
      return [olds.find(isOf), news.find(isOf)]
    })
  })
}

function nameOf({ name }: ImagePackage): string {
  return name
}

function kindOf(image: ReadImage, old: Pair[0], next: Pair[1]): PackageChange['change'] | undefined {
  if (!next) return 'removed'
  if (!old) return 'added'
  const order = image.format.compareVersions(old.version, next.version)
  if (order !== 0) return order < 0 ? 'upgraded' : 'downgraded'
  return old.file === next.file ? undefined : 'rebuilt'
}

interface Changed {
  readonly old: Pair[0]
  readonly next: Pair[1]
  readonly change: PackageChange['change']
}

function packageChange(
  before: Side,
  after: Side,
  { old, next, change }: Changed,
  ofFiles: (name: string) => readonly Concern[],
): PackageChange {
  const shown = next ?? old
  const between = old && next ? entriesBetween(before, after, old, next) : []
  const bare: BarePackageChange = {
    kind: 'package',
    change,
    name: shown?.name ?? '',
    source: shown?.source ?? '',
    architecture: shown?.architecture ?? '',
    ...(old ? { from: old.version } : {}),
    ...(next ? { to: next.version } : {}),
    cves: cvesIn(between.map(({ text }) => text)),
  }
  const uploads = {
    distributions: between.map(({ distribution }) => distribution),
    urgencies: between.map(({ urgency }) => urgency),
  }
  const concerns = [...packageConcerns(bare, uploads), ...ofFiles(bare.name)]
  return { ...bare, ...weigh(concerns), changelog: between.slice(0, CHANGELOG_ENTRIES).map(shortened) }
}

/** What lies between the two versions, newest first; of a downgrade, what is undone. */
function entriesBetween(before: Side, after: Side, old: ImagePackage, next: ImagePackage): readonly ChangelogEntry[] {
  const { compareVersions } = after.image.format
  const forward = compareVersions(old.version, next.version) <= 0
  const [low, high] = forward
    ? [changelogVersion(old), changelogVersion(next)]
    : [changelogVersion(next), changelogVersion(old)]
  const entries = forward ? after.changelogs.of(next) : before.changelogs.of(old)
  return entries
    .filter(({ version }) => compareVersions(low, version) < 0 && compareVersions(version, high) <= 0)
    .sort((a, b) => compareVersions(b.version, a.version))
}

/** The version as the changelog has it: the source's, but a rebuild's own where the binary is `<source version>+bN`. */
function changelogVersion({ version, sourceVersion }: ImagePackage): string {
  return version.startsWith(`${sourceVersion}+b`) ? version : sourceVersion
}

function shortened(entry: ChangelogEntry): ChangelogEntry {
  const { version, distribution, urgency, date, author, text } = entry
  const short =
    text.length > CHANGELOG_ENTRY_LENGTH
      ? `${text.slice(0, CHANGELOG_ENTRY_LENGTH).toWellFormed()}\n… ${text.length - CHANGELOG_ENTRY_LENGTH} more characters`
      : text
  return { version, distribution, urgency, date, author, text: short }
}

/** The packages of one source share a changelog: the first in the list shows it. All changelogs together stay within their limit. */
function withChangelogOncePerSource(changes: readonly PackageChange[]): PackageChange[] {
  const shown = new Set<string>()
  let room = CHANGELOG_TOTAL_LENGTH
  return changes.map((change) => {
    const key = `${change.source} ${change.changelog[0]?.version} ${change.changelog.at(-1)?.version}`
    if (change.changelog.length === 0) return change
    if (shown.has(key)) return { ...change, changelog: [] }
    shown.add(key)
    const changelog = change.changelog.filter(({ text }) => (room -= text.length) >= 0)
    return { ...change, changelog }
  })
}
