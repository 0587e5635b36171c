import { formats } from '@holotype/formats'
import { describe, expect, it } from 'vitest'
import { encode } from './encode.ts'
import { choicesOf } from './policy.ts'
import { keepNeeded } from './reasons.ts'
import { candidate } from './testing/packages.ts'
import { prepareUniverse } from './universe.ts'

describe('keeping what is needed', () => {
  it('drops what a search left behind: of two that satisfy a need, the one nothing else needs', () => {
    const candidates = [
      candidate('a 1', { depends: 'q' }),
      candidate('b 1', { depends: 'p | q' }),
      candidate('p 1'),
      candidate('q 1'),
    ]
    const universe = prepareUniverse({ format: formats.deb, architecture: 'amd64', candidates })
    const wanted = ['a', 'b'].map((name) => ({ group: [{ name }], account: 'install' }) as const)
    const encoding = encode({ universe, wanted, recommends: false, choices: choicesOf({}, universe) })
    const everything = new Set(candidates.keys())
    const { kept, why } = keepNeeded({ universe, encoding, chosen: everything, subject: 'web' })
    expect(new Set([...kept].map((id) => universe.candidate(id).record.name))).toEqual(new Set(['a', 'b', 'q']))
    expect(why.get('q:amd64')).toEqual({ by: 'a', key: 'a:amd64', relation: 'q' })
  })
})
