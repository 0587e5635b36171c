import { renderTable } from '@holotype/base'
import { rolloutSchema } from '@holotype/server/api'
import { z } from 'zod'
import type { Context } from '../../context.ts'
import type { CommonFlags } from '../../flags.ts'
import { imageInWords } from '../../view/images.ts'
import type { View } from '../../view/view.ts'
import { renderRollout } from '../../view/waves.ts'
import { relativeTime } from '../../view/words.ts'

const rolloutsSchema = z.array(rolloutSchema)
type Result = z.output<typeof rolloutSchema> | z.output<typeof rolloutsSchema>

/** One rollout by its id, or all. @throws SERVER_UNREACHABLE and what the server answers */
export async function run(context: Context, _flags: CommonFlags, rollout?: string): Promise<Result> {
  const api = await context.api()
  return rollout === undefined
    ? api.get('rollouts', rolloutsSchema)
    : api.get(`rollouts/${encodeURIComponent(rollout)}`, rolloutSchema)
}

export function show(result: Result, view: View): string {
  if (!Array.isArray(result)) return renderRollout(result, view)
  if (result.length === 0) return 'No rollouts yet. Start one: holotype rollout start CHANNEL\n'
  const columns = [
    { title: 'ROLLOUT', least: 12 },
    { title: 'CHANNEL' },
    { title: 'STATE' },
    { title: 'FROM' },
    { title: 'TO' },
    { title: 'STARTED' },
  ]
  const rows = result.map((rollout) => [
    rollout.rollout,
    rollout.channel,
    rollout.state,
    imageInWords(rollout.fromName, rollout.from),
    imageInWords(rollout.toName, rollout.to),
    relativeTime(rollout.started, view.now),
  ])
  return renderTable(columns, rows, { ...(view.width === undefined ? {} : { width: view.width }), paint: view.paint })
}
