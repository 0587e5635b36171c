import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { displayWidth } from '@holotype/base'
import { openStore } from '@holotype/store'
import { describe, expect, it } from 'vitest'
import type { ImageDiff } from '../types.ts'
import { diffImages } from './diff-images.ts'
import { renderDiff } from './render-diff.ts'
import { changelogEntry, storeImage, type SyntheticImage } from './testing/synthetic-image.ts'
import { temporaryDirectory } from './testing/temporary.ts'

const store = openStore(join(temporaryDirectory(), 'store'))
const plain = { color: false, width: 100, limit: 0 }

function diffOf(before: SyntheticImage, after: SyntheticImage): ImageDiff {
  return diffImages(store, storeImage(store, before), storeImage(store, after)).diff
}

const ssl = (version: string, log: string) => ({ name: 'libssl3', source: 'openssl', version, changelog: log })
const old = changelogEntry('openssl', '3.0.1-1', 'Old')
const patched =
  changelogEntry('openssl', '3.0.2-1', 'Fix CVE-2025-12345', { suite: 'bookworm-security', urgency: 'high' }) + old
const before: SyntheticImage = {
  packages: [ssl('3.0.1-1', old), { name: 'gone', version: '1' }, { name: 'z', version: '1.0' }],
  files: { 'etc/app.conf': 'workers 1\nlog on\n', 'usr/bin/a': { content: 'a', mode: 0o755 }, 'etc/sudoers': 'x\n' },
}
const after: SyntheticImage = {
  packages: [ssl('3.0.2-1', patched), { name: 'z', version: '1.1' }],
  files: { 'etc/app.conf': 'workers 8\nlog on\n', 'usr/bin/a': { content: 'a', mode: 0o4755 }, 'etc/sudoers': 'y\n' },
}

describe('renderDiff', () => {
  it('shows what a reviewer wants first, first', () => {
    const diff = diffOf(before, after)
    const text = renderDiff(diff, plain)
    expect(text.replace(/[0-9a-f]{12}/g, 'DIGEST')).toBe(`web DIGEST  →  web DIGEST

  packages     +0      −1      ~2
  files        +0      −0      ~2      metadata 1
  size         0 B
  CVEs fixed   1
  privileges   setuid 1   capabilities 0
  high risk    2

Packages  3, highest risk first

medium  − gone     1
          the package goes

medium  ~ libssl3  3.0.1-1 → 3.0.2-1  (openssl)
          part of the TLS library; fixes 1 CVE; a security upload (bookworm-security);
          uploaded with urgency high
          CVE-2025-12345
          3.0.2-1  bookworm-security  urgency high  Mon, 06 Jan 2025
            * Fix CVE-2025-12345

low     ~ z        1.0 → 1.1

Files  3, privileges first, then by risk, then by directory

HIGH    m -rwsr-xr-x  0:0            1 B  /usr/bin/a  spec
          -rwxr-xr-x  0:0            1 B  before
          becomes setuid root

HIGH    ~ -rw-r--r--  0:0            2 B  /etc/sudoers  spec
          says who may become root (sudo)
            @@ -1 +1 @@
            -x
            +y

/etc:
        ~ -rw-r--r--  0:0           17 B  app.conf
            @@ -1,2 +1,2 @@
            -workers 1
            +workers 8
             log on
`)
  })

  it('says so when nothing differs', () => {
    const diff = diffOf(before, before)
    expect(renderDiff(diff, plain)).toMatch(/No difference/)
  })

  it('says the same with colours, and nothing by colour alone', () => {
    const diff = diffOf(before, after)
    const coloured = renderDiff(diff, { ...plain, color: true })
    expect(coloured).toContain('\u001b[31m')
    expect(stripVTControlCharacters(coloured).replace(/ +$/gm, '')).toBe(renderDiff(diff, plain))
  })

  it('lists no more than its limit, and says how much it leaves out', () => {
    const many = (generation: string): SyntheticImage => ({
      packages: Array.from({ length: 30 }, (_, index) => ({ name: `p${index}`, version: `1.${generation}` })),
      files: Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`usr/bin/f${index}`, `\0${generation}`])),
    })
    const text = renderDiff(diffOf(many('1'), many('2')), { ...plain, limit: 10 })
    expect(text).toContain('… and 20 more packages')
    expect(text).toContain('… and 20 more files of low or no risk')
    expect(text.split('\n').length).toBeLessThan(45)
    expect(renderDiff(diffOf(many('1'), many('2')), plain).split('\n').length).toBeGreaterThan(70)
  })

  it('shows the text of configuration, and not a few lines of a large bundle', () => {
    const bundle = (first: string) => `${first}\n${'a line of a certificate\n'.repeat(4000)}`
    const files = (first: string) => ({ 'etc/bundle.pem': bundle(first), 'etc/small.conf': `${first}\n` })
    const text = renderDiff(diffOf({ files: files('one') }, { files: files('two') }), plain)
    expect(text).toContain('bundle.pem')
    expect(text.split('+two').length - 1).toBe(1)
  })

  it('keeps package lines and texts within the width', () => {
    const long = 'word '.repeat(60)
    const diff = diffOf(
      { packages: [ssl('3.0.1-1', old)], files: { 'etc/x': `${long}\n` } },
      {
        packages: [
          ssl(`3.0.2-1+${'9'.repeat(90)}`, changelogEntry('openssl', `3.0.2-1+${'9'.repeat(90)}`, long) + old),
        ],
        files: { 'etc/x': `日本語${long}\n` },
      },
    )
    for (const line of renderDiff(diff, { ...plain, width: 70 }).split('\n'))
      expect(displayWidth(line)).toBeLessThanOrEqual(70)
  })

  it('lets no package steer the terminal', () => {
    const evil = '\u001b]0;owned\u0007\u001b[2J\u202etxt\r\u009b31m'
    const diff = diffOf(
      { packages: [ssl('3.0.1-1', old)], files: { 'etc/x': 'a\n' } },
      {
        packages: [ssl('3.0.2-1', changelogEntry('openssl', '3.0.2-1', `CVE-2025-1111 ${evil}`) + old)],
        files: { 'etc/x': `${evil}\n`, [`etc/${evil}`]: '', 'etc/l': { link: evil } },
      },
    )
    // oxlint-disable-next-line no-control-regex -- control characters are what must not be there
    expect(renderDiff(diff, plain)).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/)
  })
})
