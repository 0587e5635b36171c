import { type Painter, shortDigest } from '@holotype/base'
import type { Migration, MigrationMove, MigrationStep } from '@holotype/image'
import type { StepDifference } from '../work/migration.ts'
import type { View } from './view.ts'
import { count } from './words.ts'

/** Lines of what a step could not carry over; all of them are in the JSON. */
const NOT_CARRIED_SHOWN = 5

interface Shown {
  readonly migration: Migration
  readonly written?: readonly string[]
  readonly differences?: readonly StepDifference[]
  readonly view: View
}

/** A plan as a table of steps: what moves, why together, which hazards, what was not carried over. */
export function showMigration({ migration, written, differences, view: { paint } }: Shown): string {
  const { from, to, same, steps } = migration
  const end = ({ image, format, packages }: Migration['from']) =>
    `${paint.bold(image)} (${count(packages, `${format} package`)})`
  const moves = steps.reduce((sum, step) => sum + step.moves.length, 0)
  const head = [
    `${end(from)} becomes ${end(to)}`,
    steps.length === 0
      ? `${paint.green('✓')} nothing moves: both have the same packages`
      : `${count(steps.length, 'step')}, ${count(moves, 'move')}; ${count(same, 'package')} the same`,
  ]
  const width = String(steps.length).length
  const body = steps.map((step, at) => {
    const [first = '', ...rest] = stepLines(step, paint, differences?.[at])
    const indent = ' '.repeat(width + 2)
    return [`${String(step.number).padStart(width)}  ${first}`, ...rest.map((line) => `${indent}${line}`)].join('\n')
  })
  const [firstFile, lastFile] = [written?.[0], written?.at(-1)]
  const tail = firstFile === undefined ? [] : ['', `written  ${firstFile} … ${lastFile}`]
  return `${[...head, ...(body.length > 0 ? ['', ...body] : []), ...tail].join('\n')}\n`
}

function stepLines(step: MigrationStep, paint: Painter, difference: StepDifference | undefined): string[] {
  const { kind, moves, notCarried, hazards } = step
  const title = `${step.lock.format}: the package manager moves, and with it all that was converted`
  const shown = notCarried.slice(0, NOT_CARRIED_SHOWN)
  return [
    ...(kind === 'format' ? [paint.bold(title)] : []),
    ...moves.map((move) => moveLine(move, paint)),
    ...(difference?.hazards ?? hazards).map(
      ({ id, title: danger, evidence }) =>
        `${paint.yellow('!')} ${paint.yellow(id)}: ${danger} ${paint.dim(`(${evidence.join('; ')})`)}`,
    ),
    ...shown.map((note) => paint.dim(`not carried over: ${note.package}: ${note.what}`)),
    ...(notCarried.length > shown.length
      ? [paint.dim(`not carried over: ${notCarried.length - shown.length} more`)]
      : []),
    ...(difference ? [differenceLine(difference, paint)] : []),
  ]
}

function moveLine(move: MigrationMove, paint: Painter): string {
  const { change, name, from, to, converted, tie } = move
  const sign = { added: paint.green('+'), removed: paint.red('-'), replaced: '~' }[change]
  const versions = [from, to].filter((version) => version !== undefined).join(' → ')
  return [
    `${sign} ${paint.bold(name)} ${versions}`,
    ...(converted ? [paint.dim('converted')] : []),
    ...(tie ? [paint.dim(tieText(move, tie))] : []),
  ].join('  ')
}

/** Why a package is in a step with others. */
function tieText({ name }: MigrationMove, tie: NonNullable<MigrationMove['tie']>): string {
  switch (tie.kind) {
    case 'needs':
      return tie.package === name ? `needs ${tie.relation}` : `${tie.package} needs ${tie.relation}`
    case 'against':
      return tie.package === tie.other ? 'one version at a time' : `${tie.package} and ${tie.other} exclude each other`
    case 'soname':
      return tie.package === name ? `is linked with ${tie.soname}` : `${tie.package} is linked with ${tie.soname}`
    case 'path':
      return `${tie.path} is of ${tie.other} and of ${tie.package}`
    case 'lasting':
      return `${tie.name} must not be missing`
  }
}

function differenceLine({ difference, summary: { files, bytes } }: StepDifference, paint: Painter): string {
  const changed = `${files.added} files come, ${files.removed} go, ${files.changed + files.metadata} change`
  return paint.dim(`difference ${shortDigest(difference)}: ${changed}, ${bytes >= 0 ? '+' : ''}${bytes} bytes`)
}
