import type { Gate } from '../api.ts'
import { NODES_NAMED } from '../limits.ts'

/** One node as a rollout sees it. */
export interface Member {
  readonly name: string
  readonly at: 'converged' | 'failed' | 'pending'
  /** An operator on the node keeps it where it is. */
  readonly held: boolean
  /** Since when it is at the image it reports; milliseconds since the epoch. */
  readonly since: number
}

export interface GatedWave {
  readonly name: string
  readonly open: boolean
  /** Seconds, of how many in 10,000: what must hold of the waves before. */
  readonly soak: number
  readonly success: number
  readonly members: readonly Member[]
}

const WHOLE = 10_000

/**
 * Whether a wave may open: the waves before it are all open, the wanted share of their nodes converged, and that for the soak time.
 * A failed node counts as one that did not converge; when so many failed that the share cannot be reached the gate has failed, until
 * they recover. Pure.
 */
export function gateOf(waves: readonly GatedWave[], index: number, now: number): Gate {
  const wave = waves[index]
  if (!wave) throw new RangeError(`a rollout of ${waves.length} waves has no wave ${index}`)
  const earlier = waves.slice(0, index)
  const members = earlier.flatMap((before) => before.members)
  const needed = Math.ceil((members.length * wave.success) / WHOLE)
  const converged = members.filter(({ at }) => at === 'converged')
  const observed = members.length === 0 ? WHOLE : Math.floor((converged.length * WHOLE) / members.length)
  const soaked = soakedSeconds(converged, needed, now)
  const answer = (verdict: Gate['verdict'], reason: string): Gate => ({
    soak: wave.soak,
    soaked,
    success: wave.success,
    observed,
    verdict,
    reason,
  })
  if (wave.open) return answer('open', 'the wave is open')
  if (index === 0) return answer('passed', 'no wave is before this one')
  const closed = earlier.find((before) => !before.open)
  if (closed) return answer('waiting', `the wave ${closed.name} before it is not open yet`)
  if (members.length === 0) return answer('passed', 'no node is in the waves before')
  const failed = members.filter(({ at }) => at === 'failed')
  const held = members.filter(({ at, held: isHeld }) => isHeld && at !== 'converged')
  if (members.length - failed.length < needed)
    return answer('failed', `${standing(converged, members, needed)}; ${named(failed)} failed${heldWords(held)}`)
  if (converged.length < needed) {
    const failures = failed.length > 0 ? `; ${named(failed)} failed` : ''
    return answer('waiting', `${standing(converged, members, needed)}${failures}${heldWords(held)}`)
  }
  if (soaked < wave.soak)
    return answer('waiting', `soaking: ${seconds(wave.soak - soaked)} of ${seconds(wave.soak)} left`)
  const rest = failed.length > 0 ? `; ${named(failed)} failed` : ''
  return answer('passed', `${converged.length} of ${members.length} nodes converged${rest}${heldWords(held)}`)
}

/** Seconds since so many nodes as are needed have been on the image. */
function soakedSeconds(converged: readonly Member[], needed: number, now: number): number {
  const reached = converged.map(({ since }) => since).sort((a, b) => a - b)[Math.max(needed, 1) - 1]
  return reached === undefined ? 0 : Math.max(0, Math.floor((now - reached) / 1000))
}

function standing(converged: readonly Member[], members: readonly Member[], needed: number): string {
  return `${converged.length} of ${members.length} nodes converged, ${needed} must`
}

function heldWords(held: readonly Member[]): string {
  if (held.length === 0) return ''
  return `; ${named(held)} ${held.length === 1 ? 'is' : 'are'} held by an operator`
}

/** `web-1, web-2, web-3 and 4 more`. */
export function named(nodes: readonly { readonly name: string }[]): string {
  const names = nodes.map(({ name }) => name).sort()
  const shown = names.slice(0, NODES_NAMED)
  const rest = names.length - shown.length
  if (rest > 0) return `${shown.join(', ')} and ${rest} more`
  const last = shown.pop() ?? ''
  return shown.length === 0 ? last : `${shown.join(', ')} and ${last}`
}

/** `90 s`, `15 min`, `2 h`, `3 d`: rounded up to the unit. */
export function seconds(value: number): string {
  if (value < 120) return `${value} s`
  if (value < 7200) return `${Math.ceil(value / 60)} min`
  if (value < 172_800) return `${Math.ceil(value / 3600)} h`
  return `${Math.ceil(value / 86_400)} d`
}
