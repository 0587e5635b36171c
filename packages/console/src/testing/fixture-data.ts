import { createHash } from 'node:crypto'
import type {
  Attention,
  AuditRecord,
  Boot,
  DiffSummary,
  Finding,
  ImageSummary,
  NodeDetail,
  NodeSummary,
  Rollout,
  Status,
} from '@holotype/server/api'
import type { DiffDocument } from '../api/queries.ts'
import { firstBoot, hostileBoot, secondBoot } from './fixture-boot.ts'
import { fixtureDiff, hostileDiff, largeDiff } from './fixture-diff.ts'

/** Everything the fixture server answers with, in one state of the world. */
export interface FixtureWorld {
  readonly status: Status
  readonly nodes: readonly NodeSummary[]
  readonly nodeDetails: ReadonlyMap<string, NodeDetail>
  readonly rollouts: readonly Rollout[]
  readonly images: readonly ImageSummary[]
  readonly boots: ReadonlyMap<string, Boot | null>
  readonly diffs: readonly DiffSummary[]
  readonly diffDocuments: ReadonlyMap<string, DiffDocument>
  readonly audit: readonly AuditRecord[]
}

export const SCENARIOS = ['acme', 'calm', 'empty', 'large', 'hostile'] as const
export type Scenario = (typeof SCENARIOS)[number]

/** A digest that is the same for the same name. */
export function fixtureDigest(name: string): `sha256:${string}` {
  return `sha256:${createHash('sha256').update(name).digest('hex')}`
}

export const FIRST_IMAGE = fixtureDigest('web 1')
export const SECOND_IMAGE = fixtureDigest('web 2')
export const FIXTURE_ROLLOUT = 'r-000000000002'
export const FIXTURE_DIFF = fixtureDigest('diff 1 2')

const FIXTURE_POLICY = `sha256:${'9'.repeat(64)}`

/** Markup, a direction override, and a name without an end. */
export const HOSTILE = '<img src=x onerror="document.title=\'owned\'">\u202egnp.exe'
export const HOSTILE_LONG = `${'very-long-name-'.repeat(20)}end`

/** Builds a world as it stands at `now`, milliseconds since 1970. */
export function fixtureWorld(scenario: Scenario, now: number): FixtureWorld {
  const ago = (seconds: number): string => new Date(now - seconds * 1000).toISOString()
  if (scenario === 'empty') return emptyWorld(now)
  const nodes = scenario === 'large' ? manyNodes(ago) : sixNodes(ago, scenario)
  const rollout = fixtureRollout(ago, scenario, nodes)
  const channels = [fixtureChannel(nodes, rollout, scenario)]
  const diff =
    scenario === 'hostile'
      ? hostileDiff(fixtureDiff())
      : scenario === 'large'
        ? largeDiff(fixtureDiff())
        : fixtureDiff()
  const approvals =
    scenario === 'acme' || scenario === 'large'
      ? []
      : [
          {
            diff: FIXTURE_DIFF,
            actor: scenario === 'hostile' ? HOSTILE : 'anna',
            verdict: 'approved' as const,
            comment: scenario === 'hostile' ? HOSTILE : 'Read the openssl changelog; the sshd change is ours.',
            time: ago(1500),
            policy: FIXTURE_POLICY,
            hazards: scenario === 'hostile' ? [HOSTILE] : ['kernel-abi', 'setuid-helper'],
            proven: true,
            evidence: scenario === 'hostile' ? `${HOSTILE}\n${HOSTILE_LONG}` : '',
          },
        ]
  const review = {
    state: approvals.length === 0 ? ('open' as const) : ('approved' as const),
    words:
      approvals.length === 0
        ? 'needs 1 approval, 1 from security, somebody to name the hazard kernel-abi, somebody to name the hazard setuid-helper'
        : `1 approval: ${approvals[0]?.actor ?? ''}`,
    missing:
      approvals.length === 0
        ? [
            '1 approval',
            '1 from security',
            'somebody to name the hazard kernel-abi',
            'somebody to name the hazard setuid-helper',
          ]
        : [],
  }
  const people = scenario === 'hostile' ? [HOSTILE, HOSTILE_LONG] : ['bo', 'smoke-test']
  const [actor = '', other = ''] = people
  const comments = [
    {
      item: 'package:openssl',
      actor,
      text: scenario === 'hostile' ? HOSTILE_LONG : 'The new default groups are fine for our load balancers.',
      time: ago(1600),
    },
    {
      item: `hazard:${scenario === 'hostile' ? HOSTILE : 'kernel-abi'}`,
      actor,
      text: scenario === 'hostile' ? HOSTILE : 'The canaries restart tonight, the rest on Sunday.',
      time: ago(1550),
    },
    { item: '', actor: other, text: scenario === 'hostile' ? HOSTILE : 'All 212 checks passed.', time: ago(1500) },
  ]
  const reviewed = [
    ...['package:libssl3', 'package:sudo', 'file:/etc/ssh/sshd_config', 'hazard:kernel-abi'].map((item) => ({
      item,
      actor,
      time: ago(1580),
    })),
    { item: scenario === 'hostile' ? `package:${HOSTILE}` : 'package:sudo', actor: other, time: ago(1500) },
  ]
  return {
    status: {
      distribution: scenario === 'hostile' ? HOSTILE : 'acme',
      time: ago(0),
      attention: attentionOf(scenario, ago),
      channels,
      nodes: nodes.length,
      findings: nodes.reduce((sum, node) => sum + node.findings, 0),
      checked: [
        { source: 'nodes', time: ago(4) },
        { source: 'channel web', time: ago(31) },
        { source: 'database', time: ago(0) },
      ],
    },
    nodes,
    nodeDetails: new Map(nodes.slice(0, 50).map((node) => [node.node, detailOf(node, ago, scenario)])),
    rollouts: [rollout, firstRollout(ago)],
    images: [
      { image: SECOND_IMAGE, name: 'web', registered: ago(2400), packages: 152, files: 11_902, bytes: 611_204_117 },
      { image: FIRST_IMAGE, name: 'web', registered: ago(90_000), packages: 151, files: 11_874, bytes: 608_841_202 },
    ],
    boots: new Map([
      [FIRST_IMAGE, firstBoot],
      [
        SECOND_IMAGE,
        scenario === 'hostile' ? hostileBoot(HOSTILE, HOSTILE_LONG) : scenario === 'calm' ? null : secondBoot,
      ],
    ]),
    diffs: [
      {
        diff: FIXTURE_DIFF,
        from: FIRST_IMAGE,
        fromName: 'web',
        to: SECOND_IMAGE,
        toName: scenario === 'hostile' ? HOSTILE_LONG : 'web',
        registered: ago(2300),
        high: diff.summary.high,
        approvals,
        review,
      },
    ],
    diffDocuments: new Map([
      [
        FIXTURE_DIFF,
        {
          diff,
          authors: scenario === 'hostile' ? [HOSTILE, HOSTILE_LONG] : ['cy'],
          policy: FIXTURE_POLICY,
          review,
          approvals,
          comments,
          reviewed,
        },
      ],
    ]),
    audit: auditOf(scenario, ago),
  }
}

function emptyWorld(now: number): FixtureWorld {
  return {
    status: {
      distribution: 'acme',
      time: new Date(now).toISOString(),
      attention: [],
      channels: [],
      nodes: 0,
      findings: 0,
      checked: [
        { source: 'nodes', time: null },
        { source: 'database', time: new Date(now).toISOString() },
      ],
    },
    nodes: [],
    nodeDetails: new Map(),
    rollouts: [],
    images: [],
    boots: new Map(),
    diffs: [],
    diffDocuments: new Map(),
    audit: [],
  }
}

type Ago = (seconds: number) => string

const node = (index: number): string => `node-${fixtureDigest(`node ${index}`).slice(7, 23)}`

function sixNodes(ago: Ago, scenario: Scenario): NodeSummary[] {
  const calm = scenario === 'calm'
  const hostile = scenario === 'hostile'
  const make = (index: number, more: Partial<NodeSummary>): NodeSummary => ({
    node: node(index),
    name: `web-${index}.${index % 2 === 0 ? 'nbg1' : 'fra1'}.acme.example`,
    channel: 'web',
    labels: { role: 'web', site: index % 2 === 0 ? 'nbg1' : 'fra1', ...(index === 1 ? { canary: 'yes' } : {}) },
    image: SECOND_IMAGE,
    imageName: 'web',
    statement: 4,
    lastSeen: ago(3 + index * 4),
    lastOutcome: 'converged',
    kernel: '6.1.0-42-amd64',
    flags: [],
    findings: 0,
    ...more,
  })
  const behind = calm ? {} : { image: FIRST_IMAGE, statement: 3 }
  return [
    make(1, {}),
    make(2, { findings: calm ? 0 : 2, ...(hostile ? { name: HOSTILE, labels: { [HOSTILE]: HOSTILE_LONG } } : {}) }),
    make(3, { ...behind, ...(hostile ? { name: HOSTILE_LONG, kernel: HOSTILE_LONG } : {}) }),
    make(4, calm ? {} : { ...behind, lastOutcome: 'failed' }),
    make(5, { ...behind, flags: calm ? [] : ['reboot-required'] }),
    make(6, calm ? {} : { image: null, imageName: null, statement: 0, lastSeen: null, lastOutcome: null, kernel: '' }),
  ]
}

const SITES = ['ams1', 'fra1', 'nbg1', 'waw1'] as const

function manyNodes(ago: Ago): NodeSummary[] {
  return Array.from({ length: 5_000 }, (_, index) => {
    const site = SITES[index % SITES.length] ?? 'ams1'
    const isNew = index % 97 === 0
    return {
      node: node(index),
      name: `web-${index}.${site}.acme.example`,
      channel: 'web',
      labels: { role: index % 3 === 0 ? 'proxy' : 'web', site, rack: `r${index % 40}` },
      image: isNew ? null : index % 5 < 3 ? SECOND_IMAGE : index % 50 === 4 ? fixtureDigest('web 0') : FIRST_IMAGE,
      imageName: isNew ? null : 'web',
      statement: 4,
      lastSeen: isNew ? null : ago(index % 600),
      lastOutcome: isNew ? null : index % 61 === 0 ? 'failed' : 'converged',
      kernel: index % 7 === 0 ? '6.1.0-41-amd64' : '6.1.0-42-amd64',
      flags: index % 7 === 0 ? ['reboot-required'] : [],
      findings: index % 43 === 0 ? 1 + (index % 4) : 0,
    }
  })
}

function fixtureChannel(
  nodes: readonly NodeSummary[],
  rollout: Rollout,
  scenario: Scenario,
): Status['channels'][number] {
  const calm = scenario === 'calm'
  const counts = new Map<NodeSummary['image'], number>()
  for (const each of nodes) counts.set(each.image, (counts.get(each.image) ?? 0) + 1)
  return {
    channel: 'web',
    statement: 4,
    current: calm ? SECOND_IMAGE : FIRST_IMAGE,
    currentName: 'web',
    next: calm ? null : SECOND_IMAGE,
    nextName: calm ? null : 'web',
    rollout: calm ? null : rollout,
    nodes: nodes.length,
    byImage: [...counts].map(([image, count]) => ({ image, name: image === null ? '' : 'web', nodes: count })),
  }
}

function fixtureRollout(ago: Ago, scenario: Scenario, nodes: readonly NodeSummary[]): Rollout {
  const calm = scenario === 'calm'
  const rest = scenario === 'large' ? nodes.length - 600 : 4
  return {
    rollout: FIXTURE_ROLLOUT,
    channel: 'web',
    state: calm ? 'done' : 'running',
    from: FIRST_IMAGE,
    fromName: 'web',
    to: SECOND_IMAGE,
    toName: scenario === 'hostile' ? HOSTILE : 'web',
    diff: FIXTURE_DIFF,
    started: ago(420),
    ended: calm ? ago(60) : null,
    actor: 'anna',
    commit: fixtureDigest('commit 2').slice(7, 47),
    reason: scenario === 'hostile' ? HOSTILE_LONG : 'Patch day: openssl, sudo, our beacon 1.1',
    statement: 4,
    waves: [
      {
        name: 'canary',
        select: { role: 'web' },
        share: 3_333,
        open: true,
        opened: ago(420),
        nodes: scenario === 'large' ? 600 : 2,
        converged: scenario === 'large' ? 588 : 2,
        failed: scenario === 'large' ? 9 : 0,
        gate: { soak: 0, soaked: 0, success: 0, observed: 0, verdict: 'open', reason: 'opened with the rollout' },
      },
      {
        name: 'rest',
        select: {},
        share: 10_000,
        open: calm,
        opened: calm ? ago(120) : null,
        nodes: rest,
        converged: calm ? rest : 0,
        failed: calm ? 0 : 1,
        gate: calm
          ? {
              soak: 300,
              soaked: 300,
              success: 9_900,
              observed: 10_000,
              verdict: 'passed',
              reason: 'all of 2 nodes converged and soaked for 5 min',
            }
          : {
              soak: 600,
              soaked: 395,
              success: 9_900,
              observed: 10_000,
              verdict: 'waiting',
              reason: '2 of 2 nodes converged; 205 s of soak are left',
            },
      },
    ],
  }
}

function firstRollout(ago: Ago): Rollout {
  return {
    rollout: 'r-000000000001',
    channel: 'web',
    state: 'done',
    from: fixtureDigest('web 0'),
    fromName: 'web',
    to: FIRST_IMAGE,
    toName: 'web',
    diff: null,
    started: ago(88_000),
    ended: ago(87_000),
    actor: 'bogdan',
    commit: fixtureDigest('commit 1').slice(7, 47),
    reason: 'First image',
    statement: 2,
    waves: [
      {
        name: 'all',
        select: {},
        share: 10_000,
        open: true,
        opened: ago(88_000),
        nodes: 6,
        converged: 6,
        failed: 0,
        gate: { soak: 0, soaked: 0, success: 0, observed: 0, verdict: 'open', reason: 'opened with the rollout' },
      },
    ],
  }
}

function attentionOf(scenario: Scenario, ago: Ago): Attention[] {
  if (scenario === 'calm') return []
  const list: Attention[] = [
    {
      kind: 'rollout-waiting',
      severity: 'low',
      title: 'Rollout r-000000000001 waits before the wave rest',
      detail: '2 of 2 nodes converged; 205 s of soak are left',
      href: `/rollouts/${FIXTURE_ROLLOUT}`,
      since: ago(400),
    },
    {
      kind: 'approval-needed',
      severity: 'medium',
      title: 'web needs a review: 3 high risks',
      detail: '14 packages and 41 files change; nobody has approved it yet',
      href: `/diffs/${FIXTURE_DIFF}`,
      since: ago(2300),
    },
    {
      kind: 'finding',
      severity: 'high',
      title: '2 findings on web-2.nbg1.acme.example',
      detail: 'nmap is installed and not in the image; sudo has another version',
      href: `/nodes/${node(2)}`,
      since: ago(130),
    },
    {
      kind: 'node-failed',
      severity: 'high',
      title: 'The last run failed on web-4.nbg1.acme.example',
      detail: 'AGENT_DISK_FULL: 812 MiB are needed below /, 240 MiB are free',
      href: `/nodes/${node(4)}`,
      since: ago(95),
    },
  ]
  if (scenario !== 'hostile') return list
  return [
    ...list,
    {
      kind: 'node-silent',
      severity: 'high',
      title: HOSTILE,
      detail: HOSTILE_LONG,
      href: 'javascript:alert(1)',
      since: ago(10),
    },
    {
      kind: 'node-silent',
      severity: 'low',
      title: 'Elsewhere',
      detail: HOSTILE,
      href: '//elsewhere.example/',
      since: ago(10),
    },
  ]
}

function detailOf(summary: NodeSummary, ago: Ago, scenario: Scenario): NodeDetail {
  const findings: Finding[] = [
    { kind: 'unauthorized-package', package: 'nmap', architecture: 'amd64', installed: '7.93+dfsg1-1' },
    {
      kind: 'wrong-version',
      package: 'sudo',
      architecture: 'amd64',
      installed: '1.9.13p3-1+deb12u1',
      expected: '1.9.13p3-1+deb12u2',
    },
    { kind: 'missing-package', package: 'chrony', architecture: 'amd64', expected: '4.3-2+deb12u1' },
  ]
  const to = summary.image ?? FIRST_IMAGE
  const runs: NodeDetail['runs'] = [
    {
      run: `${summary.node}-3`,
      outcome: 'converged',
      from: FIRST_IMAGE,
      to,
      statement: 4,
      started: ago(200),
      milliseconds: 2_310,
      bytesFetched: 14_680_064,
      changed: { written: 212, removed: 31, metadata: 4 },
      repaired: ['/usr/lib/x86_64-linux-gnu/libpcre2-8.so.0.11.2', '/etc/haproxy/haproxy.cfg', '/usr/bin/curl'],
      repairedCount: 3,
      repairedOwners: {
        '/usr/lib/x86_64-linux-gnu/libpcre2-8.so.0.11.2': 'package:libpcre2-8-0',
        '/etc/haproxy/haproxy.cfg': 'spec',
        '/usr/bin/curl': 'package:curl',
      },
      triggers: [
        {
          name: 'reload-nginx',
          exit: 0,
          milliseconds: 48,
          output: 'nginx: configuration file /etc/nginx/nginx.conf test is successful\n',
        },
        {
          name: 'daemon-reload',
          exit: scenario === 'hostile' ? 1 : 0,
          milliseconds: 12,
          output: scenario === 'hostile' ? `${HOSTILE}\n${HOSTILE_LONG}\n`.repeat(300) : '',
        },
      ],
    },
    {
      run: `${summary.node}-2`,
      outcome: 'converged',
      from: FIRST_IMAGE,
      to: FIRST_IMAGE,
      statement: 3,
      started: ago(3800),
      milliseconds: 180,
      bytesFetched: 0,
      changed: { written: 0, removed: 0, metadata: 0 },
      repaired: [],
      repairedCount: 0,
      triggers: [],
    },
    {
      run: `${summary.node}-1`,
      outcome: 'converged',
      from: null,
      to: FIRST_IMAGE,
      statement: 2,
      started: ago(87_000),
      milliseconds: 21_400,
      bytesFetched: 201_326_592,
      changed: { written: 11_874, removed: 0, metadata: 0 },
      repaired: [],
      repairedCount: 0,
      triggers: [],
    },
  ]
  const failed: NodeDetail['runs'][number] = {
    run: `${summary.node}-4`,
    outcome: 'failed',
    from: FIRST_IMAGE,
    to: SECOND_IMAGE,
    statement: 4,
    started: ago(95),
    milliseconds: 640,
    bytesFetched: 0,
    changed: { written: 0, removed: 0, metadata: 0 },
    repaired: [],
    repairedCount: 0,
    triggers: [],
    error: {
      code: 'AGENT_DISK_FULL',
      what: '812 MiB are needed below /, 240 MiB are free',
      hint: 'Free space on the file system of /; nothing was changed.',
    },
  }
  return {
    ...summary,
    enrolled: ago(90_000),
    findingList: findings.slice(0, summary.findings),
    runs: summary.lastOutcome === null ? [] : summary.lastOutcome === 'failed' ? [failed, ...runs.slice(1)] : runs,
  }
}

const ACTIONS = [
  'image.register',
  'diff.register',
  'diff.approve',
  'statement.record',
  'wave.open',
  'token.issue',
  'node.enrol',
] as const

function auditOf(scenario: Scenario, ago: Ago): AuditRecord[] {
  const count = scenario === 'large' ? 4_000 : 24
  return Array.from({ length: count }, (_, index) => {
    const action = ACTIONS[index % ACTIONS.length] ?? 'image.register'
    return {
      id: count - index,
      time: ago(400 + index * 731),
      actor: index % 3 === 0 ? 'anna' : index % 3 === 1 ? 'holotype serve' : 'bogdan',
      action,
      subject: action.startsWith('diff')
        ? FIXTURE_DIFF
        : action.startsWith('image')
          ? SECOND_IMAGE
          : action.startsWith('node')
            ? node(index % 6)
            : 'web',
      reason:
        scenario === 'hostile' && index === 0
          ? HOSTILE
          : index % 4 === 0
            ? 'Patch day: openssl, sudo, our beacon 1.1'
            : '',
      commit: fixtureDigest(`commit ${index >> 3}`).slice(7, 47),
    }
  })
}
