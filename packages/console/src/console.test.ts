import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { FIRST_ROUTE_BYTES, POLL_MS } from './limits.ts'
import { type Bench, buildConsole, findChromium, startBench } from './testing/browser.ts'
import {
  FIRST_IMAGE,
  FIXTURE_DIFF,
  FIXTURE_ROLLOUT,
  fixtureWorld,
  HOSTILE,
  SECOND_IMAGE,
} from './testing/fixture-data.ts'

const chromium = await findChromium()
let folder = ''
let remove = async (): Promise<void> => {}

beforeAll(async () => {
  const built = await buildConsole()
  folder = built.folder
  remove = built.remove
})
afterAll(() => remove())

const nodes = fixtureWorld('acme', 0).nodes
const NODE = `/nodes/${nodes[1]?.node}`
const FAILED_NODE = `/nodes/${nodes[3]?.node}`

const BOOT = `/images/${SECOND_IMAGE}/boot`

/** Every view, with words that only stand there once it is drawn. */
const VIEWS = [
  ['home', '/', '4 things need you'],
  ['fleet', '/nodes', 'web-4.nbg1.acme.example'],
  ['fleet as a map', '/nodes?view=map&group=site', 'Point at a cell'],
  ['node', NODE, 'Not in the image'],
  ['node that failed', FAILED_NODE, 'AGENT_DISK_FULL'],
  ['rollouts', '/rollouts', 'Running'],
  ['rollout', `/rollouts/${FIXTURE_ROLLOUT}`, '205 s of soak are left'],
  ['images', '/images', 'needs 1 approval'],
  ['review', `/diffs/${FIXTURE_DIFF}?item=${encodeURIComponent('f:/etc/ssh/sshd_config')}`, '+PermitRootLogin no'],
  ['review of a package', `/diffs/${FIXTURE_DIFF}?item=p%3Alibssl3%3Aamd64`, 'CVE-2025-9231 (Timing'],
  [
    'review of a file within',
    `/diffs/${FIXTURE_DIFF}?item=${encodeURIComponent('f:/boot/initrd.img-6.12.48-amd64')}`,
    'and 210 members more',
  ],
  ['boot', `${BOOT}?from=${FIRST_IMAGE}&unit=nginx.service`, 'starts no longer'],
  ['boot as a table', `${BOOT}?view=table`, 'systemd-tmpfiles-setup.service'],
  ['audit log', '/audit', 'image.register'],
] as const

test('the first route is within its size', async () => {
  const html = await readFile(join(folder, 'index.html'), 'utf8')
  const loaded = [...html.matchAll(/(?:src|href)="\/([^"]+\.(?:js|css))"/g)].flatMap(([, path]) =>
    path === undefined ? [] : [path],
  )
  expect(loaded.length).toBeGreaterThan(2)
  let size = gzipSync(html).length
  for (const path of loaded) size += gzipSync(await readFile(join(folder, path))).length
  expect(size).toBeLessThan(FIRST_ROUTE_BYTES)
  expect(html).not.toMatch(/<script(?![^>]*\bsrc=)[^>]*>/)
})

describe.skipIf(chromium === undefined)(
  `in a browser${chromium === undefined ? ' (skipped, because no Chromium is installed)' : ''}`,
  () => {
    let bench: Bench

    beforeAll(async () => {
      bench = await startBench(folder, chromium ?? '')
    })
    afterAll(() => bench[Symbol.asyncDispose]())
    beforeEach(() => {
      bench.server.breakWith(undefined)
      bench.server.refuseEvents(false)
      bench.server.turnTo('acme')
    })

    const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js')

    /** The serious violations of WCAG 2.2 A and AA that axe finds, in words. */
    async function violations(page: Page, rules: 'all' | 'colours'): Promise<readonly string[]> {
      const run =
        rules === 'all'
          ? ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']
          : ['color-contrast', 'link-in-text-block']
      return page.evaluate(`axe.run(document, { runOnly: ${JSON.stringify(run)}, resultTypes: ['violations'] }).then((result) =>
      result.violations
        .filter((violation) => violation.impact === 'serious' || violation.impact === 'critical')
        .map((violation) => violation.id + ': ' + violation.nodes.map((node) => node.html + ' ' + node.failureSummary).join(' | ')))`)
    }

    const sideways = (page: Page): Promise<number> =>
      page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth')

    test.each(VIEWS)(
      '%s: drawn without a fault, accessible in both themes, no wider than the screen',
      async (_name, path, words) => {
        await using opened = await bench.open(path, { colorScheme: 'light' })
        const { page, faults } = opened
        await page.getByText(words).first().waitFor()
        await page.evaluate(await readFile(axe, 'utf8'))
        expect(await violations(page, 'all')).toEqual([])
        await page.emulateMedia({ colorScheme: 'dark' })
        await page.locator('html[data-mantine-color-scheme="dark"]').waitFor()
        // The theme changes colours and nothing else.
        expect(await violations(page, 'colours')).toEqual([])
        expect(await sideways(page)).toBeLessThanOrEqual(0)
        await page.setViewportSize({ width: 420, height: 900 })
        expect(await sideways(page)).toBeLessThanOrEqual(0)
        expect(faults).toEqual([])
      },
    )

    test('every empty view shows the command that makes the first item', async () => {
      bench.server.turnTo('empty')
      await using opened = await bench.open('/')
      for (const [path, command] of [
        ['/', 'holotype rollout start'],
        ['/nodes', 'holotype node token'],
        ['/rollouts', 'holotype rollout start'],
        ['/images', 'holotype image compose'],
        ['/audit', 'holotype apply'],
      ] as const) {
        await opened.page.goto(bench.server.address + path)
        await opened.page.locator('.empty code', { hasText: command }).waitFor()
      }
      expect(opened.faults).toEqual([])
    })

    test('by keyboard alone from home to the rollout, its change, and through the review', async () => {
      await using opened = await bench.open('/')
      const { page, faults } = opened
      await page.getByText('4 things need you').waitFor()
      await page.keyboard.type('jjjj')
      expect(await page.evaluate('document.activeElement.textContent')).toBe('Open the rollout')
      await page.keyboard.press('Enter')
      await page.waitForURL(`**/rollouts/${FIXTURE_ROLLOUT}`)
      await page.getByText('See what changes').waitFor()
      await page.keyboard.press('j')
      await page.keyboard.press('Enter')
      await page.waitForURL(`**/diffs/${FIXTURE_DIFF}`)
      await page.getByText('0 of 56 reviewed').waitFor()
      await page.keyboard.press('j')
      await page.locator('.detail h2', { hasText: 'trigger reload-nginx' }).waitFor()
      await page.keyboard.press('e')
      await page.getByText('1 of 56 reviewed').waitFor()
      await page.locator('.detail h2', { hasText: 'libssl3' }).waitFor()
      expect(page.url()).toContain('item=p%3Alibssl3%3Aamd64')
      await page.reload()
      await page.locator('.detail h2', { hasText: 'libssl3' }).waitFor()
      await page.getByText('1 of 56 reviewed').waitFor()
      await page.keyboard.press('k')
      await page.locator('.detail h2', { hasText: 'trigger reload-nginx' }).waitFor()
      await page.keyboard.press('e')
      await page.getByText('0 of 56 reviewed').waitFor()
      expect(faults).toEqual([])
    })

    test('the review says first what is dangerous, who has named it, and the command that does', async () => {
      await using opened = await bench.open(`/diffs/${FIXTURE_DIFF}`)
      const { page, faults } = opened
      await page.getByRole('heading', { name: 'Another kernel kernel-abi' }).waitFor()
      expect(await page.getByText('Nobody has named it').count()).toBe(2)
      await page.getByText('--hazard kernel-abi --hazard setuid-helper').waitFor()
      await page.getByRole('heading', { name: 'libpcre.so.3' }).waitFor()
      await page.getByText('The canaries restart tonight').waitFor()
      // Every number leads to what it counts.
      await page.locator('.strip a', { hasText: '1, 1' }).click()
      await page.waitForURL('**kind=privileges**')
      expect(await page.locator('.change-name').allTextContents()).toEqual([
        '/usr/sbin/beacon-probe',
        '/usr/bin/ping',
        'beacon',
      ])
      await page.locator('.strip div', { hasText: 'Nodes' }).getByRole('link').click()
      await page.waitForURL('**kind=nodes**')
      await page.locator('.change-name', { hasText: 'trigger reload-nginx' }).click()
      await page.locator('.inside ins', { hasText: 'nginx -t && systemctl reload nginx' }).waitFor()
      await page.getByText("--item trigger:reload-nginx 'TEXT'").waitFor()
      await page.locator('.strip a', { hasText: '1 brought' }).click()
      await page.waitForURL('**#advisories')
      // A comment leads to its item, which shows it with those who ticked it.
      await page.getByRole('link', { name: 'package:openssl' }).click()
      await page.locator('.detail h2', { hasText: 'openssl' }).waitFor()
      await page.locator('.detail .comments', { hasText: 'load balancers' }).waitFor()
      await page.getByText("--item package:openssl 'TEXT'").waitFor()
      await page.goto(`${bench.server.address}/diffs/${FIXTURE_DIFF}?item=p%3Asudo%3Aamd64`)
      await page.locator('.detail .readers', { hasText: 'bo, smoke-test' }).waitFor()
      bench.server.turnTo('calm')
      await page.getByText('Named by anna').first().waitFor()
      expect(await page.getByText('Nobody has named it').count()).toBe(0)
      expect(faults).toEqual([])
    })

    test('a file shows what changes within it: facts, members, members of members', async () => {
      const item = (path: string) => `/diffs/${FIXTURE_DIFF}?item=${encodeURIComponent(`f:${path}`)}`
      await using opened = await bench.open(item('/usr/lib/x86_64-linux-gnu/libssl.so.3'))
      const { page, faults } = opened
      await page.locator('.inside dt', { hasText: 'stack protector' }).waitFor()
      expect(await page.locator('.values li').count()).toBe(13)
      await page.getByRole('button', { name: 'Show all 19 values' }).click()
      expect(await page.locator('.values li').count()).toBe(20)
      await page.goto(bench.server.address + item('/boot/initrd.img-6.12.48-amd64'))
      await page.locator('summary', { hasText: 'libcrypto.so.3' }).click()
      await page.locator('.members .inside dt', { hasText: 'FORTIFY' }).waitFor()
      await page.locator('summary', { hasText: 'scripts/local-top/keymap' }).click()
      await page.getByText('+set -e').waitFor()
      await page.goto(bench.server.address + item('/var/lib/beacon/seed.db'))
      await page.getByText('the bytes differ and cannot be read').waitFor()
      expect(faults).toEqual([])
    })

    test('the order of start by keyboard: from the images to a unit, its reasons, and what changed', async () => {
      await using opened = await bench.open('/images')
      const { page, faults } = opened
      await page.getByText('What starts').first().waitFor()
      await page.keyboard.type('jj')
      expect(await page.evaluate('document.activeElement.textContent')).toBe('What starts')
      await page.keyboard.press('Enter')
      await page.waitForURL(`**${BOOT}`)
      await page.getByText('16 units in 9 steps').waitFor()
      await page.keyboard.type('j')
      await page.waitForURL('**unit=-.mount')
      await page.keyboard.type('/nginx')
      await page.keyboard.press('Enter')
      await page.getByText('1 of 16').waitFor()
      await page.keyboard.type('j')
      await page.locator('.detail h2', { hasText: 'nginx.service' }).waitFor()
      await page.locator('.edges li', { hasText: 'network-online.target After' }).waitFor()
      await page.getByLabel('Since').selectOption(FIRST_IMAGE)
      await page.getByText('starts no longer inetd.service').waitFor()
      await page.getByText('ssh.service after dbus.socket').waitFor()
      await page.reload()
      await page.locator('.detail h2', { hasText: 'nginx.service' }).waitFor()
      await page.getByText('starts no longer inetd.service').waitFor()
      expect(await page.locator('.boot-box.new').count()).toBe(2)
      await page.locator('.edges button', { hasText: 'basic.target' }).first().click()
      await page.locator('.detail h2', { hasText: 'basic.target' }).waitFor()
      await page.keyboard.press('Escape')
      await page.locator('.detail').waitFor({ state: 'detached' })
      bench.server.turnTo('calm')
      await page.getByText('Nothing starts in this image').waitFor()
      expect(faults).toEqual([])
    })

    test('chords go to the views, ? helps, and a field keeps its keys', async () => {
      await using opened = await bench.open('/')
      const { page } = opened
      await page.getByText('4 things need you').waitFor()
      for (const [chord, path] of [
        ['gi', '/images'],
        ['gr', '/rollouts'],
        ['ga', '/audit'],
        ['gh', '/'],
        ['gf', '/nodes'],
      ] as const) {
        await page.keyboard.type(chord)
        await page.waitForURL(`${bench.server.address}${path}`)
      }
      await page.getByText('all 6').waitFor()
      await page.keyboard.type('/gh')
      await page.waitForURL('**/nodes?q=gh')
      await page.keyboard.press('Escape')
      await page.keyboard.press('?')
      await page.getByRole('dialog').waitFor()
      await page.keyboard.press('Escape')
      await page.getByRole('dialog').waitFor({ state: 'hidden' })
    })

    test('filter, sort and selection of the fleet are in the address and survive a reload', async () => {
      await using opened = await bench.open('/nodes')
      const { page } = opened
      const names = page.locator('.fleet tbody th')
      await page.getByText('all 6').waitFor()
      await page.keyboard.type('/site=fra1 -state:failed')
      await page.keyboard.press('Enter')
      await page.getByText('3 of 6').waitFor()
      await page.getByRole('button', { name: 'Node' }).click()
      await page.waitForURL(/sort=-name/)
      await page.keyboard.press('Escape')
      await page.locator('h1').click()
      await page.keyboard.type('jj')
      await page.waitForURL(/sel=/)
      const before = await names.allTextContents()
      expect(before).toEqual(['web-5.fra1.acme.example', 'web-3.fra1.acme.example', 'web-1.fra1.acme.example'])
      await page.reload()
      await page.getByText('3 of 6').waitFor()
      expect(await names.allTextContents()).toEqual(before)
      expect(await page.getByRole('searchbox').inputValue()).toBe('site=fra1 -state:failed')
      expect(await page.locator('tr[data-selected] th').textContent()).toBe(before[1])
      await page.keyboard.press('Enter')
      await page.waitForURL(`**/nodes/${nodes[2]?.node}`)
      await page.goBack()
      await page.getByText('3 of 6').waitFor()
    })

    test('five thousand nodes and twenty thousand changes: only what is in sight is drawn', async () => {
      bench.server.turnTo('large')
      await using fleet = await bench.open('/nodes')
      await fleet.page.getByText('all 5,000').waitFor()
      expect(await fleet.page.locator('.fleet tbody tr').count()).toBeLessThan(80)
      await fleet.page.keyboard.press('End')
      await fleet.page.getByText('web-4999.').waitFor()
      await fleet.page.keyboard.press('k')
      await fleet.page.locator('tr[data-selected] a:focus', { hasText: 'web-4999' }).waitFor()
      await using review = await bench.open(`/diffs/${FIXTURE_DIFF}`)
      await review.page.getByText('0 of 20,056 reviewed').waitFor()
      expect(await review.page.locator('.change').count()).toBeLessThan(80)
      expect([...fleet.faults, ...review.faults]).toEqual([])
    })

    test.each([
      ['home', '/', 'Elsewhere'],
      ['fleet', '/nodes', 'very-long-name'],
      ['node', NODE, '⟨U+202E⟩'],
      ['rollout', `/rollouts/${FIXTURE_ROLLOUT}`, 'very-long-name'],
      ['images', '/images', '⟨U+202E⟩'],
      ['review', `/diffs/${FIXTURE_DIFF}`, '⟨U+202E⟩'],
      ['boot', `${BOOT}?unit=very`, '⟨U+202E⟩'],
      ['boot as a table', `${BOOT}?view=table`, '⟨U+202E⟩'],
      ['audit log', '/audit', '⟨U+202E⟩'],
    ])('%s: hostile names stand there as text', async (_name, path, words) => {
      bench.server.turnTo('hostile')
      await using opened = await bench.open(path, { viewport: { width: 420, height: 900 } })
      const { page, faults } = opened
      await page.getByText(words).filter({ visible: true }).first().waitFor()
      if (path.startsWith('/diffs')) {
        await page.keyboard.press('j')
        await page.locator('.detail h2').waitFor()
        // The file whose details are hostile too, with all that unfolds open.
        await page.goto(`${bench.server.address}${path}?item=${encodeURIComponent(`f:/etc/${HOSTILE}`)}`)
        await page.locator('.detail .inside').first().waitFor()
        await page.evaluate("document.querySelectorAll('.detail details').forEach((each) => { each.open = true })")
      }
      if (path.startsWith('/images/')) {
        await page.keyboard.press('j')
        await page.locator('.detail h2').waitFor()
      }
      expect(await page.locator('img').count()).toBe(0)
      expect(await page.title()).not.toBe('owned')
      expect(await page.evaluate('document.body.innerText')).not.toMatch(/[\u202a-\u202e\u2066-\u2069]/)
      expect(await page.locator('a:not([href^="/"]):not([href="#main"]), a[href^="//"]').count()).toBe(0)
      expect(await sideways(page)).toBeLessThanOrEqual(0)
      expect(faults).toEqual([])
    })

    test('what changes on the server is drawn without asking; when the stream is down, by asking', async () => {
      await using opened = await bench.open('/')
      const { page } = opened
      await page.getByText('Live', { exact: true }).waitFor()
      bench.server.turnTo('calm')
      await page.getByText('Nothing needs you').waitFor({ timeout: 10_000 })
      bench.server.refuseEvents(true)
      await page.getByText(`Every ${POLL_MS / 1000} s`).waitFor()
      bench.server.turnTo('acme')
      await page.getByText('4 things need you').waitFor({ timeout: POLL_MS + 10_000 })
    })

    test('an error shows code, hint and request; data that was there stays, marked as old', async () => {
      await using missing = await bench.open('/nodes/no-such-node')
      for (const words of ['SERVER_NOT_FOUND', 'Look it up in its list.', 'req-7f3a'])
        await missing.page.getByText(words).waitFor()
      await using opened = await bench.open('/rollouts')
      await opened.page.getByText('Running', { exact: true }).waitFor()
      bench.server.breakWith('problem')
      await opened.page.getByText('Not fresh').waitFor()
      await opened.page.getByText('SERVER_DATABASE_GONE').waitFor()
      await opened.page.getByText('Running', { exact: true }).waitFor()
      bench.server.breakWith('hang-up')
      await using dead = await bench.open('/audit')
      await dead.page.getByText('CONSOLE_UNREACHABLE').waitFor()
    })

    test('the theme is remembered, the twin shown on request', async () => {
      await using opened = await bench.open('/images', { colorScheme: 'light' })
      const { page } = opened
      const toggle = page.getByRole('button', { name: /^Colours:/ })
      await toggle.click()
      await toggle.click()
      await page.locator('html[data-mantine-color-scheme="dark"]').waitFor()
      await page.reload()
      await page.locator('html[data-mantine-color-scheme="dark"]').waitFor()
      await page.getByText(SECOND_IMAGE.slice(7, 19)).first().waitFor()
      await page.getByRole('button', { name: 'CLI' }).click()
      await page.getByText('GET /api/v1/images').waitFor()
      await page.getByText('holotype image list').waitFor()
    })
  },
)
