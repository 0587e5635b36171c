import { cleanText, type Painter } from '@holotype/base'
import { reducedEdges } from './reduce.ts'
import type { BootOrder } from './types.ts'

/** The boot as text: level by level, each thing with what it waits for directly. */
export function renderBoot(order: BootOrder, paint: Painter): string {
  const edges = reducedEdges(order)
  const lines = [`${paint.bold(order.goal)}: ${order.units.length} units (${order.system})`]
  for (const { kind, what } of order.problems) lines.push(`${paint.red(kind)}  ${cleanText(what)}`)
  const byLevel = Map.groupBy(order.units, ({ level }) => level)
  const width = Math.min(44, Math.max(0, ...order.units.map(({ name }) => name.length)))
  for (const [level, units] of byLevel) {
    lines.push(
      '',
      paint.bold(`step ${level + 1}`) + paint.dim(`  ${units.length === 1 ? 'one' : `${units.length} in parallel`}`),
    )
    for (const { name, conditional } of units) {
      const after = edges.get(name) ?? []
      const notes = [
        ...(after.length === 0 ? [] : [`after ${after.join(', ')}`]),
        ...(conditional ? ['on a condition'] : []),
      ]
      lines.push(
        `  ${cleanText(name).padEnd(width)}${notes.length === 0 ? '' : `  ${paint.dim(cleanText(notes.join('; ')))}`}`,
      )
    }
  }
  for (const text of order.absent) lines.push('', paint.dim(`absent: ${cleanText(text)}`))
  return `${lines.map((line) => line.trimEnd()).join('\n')}\n`
}
