import { type Bench, row } from '../harness/bench.ts'
import { measure } from '../harness/measure.ts'
import { environment, HOLOTYPE } from '../harness/place.ts'
import type { Row } from '../harness/types.ts'

/** What changes from the first image to the second, with changelogs and CVEs. */
export async function differing(bench: Bench): Promise<Row[]> {
  const { place } = bench
  const argv = [HOLOTYPE, 'image', 'diff', place.first, place.second, '--quiet', '--limit', '0'] as const
  return [
    await row(bench, { task: 'show what changes', who: 'holotype image diff' }, () =>
      measure({ argv, cwd: place.distribution, env: environment(place.home) }),
    ),
  ]
}
