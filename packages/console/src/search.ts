import type { Risk } from '@holotype/image'
import { ITEM_KINDS, type ItemKind, RISKS } from './lib/diff-items.ts'
import { QUERY_CHARACTERS } from './limits.ts'

/**
 * What each view keeps in the address. This is an interface: others link to it. Every value is plain text; what cannot be read is left out.
 */

/** `/nodes?q=site%3Dfra1&sort=-findings&view=map&group=site&sel=NODE` */
export interface FleetSearch {
  readonly q?: string | undefined
  /** A column's name, `-` in front for descending. */
  readonly sort?: string | undefined
  readonly view?: 'map' | undefined
  /** The label the map is grouped by. */
  readonly group?: string | undefined
  readonly sel?: string | undefined
}

/** `/diffs/DIGEST?q=openssl&risk=high&kind=packages&left=1&item=p%3Anginx%3Aamd64` */
export interface ReviewSearch {
  readonly q?: string | undefined
  readonly risk?: Risk | undefined
  readonly kind?: ItemKind | undefined
  /** Only what is not reviewed yet. */
  readonly left?: '1' | undefined
  readonly item?: string | undefined
}

/** `/images/DIGEST/boot?from=DIGEST&unit=nginx.service&q=network&view=table` */
export interface BootSearch {
  /** The image it is compared with. */
  readonly from?: string | undefined
  readonly unit?: string | undefined
  readonly q?: string | undefined
  readonly view?: 'table' | undefined
}

/** `/audit?q=rollout` */
export interface QuerySearch {
  readonly q?: string | undefined
}

type Raw = Readonly<Record<string, unknown>>

export function fleetSearch(raw: Raw): FleetSearch {
  return {
    q: text(raw['q']),
    sort: text(raw['sort']),
    view: raw['view'] === 'map' ? 'map' : undefined,
    group: text(raw['group']),
    sel: text(raw['sel']),
  }
}

export function reviewSearch(raw: Raw): ReviewSearch {
  return {
    q: text(raw['q']),
    risk: RISKS.find((risk) => risk === raw['risk']),
    kind: ITEM_KINDS.find((kind) => kind === raw['kind']),
    left: raw['left'] === '1' ? '1' : undefined,
    item: typeof raw['item'] === 'string' ? raw['item'] : undefined,
  }
}

export function bootSearch(raw: Raw): BootSearch {
  return {
    from: text(raw['from']),
    unit: text(raw['unit']),
    q: text(raw['q']),
    view: raw['view'] === 'table' ? 'table' : undefined,
  }
}

export function querySearch(raw: Raw): QuerySearch {
  return { q: text(raw['q']) }
}

/** The query string as plain names and values; the router's own form would quote text that looks like JSON. */
export function parseSearch(search: string): Record<string, string> {
  return Object.fromEntries(new URLSearchParams(search))
}

/** The inverse of {@link parseSearch}; empty and absent values leave no trace in the address. */
export function stringifySearch(search: Raw): string {
  const params = new URLSearchParams()
  for (const [name, value] of Object.entries(search)) {
    if (typeof value === 'string' && value !== '') params.set(name, value)
  }
  const encoded = params.toString()
  return encoded === '' ? '' : `?${encoded}`
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value.slice(0, QUERY_CHARACTERS) : undefined
}
