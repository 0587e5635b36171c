import { z } from 'zod'
import { type Fleet, nodeViews } from './fleet.ts'
import { damaged } from './patch-day.ts'
import type { Shell } from './shell.ts'
import { until } from './until.ts'
import type { Workplace } from './workplace.ts'

const runsSchema = z.looseObject({
  runs: z.array(
    z.looseObject({
      to: z.string(),
      outcome: z.string(),
      milliseconds: z.number(),
      bytesFetched: z.number(),
      repaired: z.array(z.string()),
      triggers: z.array(z.looseObject({ name: z.string(), exit: z.number(), output: z.string() })),
    }),
  ),
})

export interface Moved {
  /** Of the slowest node, for the second image. */
  readonly milliseconds: number
  readonly bytes: number
  readonly repaired: readonly string[]
  readonly triggers: ReadonlyMap<string, number>
}

/** Two waves with a gate between them; then what every node did is held against what was promised. */
export async function rollOut(
  shell: Shell,
  { place, fleet }: { readonly place: Workplace; readonly fleet: Fleet },
): Promise<Moved> {
  await shell.holotype(place, ['rollout', 'start', 'web', '--reason', 'security fixes of this week'])
  shell.heading('6  Two waves with a gate between; nobody is pushed')
  await shell.holotype(place, ['rollout', 'advance', 'web', '--wait'])
  await shell.holotype(place, ['rollout', 'advance', 'web', '--wait'])
  await shell.holotype(place, ['rollout', 'status', 'web-2'], { okCodes: [0, 2, 3] })
  await shell.holotype(place, ['node', 'list'])
  return judge(shell, { place, fleet })
}

async function judge(
  shell: Shell,
  { place, fleet }: { readonly place: Workplace; readonly fleet: Fleet },
): Promise<Moved> {
  const views = await nodeViews(shell, place)
  const images = new Set(views.map(({ image }) => image))
  const [image] = images
  if (images.size !== 1 || !image) throw new Error('not every node holds the second image')
  const repaired: string[] = []
  const moved = { milliseconds: 0, bytes: 0, repaired, triggers: new Map<string, number>() }
  for (const { name } of views) {
    const { runs } = await until(`${name} reported its run`, async () => {
      const detail = runsSchema.parse(await shell.holotypeJson(place, ['node', 'show', name]))
      return detail.runs.some(({ to, outcome }) => to === image && outcome === 'converged') && detail
    })
    const own = runs.filter(({ to }) => to === image)
    moved.milliseconds = Math.max(moved.milliseconds, ...own.map((run) => run.milliseconds))
    moved.bytes = Math.max(moved.bytes, ...own.map((run) => run.bytesFetched))
    const ran = own.flatMap((run) => run.triggers)
    const config = ran.filter((trigger) => trigger.name === 'beacond-config')
    if (config.length !== 1 || config[0]?.exit !== 0)
      throw new Error(`${name}: the trigger beacond-config ran ${config.length} times`)
    for (const trigger of ran) moved.triggers.set(trigger.name, (moved.triggers.get(trigger.name) ?? 0) + 1)
    // Repaired as soon as the node ran again, before its wave opened or with it.
    if (name === damaged(fleet).name) moved.repaired.push(...runs.flatMap((run) => run.repaired))
  }
  const expected = ['/etc/logrotate.conf', '/etc/nginx/nginx.conf']
  if (!expected.every((path) => moved.repaired.includes(path)))
    throw new Error(`the damaged node repaired only ${moved.repaired.join(', ')}`)
  shell.say(shell.dim(`$ holotype-agent verify   (on ${damaged(fleet).name}: reads every file again)`))
  await shell.agent(['verify', '--state', damaged(fleet).state])
  return moved
}
