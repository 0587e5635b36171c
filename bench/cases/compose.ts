import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { openStore } from '@holotype/store'
import { type Bench, row } from '../harness/bench.ts'
import { measure } from '../harness/measure.ts'
import { environment, HOLOTYPE, localRepository } from '../harness/place.ts'
import type { Row } from '../harness/types.ts'

/** The name our directory of .debs has for mmdebstrap: any will do. */
const SUITE = 'stable'

/** What the image's spec prunes, as dpkg is told it. */
const PRUNED = ['man', 'info', 'locale', 'doc', 'lintian'].map((name) => `--dpkgopt=path-exclude=/usr/share/${name}/*`)

/** The second image from its lock: from a store that composed it before, from one that holds the .debs alone, and by mmdebstrap. */
export async function composing(bench: Bench): Promise<Row[]> {
  const { place, peers } = bench
  const compose = (home: string) =>
    measure({
      argv: [HOLOTYPE, 'image', 'compose', 'web', '--quiet'],
      cwd: place.distribution,
      env: environment(home),
    })
  const task = 'an image of .debs'
  const rows = [
    await row(bench, { task, who: 'holotype image compose, warm store', bar: 15 }, () => compose(place.home)),
    await row(bench, { task, who: 'holotype image compose, cold store', bar: 90 }, async (round) => {
      const home = join(place.scratch, `cold-${round}`)
      const store = openStore(join(home, 'store'))
      for (const { sha256 } of place.lock.packages) store.put(place.store.read(`sha256:${sha256}`))
      await store.flush()
      return compose(home)
    }),
  ]
  if (!peers.has('mmdebstrap')) return rows
  const debs = localRepository(place, SUITE, (deb) => execFileSync('dpkg-deb', ['--field', deb]).toString())
  const roots = join(place.scratch, 'mmdebstrap')
  mkdirSync(roots)
  const names = place.lock.packages.map(({ name }) => name).join(',')
  const mmdebstrap = (round: number) =>
    measure({
      argv: [
        'mmdebstrap',
        ...['--quiet', '--mode=root', '--variant=essential', '--format=directory', `--include=${names}`],
        // Links /bin to /usr/bin before the first package, as Debian's installer does; the image has it so.
        '--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr',
        ...['--dpkgopt=force-unsafe-io', ...PRUNED, '--aptopt=APT::Sandbox::User "root"'],
        ...[SUITE, join(roots, String(round)), `deb [trusted=yes] copy:${debs} ./`],
      ],
    })
  return [...rows, await row(bench, { task, who: 'mmdebstrap, no fsync' }, mmdebstrap)]
}
