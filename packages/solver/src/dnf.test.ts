import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { formats } from '@holotype/formats'
import { expect, test } from 'vitest'
import { candidatesOfRpms, dnfAnswers, dnfMissing, writeRpms } from './testing/dnf-judge.ts'
import { randomRequests, randomRpms } from './testing/random-packages.ts'
import { comparison, exactly, ourAnswer } from './testing/side-by-side.ts'
import { prepareUniverse } from './universe.ts'

/** `FUZZ_SEED=7 SOLVER_REQUESTS=200 vitest run packages/solver/src/dnf` asks more, of other packages. */
const seed = Number(process.env['FUZZ_SEED'] ?? 1)
const count = Number(process.env['SOLVER_REQUESTS'] ?? 40)

const missing = dnfMissing()
const skipped = missing === '' ? '' : ` (skipped, because ${missing})`

test.skipIf(missing !== '')(
  `about 150 random rpms, indexed by createrepo_c: dnf finds a set exactly where we do, and takes ours${skipped}`,
  async () => {
    const scratch = mkdtempSync(join(tmpdir(), 'holotype-dnf-'))
    try {
      const packages = randomRpms(seed)
      const repository = join(scratch, 'repository')
      await writeRpms(repository, packages)
      const candidates = candidatesOfRpms(repository, packages)
      expect(candidates.length).toBe(packages.length)
      const universe = prepareUniverse({ format: formats.rpm, architecture: 'x86_64', candidates })
      const requests = randomRequests(seed, count, { packages, format: 'rpm' })
      const theirs = await dnfAnswers({ repository, scratch }, requests)

      const pairs = requests.map((request, at) => {
        const ours = ourAnswer(universe, request)
        return { request, ours, theirs: theirs[at] ?? null, is: comparison(ours, theirs[at] ?? null) }
      })
      expect(pairs.filter(({ is }) => is === 'we alone refuse' || is === 'they alone refuse')).toEqual([])
      const tally = Object.groupBy(pairs, ({ is }) => is)
      expect(tally.same?.length ?? 0).toBeGreaterThan(count / 4)
      expect(tally.refused?.length ?? 0).toBeGreaterThan(0)

      // Where both found a set but not the same one, each takes the other's as it is: nothing lacks, nothing is too much.
      const choices = (tally.choice ?? []).flatMap(({ request, ours, theirs: dnf }) =>
        ours && dnf ? [{ request, ours, dnf }] : [],
      )
      const taken = await dnfAnswers(
        { repository, scratch },
        choices.map(({ ours }) => exactly(ours)),
      )
      for (const [at, { request, ours, dnf }] of choices.entries()) {
        expect({ request, dnf: taken[at] }).toEqual({ request, dnf: ours })
        expect({ request, ours: ourAnswer(universe, exactly(dnf)) }).toEqual({ request, ours: dnf })
      }
    } finally {
      rmSync(scratch, { recursive: true, force: true })
    }
  },
  60_000,
)
