import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { setTimeout as wait } from 'node:timers/promises'
import { formatBytes, HolotypeError, shortDigest } from '@holotype/base'
import type { Condition } from '../report/condition.ts'
import type { RunOnceOptions, RunOutcome } from '../run-once.ts'
import type { MirrorStatus, RootStatus } from '../status.ts'
import type { Command } from './arguments.ts'
import type { Output } from './output.ts'

/** Exit code of `verify` when the root differs: the kind `corrupt`. */
const EXIT_DIFFERENT = 9

/** Carries a command out and gives the exit code. */
export async function runVerb(command: Exclude<Command, { verb: 'help' }>, output: Output): Promise<number> {
  switch (command.verb) {
    case 'enrol': {
      const { enrol } = await import('../enrol.ts')
      const config = await enrol({ ...command, hostname: hostname() })
      output.result({ ...config }, [`enrolled as ${config.name} (${config.node}) in channel ${config.channel}`])
      return 0
    }
    case 'run':
      if (command.dryRun) return await dryRun(command, output)
      return command.interval === undefined
        ? await once(optionsOf(command), output)
        : await loop(optionsOf(command), command.interval, output)
    case 'rescue': {
      const { state, root } = command
      return await once({ state, root, atRest: true, rehash: true }, output)
    }
    case 'status': {
      const { readStatus } = await import('../status.ts')
      const status = readStatus(command.state)
      const { config, held, refused } = status
      const { readCondition } = await import('../report/condition.ts')
      const condition = config.root === '/' ? await readCondition() : undefined
      output.result({ ...status, ...(condition ? { condition } : {}) }, [
        `node       ${config.name} (${config.node})`,
        `channel    ${config.channel}`,
        ...(status.roots?.map(rootLine) ?? [`root       ${config.root}`]),
        `image      ${status.image === null ? 'none yet' : shortDigest(status.image)}${status.between ? ' (a sync is not finished)' : ''}`,
        `previous   ${status.previous === null ? 'none' : shortDigest(status.previous)}`,
        `statement  ${status.statement}`,
        `held       ${held === null ? 'no' : `since ${held.since}: ${held.reason}`}`,
        ...(refused
          ? [`given up   ${shortDigest(refused.image)} at statement ${refused.statement}: ${refused.reason}`]
          : []),
        ...status.overrides.map(({ glob, reason }) => `keeps      ${glob}: ${reason}`),
        ...status.mirrors.map(mirrorLine),
        `reports    ${status.queued} waiting`,
        ...(condition ? conditionLines(condition) : []),
        `running    ${status.running === null ? 'no' : `process ${status.running}`}`,
      ])
      return 0
    }
    case 'hold': {
      const { hold } = await import('../held.ts')
      hold(command.state, { reason: command.reason, since: new Date().toISOString() })
      output.result({ held: true }, ['held: nothing changes until `holotype-agent release`'])
      return 0
    }
    case 'rollback': {
      const { rollBack } = await import('../rollback/rollback.ts')
      const { state, reason } = command
      const done = await rollBack({ state, reason, progress: output.progress, now: Date.now, newId: randomUUID })
      output.result({ ...done }, [
        `${shortDigest(done.from)} given up: ${done.rebootPending ? 'after a reboot ' : ''}at ${shortDigest(done.image)}, and held there until \`holotype-agent release\``,
      ])
      return 0
    }
    case 'release': {
      const { release } = await import('../held.ts')
      release(command.state)
      output.result({ held: false }, ['released'])
      return 0
    }
    case 'self-test': {
      const { selfTest } = await import('./self-test.ts')
      const passed = await selfTest(command.state)
      output.result(
        { passed },
        passed.map((part) => `${part}: works`),
      )
      return 0
    }
    case 'verify': {
      const { verifyRoot } = await import('../verify.ts')
      const { state, throttle } = command
      const report = await verifyRoot({ state, throttled: throttle, progress: output.progress, now: Date.now })
      output.result({ ...report }, [
        ...report.differences.map(({ path, kinds, owner }) => `${path}: ${kinds.join(', ')}${ownedBy(owner)}`),
        `${report.differences.length} of ${report.paths} paths differ from ${shortDigest(report.image)}`,
      ])
      return report.differences.length === 0 ? 0 : EXIT_DIFFERENT
    }
  }
}

type RunCommand = Extract<Command, { verb: 'run' }>

type RunChoices = Pick<RunOnceOptions, 'state' | 'root' | 'verify' | 'atRest' | 'rehash' | 'throttled'>

function optionsOf({ state, verify, boot, throttle }: RunCommand): RunChoices {
  return { state, verify, atRest: boot, throttled: throttle }
}

async function once(choices: RunChoices, output: Output): Promise<number> {
  const { runOnce } = await import('../run-once.ts')
  const outcome = await runOnce({ ...choices, progress: output.progress, now: Date.now, newId: randomUUID })
  tell(outcome, output)
  return outcome.error ? output.failure(outcome.error) : 0
}

function rootLine({ directory, image, runs, startsNext }: RootStatus): string {
  const words = [
    image === null ? 'no image' : shortDigest(image),
    ...(runs ? ['runs'] : []),
    ...(startsNext ? ['starts next'] : []),
  ]
  return `root       ${directory}: ${words.join(', ')}`
}

function mirrorLine({ mirror, firstByteMs, bytesPerSecond, resting }: MirrorStatus): string {
  const seen = [
    ...(firstByteMs === null ? [] : [`answers in ${Math.ceil(firstByteMs)} ms`]),
    ...(bytesPerSecond === null ? [] : [`${formatBytes(bytesPerSecond)}/s`]),
    ...(resting ? ['failed lately: asked last'] : []),
  ]
  return `mirror     ${[mirror, ...seen].join(', ')}`
}

function conditionLines({ reboot, restart, failedUnits }: Condition): string[] {
  return [
    `reboot     ${reboot ? `pending: runs ${reboot.running}, installed is ${reboot.installed}` : 'no'}`,
    ...restart.map(({ pid, name, unit, files }) => `restart    ${unit ?? name} (process ${pid}): ${files.join(', ')}`),
    ...failedUnits.map((unit) => `failed     ${unit}`),
  ]
}

async function dryRun(command: RunCommand, output: Output): Promise<number> {
  const { previewRun } = await import('../preview.ts')
  const preview = await previewRun({ state: command.state, progress: output.progress, now: Date.now })
  const { from, to, changes, triggers, held, refused, waitsUntil } = preview
  const count = (wanted: string) => changes.filter(({ change }) => change === wanted).length
  const bytes = (size: number) => (size === 0 ? '' : ` ${formatBytes(size)}`)
  output.result({ ...preview }, [
    ...changes.map(
      ({ change, path, kinds, owner, bytes: size }) =>
        `${change} ${path}:${bytes(size)} ${kinds.join(', ')}${ownedBy(owner)}`,
    ),
    ...triggers.before.map((name) => `trigger ${name}, before`),
    ...triggers.after.map((name) => `trigger ${name}, after`),
    ...(waitsUntil ? [`the next image not before ${waitsUntil}`] : []),
    ...(held ? [`held since ${held.since}: a run changes nothing`] : []),
    ...(refused ? [`the node went back from ${shortDigest(to)}: a run stays where it is`] : []),
    `${from === null ? 'nothing' : shortDigest(from)} to ${shortDigest(to)}: ${count('write')} to write, ${count('remove')} to remove, ${count('metadata')} metadata, ${formatBytes(preview.bytesToFetch)} to fetch, ${formatBytes(preview.bytesToWrite)} to write`,
  ])
  return 0
}

function ownedBy(owner: string | undefined): string {
  return owner === undefined ? '' : ` (${owner})`
}

/** Runs until SIGTERM or SIGINT, which let a run at work end first. A failed run is told and the next one tries again. */
async function loop(choices: RunChoices, interval: number, output: Output): Promise<number> {
  const stop = new AbortController()
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.abort())
  while (!stop.signal.aborted) {
    try {
      await once(choices, output)
    } catch (error) {
      // Someone else's run in the same state, an operator's mistake being mended: the loop outlives both.
      if (!(error instanceof HolotypeError)) throw error
      output.failure(error)
    }
    await wait(interval, undefined, { signal: stop.signal }).catch(() => {})
  }
  return 0
}

let lastTold = ''

function tell(outcome: RunOutcome, output: Output): void {
  for (const warning of outcome.warnings) output.warning(warning)
  const { report, error, ...rest } = outcome
  const image = outcome.image === null ? 'no image' : shortDigest(outcome.image)
  const line =
    outcome.outcome === 'prepared' && report
      ? `prepared: ${shortDigest(report.to)}, ${report.changed.written} written, ${report.changed.removed} removed, ${report.bytesFetched} bytes fetched, ${report.milliseconds} ms: reboot to activate`
      : report
        ? `${outcome.outcome}: ${image}, ${report.changed.written} written, ${report.changed.removed} removed, ${report.changed.metadata} metadata, ${report.repairedCount} repaired, ${report.bytesFetched} bytes fetched, ${report.milliseconds} ms`
        : `${outcome.outcome}: ${image}${outcome.rebootPending ? ', another root starts next: reboot to activate' : ''}${outcome.waitsUntil ? `, the next image not before ${outcome.waitsUntil}` : ''}`
  // A loop says what changes, not every few seconds that nothing did.
  const lines = line === lastTold ? [] : [line]
  lastTold = line
  output.result({ ...rest, ...(report ? { report } : {}), ...(error ? { error: error.toJSON() } : {}) }, lines)
}
