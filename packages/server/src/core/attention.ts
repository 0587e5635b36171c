import { shortDigest } from '@holotype/base'
import type { Attention, Finding, Rollout } from '../api.ts'
import { ATTENTION_SHOWN, NODES_NAMED } from '../limits.ts'
import { named, seconds } from './gates.ts'

/** Nodes that share something, the first few by name. */
export interface NodeGroup {
  readonly nodes: readonly { readonly node: string; readonly name: string }[]
  /** All of them, those not listed included. */
  readonly count: number
  readonly since: Date
}

/** What may need a person, as the database has it. */
export interface AttentionFacts {
  /** Nodes with one set on one image, and what is wrong with that. */
  readonly findings: readonly (NodeGroup & { readonly imageName: string; readonly findings: readonly Finding[] })[]
  readonly failed: readonly {
    readonly node: string
    readonly name: string
    readonly since: Date
    /** It went back to the image before. */
    readonly rolledBack: boolean
    readonly error: { readonly code: string; readonly what: string; readonly hint: string } | undefined
  }[]
  readonly silent: NodeGroup
  /** Nodes that keep paths of their own. */
  readonly overriding: NodeGroup
  readonly silentSeconds: number
  /** Diffs nobody has judged, of images no channel leads to yet. */
  readonly unjudged: readonly {
    readonly diff: string
    readonly fromName: string
    readonly toName: string
    readonly to: string
    readonly high: number
    readonly since: Date
    /** What its review still needs, in words. */
    readonly needs: string
  }[]
  readonly rollouts: readonly Rollout[]
}

const ORDER = { high: 0, medium: 1, low: 2 } as const

/** The attention list of the first page: what needs a person, the gravest first, in plain words. Pure. */
export function attentionOf(facts: AttentionFacts): Attention[] {
  const silent = ofSilence(facts)
  const overrides = ofOverrides(facts)
  return [
    ...facts.findings.flatMap(ofFindings),
    ...facts.failed.map(ofFailure),
    ...(silent ? [silent] : []),
    ...(overrides ? [overrides] : []),
    ...facts.unjudged.map(ofDiff),
    ...facts.rollouts.flatMap(ofRollout),
  ]
    .sort((a, b) => ORDER[a.severity] - ORDER[b.severity] || (a.since < b.since ? 1 : a.since > b.since ? -1 : 0))
    .slice(0, ATTENTION_SHOWN)
}

const TITLES = {
  'unauthorized-package': { one: 'Unauthorized package', many: 'unauthorized packages', severity: 'high' },
  'wrong-version': { one: 'Wrong package version', many: 'packages of the wrong version', severity: 'medium' },
  'missing-package': { one: 'Missing package', many: 'missing packages', severity: 'medium' },
} as const

/** One entry per kind of finding that the group has. */
function ofFindings({ nodes, count, since, imageName, findings }: AttentionFacts['findings'][number]): Attention[] {
  const on = groupName({ nodes, count })
  return [...Map.groupBy(findings, ({ kind }) => kind)].map(([kind, ofKind]) => {
    const title = TITLES[kind]
    const [first] = ofKind
    const heading = ofKind.length === 1 ? title.one : `${ofKind.length} ${title.many}`
    const rest = ofKind.length > NODES_NAMED ? ` and ${ofKind.length - NODES_NAMED} more` : ''
    const detail = ofKind
      .slice(0, NODES_NAMED)
      .map((finding) => findingWords(finding, imageName))
      .join('; ')
    return {
      kind: 'finding',
      severity: title.severity,
      title: `${heading} on ${on}${first && ofKind.length === 1 ? `: ${first.package}` : ''}`,
      detail: `${detail}${rest}`,
      href: `/nodes/${nodes[0]?.node ?? ''}`,
      since: since.toISOString(),
    }
  })
}

function findingWords(finding: Finding, imageName: string): string {
  const { kind, package: name, architecture, installed, expected } = finding
  if (kind === 'unauthorized-package')
    return `${name} ${installed} (${architecture}) is not part of the image ${imageName}`
  if (kind === 'missing-package') return `${name} ${expected} (${architecture}) is not installed`
  return `${name} is ${installed}, the image ${imageName} has ${expected}`
}

function ofFailure({ node, name, since, rolledBack, error }: AttentionFacts['failed'][number]): Attention {
  return {
    kind: 'node-failed',
    severity: 'high',
    title: rolledBack ? `${name} went back to its image before` : `The last run on ${name} failed`,
    detail: error
      ? `${error.what} (${error.code}). ${sentence(error.hint)}`
      : 'The node reports that its last run failed.',
    href: `/nodes/${node}`,
    since: since.toISOString(),
  }
}

function ofSilence({ silent, silentSeconds }: AttentionFacts): Attention | undefined {
  if (silent.count === 0) return undefined
  return {
    kind: 'node-silent',
    severity: 'medium',
    title: `No word from ${groupName(silent)}`,
    detail: `${silent.count === 1 ? 'It has' : 'They have'} not checked in for more than ${seconds(silentSeconds)}.`,
    href: `/nodes/${silent.nodes[0]?.node ?? ''}`,
    since: silent.since.toISOString(),
  }
}

function ofOverrides({ overriding }: AttentionFacts): Attention | undefined {
  if (overriding.count === 0) return undefined
  const one = overriding.count === 1
  return {
    kind: 'node-overrides',
    severity: 'low',
    title: `Local overrides on ${groupName(overriding)}`,
    detail: `${one ? 'It keeps' : 'They keep'} paths that the image may have otherwise; ${one ? 'its runs' : "each one's runs"} name them.`,
    href: one ? `/nodes/${overriding.nodes[0]?.node ?? ''}` : '/nodes?q=flag%3Aoverrides',
    since: overriding.since.toISOString(),
  }
}

function ofDiff({ diff, fromName, toName, to, high, since, needs }: AttentionFacts['unjudged'][number]): Attention {
  const risk =
    high === 0 ? 'No change is of high risk.' : `${high} of its changes ${high === 1 ? 'is' : 'are'} of high risk.`
  const names = fromName === toName ? `to ${toName} (${shortDigest(to)})` : `from ${fromName} to ${toName}`
  return {
    kind: 'approval-needed',
    severity: 'medium',
    title: `The change ${names} waits for approval`,
    detail: `${risk} It ${needs}.`,
    href: `/diffs/${diff}`,
    since: since.toISOString(),
  }
}

function ofRollout(rollout: Rollout): Attention[] {
  if (rollout.state !== 'running') return []
  const entry = { href: `/rollouts/${rollout.rollout}`, since: rollout.started }
  const name = `Rollout ${rollout.rollout}`
  const waiting = rollout.waves.find(({ open }) => !open)
  if (!waiting) {
    const left = rollout.waves.reduce((sum, wave) => sum + wave.nodes - wave.converged, 0)
    if (left > 0) return []
    return [
      {
        ...entry,
        kind: 'rollout-waiting',
        severity: 'low',
        title: `${name} can be finished`,
        detail: 'Every wave is open and every node in it has converged.',
      },
    ]
  }
  const { verdict, reason } = waiting.gate
  if (verdict === 'failed')
    return [
      {
        ...entry,
        kind: 'rollout-failed',
        severity: 'high',
        title: `${name} failed before the wave ${waiting.name}`,
        detail: sentence(reason),
      },
    ]
  const passed = verdict === 'passed'
  return [
    {
      ...entry,
      kind: 'rollout-waiting',
      severity: passed ? 'medium' : 'low',
      title: passed ? `${name} may open the wave ${waiting.name}` : `${name} waits before the wave ${waiting.name}`,
      detail: sentence(reason),
    },
  ]
}

function groupName({ nodes, count }: Pick<NodeGroup, 'nodes' | 'count'>): string {
  const more = count - nodes.length
  return more > 0 ? `${nodes.map(({ name }) => name).join(', ')} and ${more} more` : named(nodes)
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${text.endsWith('.') ? '' : '.'}`
}
