import { join, resolve } from 'node:path'
import type { AgentConfig } from '../config.ts'
import { fail } from '../errors.ts'

/** What a person asked for. */
export type Command =
  | { readonly verb: 'help' }
  | {
      readonly verb: 'enrol'
      readonly server: string
      readonly sites: readonly string[]
      readonly token: string
      readonly root: string
      readonly roots?: AgentConfig['roots']
      readonly state: string
    }
  | {
      readonly verb: 'run'
      readonly state: string
      /** Milliseconds between runs; absent: one run. */
      readonly interval?: number
      readonly verify: boolean
      /** Only say what a run would do. */
      readonly dryRun: boolean
      /** Nothing of the root runs yet. */
      readonly boot: boolean
      readonly throttle: boolean
    }
  | { readonly verb: 'rescue'; readonly state: string; readonly root: string }
  | { readonly verb: 'status'; readonly state: string }
  | { readonly verb: 'hold'; readonly state: string; readonly reason: string }
  | { readonly verb: 'release'; readonly state: string }
  | { readonly verb: 'verify'; readonly state: string; readonly throttle: boolean }
  | { readonly verb: 'self-test'; readonly state: string }
  | { readonly verb: 'rollback'; readonly state: string; readonly reason: string }

export const USAGE = `holotype-agent: keeps this machine at the image its channel names

  holotype-agent enrol --server URL --site URL[,URL...] --token TOKEN [--root DIR] [--state DIR]
    [--roots DIR,DIR --current LINK [--activate PROGRAM]]  two roots: the one that does not run gets the next image, and
                                                           LINK, or what PROGRAM told a boot loader, starts it
  holotype-agent run [--once | --interval 2s] [--verify]   pull, sync, report; --verify looks at every path
  holotype-agent run --dry-run                             what a run would do: paths, bytes, triggers
  holotype-agent run --boot                                before anything else runs: no triggers, no health checks
  holotype-agent rescue --root DIR [--state DIR]           mends a root that does not run, mounted at DIR (state default: within it)
  holotype-agent status                                    what this node knows of itself
  holotype-agent hold [--reason TEXT]                      change nothing until released; still reports
  holotype-agent rollback [--reason TEXT]                  back to the image before, without network, and hold there
  holotype-agent release                                   end a hold; also go again where it went back from
  holotype-agent verify                                    read every file again, report drift, change nothing
  holotype-agent self-test                                 whether this executable can do its work on this machine

  --state DIR     the agent's own directory (default /var/lib/holotype)
  --no-throttle   run, verify: as fast as it goes, whatever else the machine has to do
  --json          one JSON value a line: progress events, then the result
`

const FLAGS: Readonly<Record<string, readonly string[]>> = {
  enrol: ['server', 'site', 'token', 'root', 'roots', 'current', 'activate', 'state', 'json'],
  run: ['once', 'interval', 'verify', 'dry-run', 'boot', 'no-throttle', 'state', 'json'],
  rescue: ['root', 'state', 'json'],
  status: ['state', 'json'],
  hold: ['reason', 'state', 'json'],
  rollback: ['reason', 'state', 'json'],
  release: ['state', 'json'],
  verify: ['no-throttle', 'state', 'json'],
  'self-test': ['state', 'json'],
}
const SWITCHES = new Set(['once', 'verify', 'dry-run', 'boot', 'no-throttle', 'json'])
const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }

/** @throws AGENT_USAGE */
export function parseArguments(argv: readonly string[], defaultState: string): Command {
  const [verb = 'help', ...rest] = argv
  if (verb === 'help' || rest.includes('--help') || verb === '--help' || verb === '-h') return { verb: 'help' }
  const known = Object.hasOwn(FLAGS, verb) ? FLAGS[verb] : undefined
  if (!known) throw usage(`no verb ${verb}; there are ${Object.keys(FLAGS).join(', ')}`)
  const flags = parseFlags(verb, known, rest)
  const state = resolve(flags.get('state') ?? defaultState)
  switch (verb) {
    case 'enrol':
      return {
        verb,
        server: required(flags, 'server'),
        sites: required(flags, 'site').split(','),
        token: required(flags, 'token'),
        root: resolve(flags.get('root') ?? '/'),
        ...rootsOf(flags),
        state,
      }
    case 'run': {
      const interval = flags.get('interval')
      if (interval !== undefined && flags.has('once')) throw usage('--once and --interval exclude each other')
      for (const flag of ['dry-run', 'boot'])
        if (interval !== undefined && flags.has(flag)) throw usage(`--${flag} and --interval exclude each other`)
      return {
        verb,
        state,
        verify: flags.has('verify'),
        dryRun: flags.has('dry-run'),
        boot: flags.has('boot'),
        throttle: !flags.has('no-throttle'),
        ...(interval === undefined ? {} : { interval: parseDuration(interval) }),
      }
    }
    case 'rescue': {
      const root = resolve(required(flags, 'root'))
      return { verb, root, state: resolve(flags.get('state') ?? join(root, defaultState)) }
    }
    case 'hold':
    case 'rollback':
      return { verb, state, reason: flags.get('reason') ?? '' }
    case 'verify':
      return { verb, state, throttle: !flags.has('no-throttle') }
    case 'status':
    case 'release':
    case 'self-test':
      return { verb, state }
    default:
      throw usage(`no verb ${verb}`)
  }
}

function parseFlags(verb: string, known: readonly string[], rest: readonly string[]): ReadonlyMap<string, string> {
  const flags = new Map<string, string>()
  for (let index = 0; index < rest.length; index++) {
    const [, name, attached] = /^--([a-z-]+)(?:=(.*))?$/s.exec(rest[index] ?? '') ?? []
    if (name === undefined || !known.includes(name))
      throw usage(`${verb} does not take ${rest[index]}; it takes ${known.map((flag) => `--${flag}`).join(' ')}`)
    if (flags.has(name)) throw usage(`--${name} stands there twice`)
    if (SWITCHES.has(name)) {
      if (attached !== undefined) throw usage(`--${name} takes no value`)
      flags.set(name, '')
      continue
    }
    const value = attached ?? rest[++index]
    if (value === undefined) throw usage(`--${name} wants a value`)
    flags.set(name, value)
  }
  return flags
}

function rootsOf(flags: ReadonlyMap<string, string>): Pick<AgentConfig, 'roots'> {
  const [roots, activate] = [flags.get('roots'), flags.get('activate')]
  if (roots === undefined) {
    if (activate !== undefined || flags.has('current')) throw usage('--current and --activate go with --roots')
    return {}
  }
  const [a, b, ...more] = roots.split(',')
  if (!a || !b || more.length > 0) throw usage(`--roots wants two directories, not ${roots}`)
  const current = resolve(required(flags, 'current'))
  return {
    roots: {
      directories: [resolve(a), resolve(b)],
      current,
      ...(activate === undefined ? {} : { activate: resolve(activate) }),
    },
  }
}

function required(flags: ReadonlyMap<string, string>, name: string): string {
  const value = flags.get(name)
  if (value === undefined || value === '') throw usage(`--${name} is missing`)
  return value
}

function parseDuration(text: string): number {
  const [, number, unit] = /^([0-9]{1,6})(ms|s|m|h)$/.exec(text) ?? []
  const factor = unit === undefined ? undefined : UNITS[unit]
  if (number === undefined || factor === undefined || Number(number) === 0)
    throw usage(`${text} is no time: write 500ms, 2s, 5m or 1h`)
  return Number(number) * factor
}

function usage(what: string): Error {
  return fail('AGENT_USAGE', { what })
}
