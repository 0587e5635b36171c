import { describe, expect, it } from 'vitest'
import type { ImageDiff } from '../../types.ts'
import { renderDiffHtml } from './page.ts'

const HOSTILE = `<script>alert(1)</script>"'><img src=x onerror=alert(1)>\u202e&amp;`
const IMAGE = `sha256:${'a'.repeat(64)}` as const
const facts = { type: 'file', mode: 0o755, uid: 0, gid: 0, size: 1, capabilities: HOSTILE } as const

/** A diff whose every text is hostile. */
const hostile: ImageDiff = {
  schema: 'holotype.diff/1',
  from: { image: IMAGE, name: HOSTILE },
  to: { image: IMAGE, name: 'web' },
  summary: {
    packages: { added: 0, removed: 0, changed: 1 },
    files: { added: 0, removed: 0, changed: 2, metadata: 0 },
    bytes: -1,
    setuid: 0,
    capabilities: 1,
    cves: [HOSTILE],
    high: 1,
  },
  hazards: [{ id: HOSTILE, title: HOSTILE, happens: HOSTILE, todo: HOSTILE, evidence: [HOSTILE], more: 2 }],
  sonames: [{ soname: HOSTILE, neededBy: [{ package: HOSTILE, paths: [HOSTILE] }], providedBefore: [HOSTILE] }],
  advisories: [
    { change: 'brought', id: HOSTILE, title: HOSTILE, severity: HOSTILE, package: HOSTILE, from: HOSTILE, to: HOSTILE },
  ],
  bootOrder: [`+${HOSTILE}`],
  node: [
    {
      kind: 'node',
      risk: 'high',
      reasons: [HOSTILE],
      change: 'added',
      part: 'trigger',
      name: HOSTILE,
      facts: [{ name: 'run', after: HOSTILE }],
    },
  ],
  packages: [
    {
      kind: 'package',
      risk: 'high',
      reasons: [HOSTILE],
      change: 'upgraded',
      name: HOSTILE,
      source: `${HOSTILE}2`,
      architecture: 'amd64',
      from: HOSTILE,
      to: `${HOSTILE}2`,
      changelog: [
        { version: HOSTILE, distribution: HOSTILE, urgency: HOSTILE, date: HOSTILE, author: HOSTILE, text: HOSTILE },
      ],
      cves: [HOSTILE],
    },
  ],
  files: [
    {
      kind: 'file',
      risk: 'high',
      reasons: [HOSTILE],
      change: 'changed',
      path: `/${HOSTILE}`,
      owner: HOSTILE,
      before: facts,
      after: { ...facts, size: 2 },
      text: `--- a\n+++ b\n@@ -1 +1 @@\n-${HOSTILE}\n+${HOSTILE}\n`,
      details: {
        format: HOSTILE,
        facts: [
          { name: HOSTILE, before: HOSTILE, after: HOSTILE },
          { name: HOSTILE, added: [HOSTILE], removed: [HOSTILE], more: 1 },
        ],
        members: [{ path: HOSTILE, change: 'changed', text: `-${HOSTILE}` }],
      },
    },
    {
      kind: 'file',
      risk: 'none',
      reasons: [],
      change: 'added',
      path: `/usr/${HOSTILE}`,
      owner: 'spec',
      after: { type: 'symlink', mode: 0o777, uid: 0, gid: 0, size: 0, target: HOSTILE },
    },
  ],
}

describe('renderDiffHtml', () => {
  const page = renderDiffHtml(hostile, IMAGE)

  it('escapes everything, and draws what is invisible', () => {
    expect(page).not.toMatch(/<script|<img|\u202e/)
    expect(page.match(/&lt;script&gt;alert\(1\)/g)?.length).toBeGreaterThan(30)
    expect(page).toContain('\\u202e&amp;amp;')
    // Attributes hold words of ours only: no quote of a text can end one.
    expect(page).not.toMatch(/(class|id|href)="[^"]*&lt;/)
  })

  it('asks nothing of any other place', () => {
    expect(page).toContain(`content="default-src 'none'; style-src 'unsafe-inline'"`)
    expect(page.replaceAll(/src=x/g, '')).not.toMatch(/\b(src|href|action)=|url\(|@import/)
  })

  it('shows each part', () => {
    for (const heading of [
      'Hazards',
      'Libraries that go',
      'Advisories',
      'Order of start',
      'Nodes',
      'Packages',
      'Files that matter',
      'Other files',
    ])
      expect(page).toContain(`<h2>${heading}`)
    expect(page).toContain('<span class="a">+&lt;script&gt;')
    expect(page).toContain('<span class="d">-&lt;script&gt;')
  })
})
