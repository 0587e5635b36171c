import type { Approval, Comment } from '@holotype/server/api'
import type { DiffDocument } from '../api/queries.ts'
import type { DiffItem } from './diff-items.ts'

/** What people said of a diff, by what they said it of. Pure. */

/** What comments and ticks call an item: `package:nginx`, `file:/etc/passwd`, `trigger:reload-nginx`, `health`. */
export function aboutOf({ kind, change }: DiffItem): string {
  if (kind === 'node') return change.name === undefined ? change.part : `${change.part}:${change.name}`
  return kind === 'package' ? `package:${change.name}` : `file:${change.path}`
}

export interface Said {
  readonly comments: readonly Comment[]
  /** Who ticked it. */
  readonly readers: readonly string[]
}

const NOTHING: Said = { comments: [], readers: [] }

/** Comments and ticks by item. */
export function saidOf({ comments, reviewed }: Pick<DiffDocument, 'comments' | 'reviewed'>): (about: string) => Said {
  const byItem = Map.groupBy(comments, ({ item }) => item)
  const readers = Map.groupBy(reviewed, ({ item }) => item)
  return (about) => {
    const [spoken, ticks] = [byItem.get(about), readers.get(about)]
    if (spoken === undefined && ticks === undefined) return NOTHING
    return { comments: spoken ?? [], readers: ticks?.map(({ actor }) => actor) ?? [] }
  }
}

/** The approvals that count: of each person the last word, if it approves and was given under the policy that holds. */
function standing({ approvals, policy }: Pick<DiffDocument, 'approvals' | 'policy'>): readonly Approval[] {
  return [...new Map(approvals.map((approval) => [approval.actor, approval])).values()].filter(
    (approval) => approval.verdict === 'approved' && approval.policy === policy,
  )
}

/** Who named each hazard, by its id. */
export function namersOf(document: Pick<DiffDocument, 'approvals' | 'policy' | 'diff'>): ReadonlyMap<string, string[]> {
  const approvals = standing(document)
  return new Map(
    document.diff.hazards.map(({ id }) => [
      id,
      approvals.filter(({ hazards }) => hazards.includes(id)).map(({ actor }) => actor),
    ]),
  )
}
