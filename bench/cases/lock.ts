import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { loadDistribution } from '@holotype/distribution'
import { makeLock } from '@holotype/image'
import { type Bench, row } from '../harness/bench.ts'
import { measure } from '../harness/measure.ts'
import { environment, HOLOTYPE } from '../harness/place.ts'
import type { Row } from '../harness/types.ts'

/** As the command has them: our own packages before upstream's, whatever their versions. */
const PRIORITIES: Readonly<Record<string, number>> = { own: 900 }
const UPSTREAM_PRIORITY = 500

/** The second image's packages resolved: by the whole command, by its solver alone, and by apt into an empty root. */
export async function locking(bench: Bench): Promise<Row[]> {
  const { place, peers } = bench
  const distribution = loadDistribution(place.distribution)
  const spec = distribution.images.get('web')
  if (!spec) throw new Error('the example has no image web')
  const sources = Object.entries(place.lock.snapshots).map(([name, digest]) => ({
    name,
    digest,
    priority: PRIORITIES[name] ?? UPSTREAM_PRIORITY,
  }))
  const task = 'resolve the packages'
  const rows = [
    await row(bench, { task, who: 'holotype image lock, asks upstream' }, () =>
      measure({
        argv: [HOLOTYPE, 'image', 'lock', 'web', '--quiet'],
        cwd: place.distribution,
        env: environment(place.home),
      }),
    ),
    await row(bench, { task, who: 'makeLock alone, indexes in the store' }, async () => {
      const begin = performance.now()
      makeLock({
        store: place.store,
        image: 'web',
        format: 'deb',
        architecture: distribution.file.architecture,
        sources,
        install: spec.packages,
        recommends: spec.recommends,
        exclude: spec.exclude,
      })
      return { seconds: (performance.now() - begin) / 1000 }
    }),
  ]
  if (!peers.has('apt-get') || !existsSync('/var/lib/apt/lists')) return rows
  const apt = join(place.scratch, 'apt')
  mkdirSync(apt)
  writeFileSync(join(apt, 'status'), '')
  // What is our own is not among the machine's sources.
  const own = new Set(distribution.recipes.keys())
  const argv = [
    'apt-get',
    ...['-s', '-q', '-o', `Dir::State::status=${join(apt, 'status')}`, '-o', `Dir::Cache=${apt}`],
    ...['-o', 'APT::Install-Recommends=false', 'install', ...spec.packages.filter((name) => !own.has(name))],
  ] as const
  const install = () => measure({ argv: ['apt-get', ...argv.slice(1)] })
  await install()
  return [...rows, await row(bench, { task, who: 'apt-get --simulate install, its cache made' }, install)]
}
