import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { formatBytes, renderPairs } from '@holotype/base'
import type { Fleet } from './fleet.ts'
import type { Moved } from './roll-out.ts'
import type { Shell } from './shell.ts'
import type { Workplace } from './workplace.ts'

const imagesSchema = z.array(
  z.object({
    name: z.string(),
    composed: z.array(z.object({ image: z.string(), files: z.number(), bytes: z.number() })),
  }),
)

interface Happened {
  readonly place: Workplace
  readonly fleet: Fleet
  readonly moved: Moved
  readonly finding: string
  readonly seconds: number
}

/** The short table at the end. Every figure in it was measured in this run. */
export async function printSummary(shell: Shell, { place, fleet, moved, finding, seconds }: Happened): Promise<void> {
  const web = imagesSchema.parse(await shell.holotypeJson(place, ['image', 'list'])).find(({ name }) => name === 'web')
  const [second, first] = web?.composed ?? []
  const peak = Math.max(...fleet.nodes.map(({ pid }) => peakMemory(pid)))
  const rows: readonly (readonly [name: string, value: string])[] = [
    [
      'images',
      `${first?.image.slice(7, 19)} → ${second?.image.slice(7, 19)}, ${second?.files} files, ${formatBytes(second?.bytes ?? 0)}`,
    ],
    ['composed twice', 'in two stores: the same digest'],
    ['nodes', `${fleet.nodes.length} on the second image, in two waves`],
    [
      'second sync',
      `${(moved.milliseconds / 1000).toFixed(1)} s on the slowest node, ${formatBytes(moved.bytes)} fetched`,
    ],
    ['damaged node', `${moved.repaired.length} paths repaired, every file verified`],
    ['triggers', [...moved.triggers].map(([name, times]) => `${name} once on each of ${times} nodes`).join('; ')],
    ['finding', finding],
    ['agent memory', `${formatBytes(peak)} at most, resident`],
    ['took', `${seconds.toFixed(0)} s`],
  ]
  shell.heading('What happened')
  shell.say(renderPairs(rows).trimEnd())
}

/** The largest resident size a process has had (proc(5), VmHWM), in bytes. */
function peakMemory(pid: number): number {
  const line = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
  return Number(line?.[1] ?? 0) * 1024
}
