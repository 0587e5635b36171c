import type { Relation } from '@holotype/formats'

/** A group of alternatives as a control file writes it: `libc6 (>= 2.36) | libc6-udeb`. */
export function relationText(group: readonly Relation[]): string {
  return group.map(oneText).join(' | ')
}

function oneText({ name, operator, version, architecture }: Relation): string {
  const qualified = architecture === undefined ? name : `${name}:${architecture}`
  return operator === undefined || version === undefined ? qualified : `${qualified} (${operator} ${version})`
}
