import { join, resolve } from 'node:path'
import { complaint } from './demo/complaint.ts'
import { Shell } from './demo/shell.ts'
import { day1 } from './demo/day-1.ts'
import { patchDay } from './demo/patch-day.ts'
import { rollOut } from './demo/roll-out.ts'
import { intruder } from './demo/intruder.ts'
import { startFleet } from './demo/fleet.ts'
import { printSummary } from './demo/summary.ts'
import { discard, prepare } from './demo/workplace.ts'

/*
 * The main job from beginning to end, through the public commands alone, on real packages. Every step checks what it claims and the demo
 * ends with an error when one does not hold. What stands in for servers: each node is a directory of this machine with an agent process
 * of its own; nothing boots.
 */

const EXAMPLE = import.meta.dirname
const WORK = resolve(process.env.DEMO_WORK ?? join(EXAMPLE, '../../work/demo'))

const obstacle = complaint({ uid: process.getuid?.(), work: WORK })
if (obstacle) {
  process.stderr.write(`demo: ${obstacle}\n`)
  process.exit(1)
}

await using shell = new Shell()
const start = performance.now()
const place = prepare(EXAMPLE, WORK)
try {
  await day1(shell, place)
  const fleet = await startFleet(shell, place)
  await patchDay(shell, { place, fleet })
  const moved = await rollOut(shell, { place, fleet })
  const finding = await intruder(shell, { place, fleet })
  shell.heading('What holds now')
  await shell.holotype(place, ['status'])
  await printSummary(shell, { place, fleet, moved, finding, seconds: (performance.now() - start) / 1000 })
  if (process.env.DEMO_EXIT === '1') shell.say('\nDEMO_EXIT=1: stopping the server and the agents.')
  else await shell.untilInterrupted(`\nThe console: ${fleet.address}   (Ctrl-C stops the server and the agents)`)
} catch (error) {
  // The command that failed has said why; a stack of ours would only cover it.
  process.stderr.write(`demo: ${error instanceof Error ? error.message : String(error)}; logs: ${place.logs}\n`)
  process.exitCode = 1
} finally {
  await shell.stop()
  discard(place)
}
