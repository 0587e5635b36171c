import type { FactChange, FileDetails } from '../types.ts'
import type { Concern } from './risk.ts'

/** Values named in one reason. */
const NAMED = 3

/** What the inside of a file weighs, in words. Pure: each rule looks at the details of one file alone. */
export function detailsConcerns({ format, facts }: FileDetails): Concern[] {
  if (format === 'elf') return facts.flatMap((fact) => [...elfConcerns(fact)])
  if (format === 'systemd unit') return facts.flatMap((fact) => [...unitConcerns(fact)])
  return []
}

/** Hardening from the weakest to the strongest. */
const STRENGTH: Readonly<Record<string, readonly string[]>> = {
  RELRO: ['none', 'partial', 'full'],
  PIE: ['no', 'yes'],
  'executable stack': ['yes', 'no'],
  'stack protector': ['no', 'yes'],
  FORTIFY: ['no', 'yes'],
}

function* elfConcerns({ name, before, after, added, removed, more }: FactChange): Generator<Concern> {
  const strength = STRENGTH[name]
  if (strength && before !== undefined && after !== undefined && strength.indexOf(after) < strength.indexOf(before))
    yield { risk: 'medium', reason: `${name} was ${before}, becomes ${after}` }
  if (name === 'soname' && before !== undefined)
    yield { risk: 'medium', reason: after === undefined ? `no longer ${before}` : `${before} becomes ${after}` }
  if (name === 'search path' && after !== undefined)
    yield { risk: 'medium', reason: `looks for its libraries in ${after}` }
  if (name === 'libraries needed' && added?.length)
    yield { risk: 'low', reason: `needs ${someOf(added, more)} as well` }
  if (name === 'symbols given' && removed?.length)
    yield { risk: 'medium', reason: `no longer gives ${someOf(removed, more)}` }
}

function* unitConcerns({ name, added, removed, more }: FactChange): Generator<Concern> {
  if (name === 'runs as' && (added?.length || removed?.length))
    yield { risk: 'medium', reason: `runs as another user: ${someOf(added?.length ? added : ['root'], more)}` }
  if (name === 'listens' && added?.length) yield { risk: 'medium', reason: `listens: ${someOf(added, more)}` }
  if (name === 'may' && added?.length) yield { risk: 'medium', reason: `what it may do becomes ${someOf(added, more)}` }
  if (name === 'is held back by' && removed?.length)
    yield { risk: 'medium', reason: `is no longer held back by ${someOf(removed, more)}` }
}

function someOf(values: readonly string[], more = 0): string {
  const rest = values.length - NAMED + more
  return `${values.slice(0, NAMED).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`
}
