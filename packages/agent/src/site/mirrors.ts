import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isFields } from '../json.ts'
import {
  ASSUMED_BYTES_PER_SECOND,
  FIGURES_GOOD_MS,
  MIRROR_REST_MAX_MS,
  MIRROR_REST_MS,
  SAMPLE_BYTES,
  SAMPLE_MS,
  SLOW_PART,
  TYPICAL_BYTES,
} from '../limits.ts'

/** What a node has seen of a mirror. Zero: nothing yet. */
interface Figures {
  /** Milliseconds from a request to the head of its answer, the later ones counting more. */
  readonly firstByteMs: number
  /** Of bodies, the later ones counting more. */
  readonly bytesPerSecond: number
  /** When `bytesPerSecond` was last measured, in milliseconds since the epoch. */
  readonly measuredAt: number
  /** Failures without a success between. */
  readonly failures: number
  /** Until when another mirror is asked before this one, in milliseconds since the epoch. */
  readonly restsUntil: number
}

/** One mirror of the site, and what is known of it. */
export interface Mirror {
  /** Its address, ending in a slash. */
  readonly base: URL
  /** Milliseconds from a request to the head of its answer; 0: not known. */
  readonly firstByteMs: () => number
  /** Bytes per second; undefined when they were not measured lately. */
  readonly rate: () => number | undefined
  /** It failed lately: others are asked before it. */
  readonly isResting: () => boolean
  /** The head of an answer came. */
  answered(milliseconds: number): void
  /** Bytes of a body came and were read, in so much time. */
  served(bytes: number, milliseconds: number): void
  /** What it served is what was wanted. */
  succeeded(): void
  failed(): void
}

export interface MirrorOptions {
  /** Where the figures are kept: in `mirrors.json` of the state directory. Without it they last as long as the process. */
  readonly state?: string
  /** Milliseconds since the epoch. */
  readonly now?: () => number
}

const NOTHING: Figures = { firstByteMs: 0, bytesPerSecond: 0, measuredAt: 0, failures: 0, restsUntil: 0 }

/** The mirrors of a site in their configured order, with what earlier runs have seen of them. */
export function openMirrors(
  sites: readonly string[],
  { state, now = Date.now }: MirrorOptions = {},
): readonly Mirror[] {
  const path = state === undefined ? undefined : join(state, 'mirrors.json')
  const known = path === undefined ? new Map<string, Figures>() : readFigures(path)
  const bases = sites.map((site) => new URL(site.endsWith('/') ? site : `${site}/`))
  // Not flushed to the disk: a loss costs a measurement.
  const save = () => {
    if (path === undefined) return
    const all = bases.map(({ href }) => [href, known.get(href) ?? NOTHING] as const)
    writeFileSync(`${path}.new`, `${JSON.stringify(Object.fromEntries(all))}\n`, { mode: 0o600 })
    renameSync(`${path}.new`, path)
  }
  return bases.map((base) => {
    const figures = () => known.get(base.href) ?? NOTHING
    let kept = figures().firstByteMs
    const learn = (seen: Partial<Figures>) => void known.set(base.href, { ...figures(), ...seen })
    const rate = () => {
      const { bytesPerSecond, measuredAt } = figures()
      return bytesPerSecond > 0 && Math.abs(now() - measuredAt) < FIGURES_GOOD_MS ? bytesPerSecond : undefined
    }
    // A clock that was set back must not make a rest longer than any is.
    const isResting = () => figures().restsUntil > now() && figures().restsUntil <= now() + MIRROR_REST_MAX_MS
    return {
      base,
      firstByteMs: () => figures().firstByteMs,
      rate,
      isResting,
      answered(milliseconds) {
        const firstByteMs = mean(figures().firstByteMs, milliseconds)
        learn({ firstByteMs })
        // Most runs find nothing new, and are not worth a write each.
        if (firstByteMs < kept * 2 && firstByteMs > kept / 2) return
        kept = firstByteMs
        save()
      },
      served(bytes, milliseconds) {
        // A short body tells how full a buffer was, not how fast a mirror is; one that takes long tells even if it is short.
        if (bytes < SAMPLE_BYTES && milliseconds < SAMPLE_MS) return
        const last = (bytes * 1000) / Math.max(milliseconds, 1)
        learn({ bytesPerSecond: mean(rate() ?? 0, last), measuredAt: now() })
        save()
      },
      succeeded() {
        if (figures().failures === 0) return
        learn({ failures: 0, restsUntil: 0 })
        save()
      },
      failed() {
        // One outage is one failure, however often it is met.
        if (isResting()) return
        const failures = Math.min(figures().failures + 1, 100)
        const rest = Math.min(MIRROR_REST_MS * 2 ** (failures - 1), MIRROR_REST_MAX_MS)
        learn({ failures, restsUntil: now() + rest })
        save()
      },
    }
  })
}

/** As messages name it: its address, without what may be secret in it. */
export function nameOf({ base }: Mirror): string {
  return `${base.host}${base.pathname.slice(0, -1)}`
}

/**
 * The best first: those that do not rest, by the time that a request of a usual size would take; one that was not measured lately counts by its
 * answers alone, so that it will be. Equal ones stay in their order.
 */
export function byQuality(mirrors: readonly Mirror[]): Mirror[] {
  const cost = (mirror: Mirror) => {
    const rate = mirror.rate()
    return mirror.firstByteMs() + (rate === undefined ? 0 : (TYPICAL_BYTES * 1000) / rate)
  }
  return mirrors.toSorted((a, b) => Number(a.isResting()) - Number(b.isResting()) || cost(a) - cost(b))
}

/**
 * Bytes per second below which a mirror is left for one of the others; undefined if there is none to go to. One that was not measured lately is
 * taken to be slow, as each change of mirrors costs something.
 */
export function tooSlow(others: readonly Mirror[]): number | undefined {
  if (others.length === 0) return undefined
  return Math.max(...others.map((other) => other.rate() ?? ASSUMED_BYTES_PER_SECOND)) * SLOW_PART
}

/** Moves half-way to what was measured last. */
function mean(before: number, last: number): number {
  return before === 0 ? last : (before + last) / 2
}

/** Only forms that `save` writes; anything else is no figure yet. */
function readFigures(path: string): Map<string, Figures> {
  try {
    const all: unknown = JSON.parse(readFileSync(path, 'utf8'))
    return new Map(isFields(all) ? Object.entries(all).map(([base, value]) => [base, figuresFrom(value)]) : [])
  } catch {
    return new Map()
  }
}

function figuresFrom(value: unknown): Figures {
  const fields = isFields(value) ? value : {}
  const number = (name: keyof Figures) => {
    const figure = fields[name]
    return typeof figure === 'number' && Number.isFinite(figure) && figure > 0 ? figure : 0
  }
  return {
    firstByteMs: number('firstByteMs'),
    bytesPerSecond: number('bytesPerSecond'),
    measuredAt: number('measuredAt'),
    failures: number('failures'),
    restsUntil: number('restsUntil'),
  }
}
