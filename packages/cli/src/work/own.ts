import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { writeFileAtomic } from '@holotype/base'
import { type Distribution, OWN_NAME } from '@holotype/distribution'
import { type DeclaredAdvisory, formatOf, type FormatName } from '@holotype/formats'
import { type OwnRepository, ownPackages, publish, type Published, publishedFrom } from '@holotype/repository'
import type { Context } from '../context.ts'
import { architectureIn, formatOfDistribution } from './architecture.ts'
import { listSite } from './site.ts'
import { declarationPath, publicationNote, publicKeyPath } from './publication.ts'
import { keepResult } from './unchanged.ts'

/** One of the distribution's own repositories: there is one for each format. */
export interface Own {
  readonly repository: OwnRepository
  /** Where it is published: `repo/FORMAT` of the site. */
  readonly base: string
}

/** @throws DISTRIBUTION_*, KEY_MISSING, KEY_PERMISSIONS */
export async function ownRepository(context: Context, format: FormatName): Promise<Own> {
  const { repository } = (await context.distribution()).file
  const keyring = await context.keyring()
  return {
    repository: {
      store: await context.store(),
      name: OWN_NAME,
      format: formatOf(format),
      component: repository.component,
      translation: repository.translation,
      signer: keyring.repositorySigner(context.now),
    },
    base: join(context.home.site, 'repo', format),
  }
}

/** Publishes it as it is now, and beside the repositories the key that their clients need. @throws as `publish` of @holotype/repository */
export async function publishOwn(context: Context, own: Own): Promise<Published> {
  const { repository, base } = own
  await publishKey(context)
  const distribution = await context.distribution()
  const { name: origin, repository: declared } = distribution.file
  const advisories = advisoriesFor(context, own, distribution)
  const published = await publish(repository, base, {
    suite: declared.suite,
    contents: declared.contents,
    compression: declared.compression,
    ...(declared.url === undefined ? {} : { url: `${declared.url.replace(/\/$/, '')}/${repository.format.name}` }),
    origin,
    label: origin,
    codename: declared.suite,
    description: `Packages of ${origin}`,
    architectures: [architectureIn(distribution, repository.format.name)],
    advisories,
    date: Math.floor(context.now().getTime() / 1000),
  })
  await listSite(context)
  const { name: format } = repository.format
  // Each run warns of an advisory that is said of no package: then there is always something to do.
  if (advisories.length > 0) return published
  note(context, own, format, published.packages)
  if (format === formatOfDistribution(distribution)) note(context, own, 'default', published.packages)
  return published
}

/** Notes what was published and all that decides whether {@link publishOwn} would change anything: `repo publish` asks there first. */
function note(context: Context, { repository, base }: Own, format: FormatName | 'default', packages: number): void {
  const { home } = context
  const declaration = declarationPath(context)
  const advisories = join(dirname(declaration), 'advisories')
  const inputs = [declaration, advisories, home.keys, publicKeyPath(home)]
  keepResult(publicationNote(home, format), [...inputs, ...publishedFrom(repository, base)], {
    repository: base,
    packages,
  })
}

/** The advisories that the indexes can say. One whose mended version is not listed yet is said of nobody's packages: that is worth a word. */
function advisoriesFor(context: Context, { repository }: Own, { advisories }: Distribution): DeclaredAdvisory[] {
  const { format } = repository
  if (advisories.size === 0 || !format.repository.hasAdvisories) return []
  const listed = Map.groupBy(ownPackages({ ...repository, format: format.name }), ({ source }) => source)
  return [...advisories].map(([id, { severity, updated, ...spec }]) => {
    for (const [source, version] of Object.entries(spec.fixed)) {
      const records = listed.get(source) ?? []
      if (records.some(({ sourceVersion }) => format.compareVersions(sourceVersion, version) >= 0)) continue
      const text = `advisories/${id}.yaml: your own repository lists no package of ${source} ${version} or later`
      context.progress({ kind: 'note', level: 'warning', text })
    }
    return { id, ...spec, severity: severity ?? ('' as const), ...(updated === undefined ? {} : { updated }) }
  })
}

async function publishKey(context: Context): Promise<void> {
  const { armored } = await (await context.keyring()).openPgpPublicKey()
  const path = publicKeyPath(context.home)
  if (existsSync(path) && readFileSync(path, 'utf8') === armored) return
  mkdirSync(dirname(path), { recursive: true })
  writeFileAtomic(path, armored)
}
