import type { FileChange, ImageDiff, PackageChange, Risk } from '@holotype/image'

/** One thing to look at in a review. */
export type DiffItem =
  | { readonly key: string; readonly kind: 'package'; readonly change: PackageChange; readonly text: string }
  | { readonly key: string; readonly kind: 'file'; readonly change: FileChange; readonly text: string }

export const RISKS = ['high', 'medium', 'low', 'none'] as const satisfies readonly Risk[]

export interface DiffFilter {
  readonly kind?: 'packages' | 'files' | undefined
  readonly risk?: Risk | undefined
  /** Words that must all occur in the item's name, versions, owner, reasons or CVEs. */
  readonly q?: string | undefined
}

/** The items of a diff in reading order: by risk, at each risk packages before files. The diff comes sorted by name; a stable sort keeps that. */
export function diffItems(diff: Pick<ImageDiff, 'packages' | 'files'>): readonly DiffItem[] {
  const packages = diff.packages.map(
    (change): DiffItem => ({
      key: `p:${change.name}:${change.architecture}`,
      kind: 'package',
      change,
      text: searchable([
        change.name,
        change.source,
        change.from,
        change.to,
        change.change,
        ...change.reasons,
        ...change.cves,
      ]),
    }),
  )
  const files = diff.files.map(
    (change): DiffItem => ({
      key: `f:${change.path}`,
      kind: 'file',
      change,
      text: searchable([change.path, change.owner, change.change, ...change.reasons]),
    }),
  )
  return [...packages, ...files].sort(byRisk)
}

/** The items a filter keeps, in the same order. */
export function filterItems(items: readonly DiffItem[], filter: DiffFilter): readonly DiffItem[] {
  const words = (filter.q ?? '').toLowerCase().split(/\s+/).filter(Boolean)
  return items.filter(
    (item) =>
      (filter.kind === undefined || (filter.kind === 'packages') === (item.kind === 'package')) &&
      (filter.risk === undefined || item.change.risk === filter.risk) &&
      words.every((word) => item.text.includes(word)),
  )
}

/** How many items each risk has. */
export function countRisks(items: readonly DiffItem[]): Readonly<Record<Risk, number>> {
  const counts = { high: 0, medium: 0, low: 0, none: 0 }
  for (const item of items) counts[item.change.risk] += 1
  return counts
}

function byRisk(left: DiffItem, right: DiffItem): number {
  return RISKS.indexOf(left.change.risk) - RISKS.indexOf(right.change.risk)
}

function searchable(fields: readonly (string | undefined)[]): string {
  return fields.join('\n').toLowerCase()
}
