import type { Relation } from '@holotype/formats'

/** A group of alternatives as a control file writes it: `libc6 (>= 2.36) | libc6-udeb`; negated ones as rpm does: `a if b`. */
export function relationText(group: readonly Relation[]): string {
  const wanted = group.filter(({ negated }) => !negated).map(oneText)
  const conditions = group.filter(({ negated }) => negated).map(oneText)
  if (conditions.length === 0) return wanted.join(' | ')
  if (wanted.length === 0) return `not ${conditions.join(' and ')}`
  return `${wanted.join(' | ')} if ${conditions.join(' and ')}`
}

function oneText(relation: Relation): string {
  const { name, operator, version, architecture } = relation
  const qualified = architecture === undefined ? name : `${name}:${architecture}`
  const plain = operator === undefined || version === undefined ? qualified : `${qualified} (${operator} ${version})`
  const besides = (relation.with ?? []).map((other) => ` with ${oneText(other)}`)
  const never = (relation.without ?? []).map((other) => ` without ${oneText(other)}`)
  return [plain, ...besides, ...never].join('')
}
