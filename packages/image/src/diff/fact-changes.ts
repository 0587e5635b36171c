import type { FactChange } from '../types.ts'
import { VALUE_LENGTH, VALUES_SHOWN } from './limits.ts'
import type { Facts } from './plugins/types.ts'

/** How many values of a list are named on each side, and how many code units of each. */
interface Bounds {
  readonly values: number
  readonly length: number
}

const SHOWN: Bounds = { values: VALUES_SHOWN, length: VALUE_LENGTH }

/** What differs between two sets of facts, in the order in which they are named. */
export function factChanges(before: Facts, after: Facts, bounds: Bounds = SHOWN): FactChange[] {
  const { values, length } = bounds
  const short = (value: string) => (value.length <= length ? value : `${value.slice(0, length).toWellFormed()}…`)
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])]
  return names.flatMap((name): FactChange[] => {
    const [old, next] = [before[name] ?? '', after[name] ?? '']
    if (typeof old === 'string' && typeof next === 'string') {
      if (old === next) return []
      return [{ name, ...(old === '' ? {} : { before: short(old) }), ...(next === '' ? {} : { after: short(next) }) }]
    }
    const [gone, come] = [without(listOf(old), listOf(next)), without(listOf(next), listOf(old))]
    if (gone.length === 0 && come.length === 0) return []
    const [added, removed] = [come.slice(0, values).map(short), gone.slice(0, values).map(short)]
    const more = come.length + gone.length - added.length - removed.length
    return [{ name, added, removed, ...(more > 0 ? { more } : {}) }]
  })
}

function listOf(value: string | readonly string[]): readonly string[] {
  return typeof value === 'string' ? (value === '' ? [] : [value]) : value
}

function without(values: readonly string[], others: readonly string[]): string[] {
  const known = new Set(others)
  return [...new Set(values.filter((value) => !known.has(value)))]
}
