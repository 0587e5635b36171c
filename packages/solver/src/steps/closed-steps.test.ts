import { formats } from '@holotype/formats'
import { expect, it } from 'vitest'
import { candidate } from '../testing/packages.ts'
import { closedSteps } from './closed-steps.ts'
import type { StepPackage } from './types.ts'

const holding = (package_: string, files: Readonly<Record<string, string>>): StepPackage => ({
  candidate: candidate(package_),
  files: new Map(Object.entries(files)),
  sonames: { provided: [], needed: [] },
  effort: [],
})

it('leaves to the end what has a directory otherwise than a package that stays', () => {
  const layout = holding('filesystem 1', { '/var': 'directory 755 0 0', '/var/local': 'directory 755 0 0' })
  const { steps, rest } = closedSteps({
    format: formats.rpm,
    architecture: 'x86_64',
    before: [layout],
    after: [
      holding('base-files 1', { '/var/local': 'directory 2775 0 50' }),
      holding('other 1', { '/var': 'directory 755 0 0' }),
    ],
    kept: ['filesystem'],
  })
  const names = (moves: (typeof steps)[number]) => moves.map(({ package: { candidate: found } }) => found.record.name)
  expect(steps.map(names)).toEqual([['other']])
  expect(names(rest)).toEqual(['base-files', 'filesystem'])
})
