import { type Digest, shortDigest } from '@holotype/base'
import type { AdvisorySpec, Distribution } from '@holotype/distribution'
import { formatOf } from '@holotype/formats'
import type { ImageDiff, KnownAdvisory } from '@holotype/image'
import { diffImages } from '@holotype/image/diff'
import { readHazardRules } from '@holotype/image/hazard-rules'
import { readManifest } from '@holotype/image/manifest'
import { readOsvFiles } from '@holotype/image/osv-files'
import { upstreamAdvisories } from '@holotype/image/upstream-advisories'
import type { Store } from '@holotype/store'
import type { Context } from '../context.ts'
import { addName } from './names.ts'

/** What comparing asks of a command's context. */
type Asked = Pick<Context, 'distribution' | 'progress'>

interface Pair {
  readonly from: Digest
  readonly to: Digest
}

/**
 * The difference of two images by the distribution's own hazard rules and advisories, all of them in git, and by those that the snapshots of their
 * locks came with: made where these are, it has the same digest.
 * @throws what `diffImages`, `readHazardRules`, `upstreamAdvisories` and `readOsvFiles` throw
 */
export async function differenceOf(
  context: Asked,
  store: Store,
  { from, to }: Pair,
): Promise<{ readonly digest: Digest; readonly diff: ImageDiff }> {
  const distribution = await context.distribution()
  const made = diffImages(store, from, to, {
    hazardRules: readHazardRules(distribution.directory),
    advisories: [
      ...[...distribution.advisories].flatMap(([id, advisory]) => knownBy(id, advisory)),
      ...(from === to ? [] : publishedAdvisories(context, store, distribution, { from, to })),
    ],
  })
  // Diffs that were made here, whatever their images.
  addName(store, 'diffs', { name: 'all', digest: made.digest })
  return made
}

/** What an advisory says, package by package. */
function knownBy(id: string, { title, severity, fixed }: AdvisorySpec): KnownAdvisory[] {
  return Object.entries(fixed).map(([source, version]) => ({
    id,
    title,
    severity: severity ?? '',
    package: source,
    fixed: version,
  }))
}

/** What the publishers of the images' upstreams say. */
function publishedAdvisories(
  { progress }: Asked,
  store: Store,
  { directory, file }: Distribution,
  { from, to }: Pair,
): KnownAdvisory[] {
  const warn = (text: string) => progress({ kind: 'note', level: 'warning', text })
  const taken = upstreamAdvisories(store, [from, to])
  for (const snapshot of taken.missing)
    warn(`the snapshot ${shortDigest(snapshot)} is not on this machine: what its advisories say is missing below`)
  const { format: name } = readManifest(store, to)
  const declared = Object.values(file.upstreams).flatMap(({ format, advisories }) =>
    format === name && advisories !== undefined ? [advisories] : [],
  )
  const given = declared.flatMap(({ osv, ecosystem }) => {
    const read = readOsvFiles({ store, directory, path: osv, ecosystem, format: formatOf(name) })
    const { length: without } = read.withoutRange
    if (without > 0)
      warn(
        `${osv}: advisories that name no range of versions are left out: ${without}, ${read.withoutRange[0]} among them`,
      )
    return read.advisories
  })
  return [...taken.advisories, ...given]
}
