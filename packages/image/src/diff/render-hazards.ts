import { truncate } from '@holotype/base'
import type { AdvisoryChange, Hazard, ImageDiff, LostSoname } from '../types.ts'
import { heading, INDENT, plural, riskWord, type View, visible, wrapWords } from './render-parts.ts'

/** What must be known before any list: named dangers, libraries that go while programs need them, advisories. */
export function* renderHazards(diff: ImageDiff, view: View): Generator<string> {
  const { hazards, sonames, advisories = [], bootOrder = [] } = diff
  if (hazards.length > 0) yield* heading(view.paint, 'Hazards', 'each must be named to approve')
  for (const hazard of hazards) yield* hazardOf(hazard, view)
  if (sonames.length > 0) yield* heading(view.paint, 'Libraries that go while programs need them', '')
  for (const soname of sonames) yield* sonameOf(soname, view)
  if (advisories.length > 0) yield* heading(view.paint, 'Advisories', '')
  for (const advisory of advisories.slice(0, view.limit)) yield advisoryOf(advisory, view)
  if (advisories.length > view.limit)
    yield `${INDENT}${view.paint.dim(`… and ${plural(advisories.length - view.limit, 'more advisory').replace('advisorys', 'advisories')}`)}`
  if (bootOrder.length > 0) yield* heading(view.paint, 'Order of start', '')
  for (const line of bootOrder.slice(0, view.limit)) {
    const colour = { '+': view.paint.green, '-': view.paint.red }[line.charAt(0)] ?? view.paint.dim
    yield INDENT + colour(truncate(visible(line), view.width - INDENT.length))
  }
}

function* hazardOf(
  { id, title, happens, todo, evidence, more = 0 }: Hazard,
  { paint, width }: View,
): Generator<string> {
  yield `${riskWord(paint, 'high')}  ${paint.bold(visible(id))}  ${visible(title)}`
  const room = width - INDENT.length
  yield* wrapWords(visible(happens).split(' '), room).map((line) => INDENT + line)
  yield* wrapWords(`Do: ${visible(todo)}`.split(' '), room).map((line) => INDENT + paint.cyan(line))
  yield* evidence.map((line) => INDENT + paint.dim(truncate(visible(line), room)))
  if (more > 0) yield INDENT + paint.dim(`… and ${more} more`)
  yield ''
}

function* sonameOf({ soname, neededBy, providedBefore }: LostSoname, { paint, width }: View): Generator<string> {
  const from = providedBefore.length > 0 ? paint.dim(`  was in ${visible(providedBefore.join(', '))}`) : ''
  yield `${riskWord(paint, 'high')}  ${paint.bold(visible(soname))}${from}`
  for (const { package: name, paths } of neededBy)
    yield INDENT + truncate(`needed by ${visible(name)}: ${visible(paths.join(', '))}`, width - INDENT.length)
}

function advisoryOf(
  { change, id, title, severity, package: name, from, to }: AdvisoryChange,
  { paint, width }: View,
): string {
  const colour = change === 'brought' ? paint.red : paint.green
  const versions = [from, to].filter((version) => version !== undefined).join(' → ')
  const line = `${id}  ${severity}  ${name} ${versions}  ${title}`
  return `${INDENT}${colour(change.padEnd(8))} ${truncate(visible(line), width - INDENT.length - 9)}`
}
