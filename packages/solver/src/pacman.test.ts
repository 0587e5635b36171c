import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { formats } from '@holotype/formats'
import { expect, test } from 'vitest'
import { candidatesOfAlpms, pacmanMissing, pacmanOver, writeDatabases } from './testing/pacman-judge.ts'
import { randomAlpms, randomRequests } from './testing/random-packages.ts'
import { comparison, exactly, ourAnswer } from './testing/side-by-side.ts'
import { prepareUniverse } from './universe.ts'

/** `FUZZ_SEED=7 SOLVER_REQUESTS=200 vitest run packages/solver/src/pacman` asks more, of other packages. */
const seed = Number(process.env['FUZZ_SEED'] ?? 1)
const count = Number(process.env['SOLVER_REQUESTS'] ?? 40)

const missing = pacmanMissing()
const skipped = missing === '' ? '' : ` (skipped, because ${missing})`

test.skipIf(missing !== '')(
  `about 130 random packages in two repositories: what pacman finds we find, and pacman takes whatever we choose${skipped}`,
  async () => {
    const scratch = mkdtempSync(join(tmpdir(), 'holotype-pacman-'))
    try {
      const packages = randomAlpms(seed)
      const repositories = join(scratch, 'repositories')
      await writeDatabases(repositories, packages)
      const candidates = candidatesOfAlpms(repositories)
      expect(candidates.length).toBe(packages.length)
      const universe = prepareUniverse({ format: formats.alpm, architecture: 'x86_64', candidates })
      const pacman = await pacmanOver(repositories, join(scratch, 'root'))
      const tally = { same: 0, refused: 0, choice: 0, 'they alone refuse': 0, 'we alone refuse': 0 }
      for (const request of randomRequests(seed, count, { packages, format: 'alpm' })) {
        const ours = ourAnswer(universe, request)
        const theirs = await pacman(request)
        const is = comparison(ours, theirs)
        tally[is]++
        expect({ request, theirs, is }).not.toMatchObject({ is: 'we alone refuse' })
        // pacman never takes back a choice (docs/design/solver-and-dnf-pacman.md): told every name and version, it finds the set.
        if (ours && is !== 'same')
          expect({ request, pacman: await pacman(exactly(ours)) }).toEqual({ request, pacman: ours })
        if (theirs && is === 'choice')
          expect({ request, ours: ourAnswer(universe, exactly(theirs)) }).toEqual({ request, ours: theirs })
      }
      expect(tally.same).toBeGreaterThan(count / 10)
      expect(tally.same + tally.refused + tally.choice).toBeGreaterThan(count / 6)
    } finally {
      rmSync(scratch, { recursive: true, force: true })
    }
  },
  60_000,
)
