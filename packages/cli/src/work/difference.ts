import { type Digest, shortDigest } from '@holotype/base'
import type { AdvisorySpec, Distribution } from '@holotype/distribution'
import { rulesOf } from '@holotype/formats/rules'
import type { ImageDiff, KnownAdvisory } from '@holotype/image'
import { diffImages } from '@holotype/image/diff'
import { readHazardRules } from '@holotype/image/hazard-rules'
import { readManifest } from '@holotype/image/manifest'
import { readOsvFiles } from '@holotype/image/osv-files'
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
      ...(from === to ? [] : await publishedAdvisories(context, store, distribution, { from, to })),
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
async function publishedAdvisories(
  { progress }: Asked,
  store: Store,
  { directory, file }: Distribution,
  { from, to }: Pair,
): Promise<KnownAdvisory[]> {
  const warn = (text: string) => progress({ kind: 'note', level: 'warning', text })
  const [{ format: before }, { format: name }] = [readManifest(store, from), readManifest(store, to)]
  const given: KnownAdvisory[] = []
  if ([before, name].some((format) => rulesOf(format).publishesAdvisories)) {
    // It loads what reads repositories: where they say nothing, a comparison is to answer without it.
    const { upstreamAdvisories } = await import('@holotype/image/upstream-advisories')
    const taken = upstreamAdvisories(store, [from, to])
    for (const snapshot of taken.missing)
      warn(`the snapshot ${shortDigest(snapshot)} is not on this machine: what its advisories say is missing below`)
    for (const advisory of taken.advisories) given.push(advisory)
  }
  const declared = Object.values(file.upstreams).flatMap(({ format, advisories }) =>
    format === name && advisories !== undefined ? [advisories] : [],
  )
  for (const { osv, ecosystem } of declared) {
    const read = readOsvFiles({ store, directory, path: osv, ecosystem, format: rulesOf(name) })
    const { length: without } = read.withoutRange
    if (without > 0)
      warn(
        `${osv}: advisories that name no range of versions are left out: ${without}, ${read.withoutRange[0]} among them`,
      )
    for (const advisory of read.advisories) given.push(advisory)
  }
  return given
}
