import { mkdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { type Browser, chromium, type Page } from 'playwright-core'
import { z } from 'zod'

/*
 * Takes the README's pictures from a demo that is running: node tools/take-pictures.ts [ADDRESS [NAME…]], or make pictures.
 * Without an address, of the demo in work/demo. What is pictured is what the server says, in the light theme.
 */

const ROOT = join(import.meta.dirname, '..')
const INTO = join(ROOT, 'docs/images')
const CHROMIUM = '/usr/bin/chromium'
const WIDTH = 1280
/** Bytes a picture may have: readers load all of them with the page. */
const LIMIT = 250 * 1024
const SETTLED_MS = 800

interface Picture {
  readonly name: string
  readonly path: string
  readonly height: number
}

interface Newest {
  readonly diff: string
  readonly item: string
  readonly image: string
  /** Whether the change has any. A demo's has none: then the picture that is there stays. */
  readonly hazards: boolean
  readonly rollout: string | undefined
}

/** What is pictured: the newest change with the package open that names the most CVEs, what starts in its image, and the newest rollout. */
function picturesOf(newest: Newest): Picture[] {
  const item = encodeURIComponent(newest.item)
  return [
    { name: 'home', path: '/', height: 330 },
    { name: 'fleet', path: '/nodes?view=map', height: 460 },
    { name: 'review', path: `/diffs/${newest.diff}?item=${item}`, height: 900 },
    ...(newest.hazards ? [{ name: 'hazards', path: `/diffs/${newest.diff}`, height: 720 }] : []),
    { name: 'boot', path: `/images/${newest.image}/boot?unit=nginx.service`, height: 640 },
    ...(newest.rollout === undefined ? [] : [{ name: 'rollout', path: `/rollouts/${newest.rollout}`, height: 520 }]),
  ]
}

const change = z.looseObject({ name: z.string(), architecture: z.string(), cves: z.array(z.string()) })
const answers = {
  diffs: z.array(z.looseObject({ diff: z.string() })).min(1),
  rollouts: z.array(z.looseObject({ rollout: z.string() })),
  diff: z.looseObject({
    diff: z.looseObject({
      to: z.looseObject({ image: z.string() }),
      hazards: z.array(z.unknown()),
      packages: z.array(change),
    }),
  }),
}

async function newestOf(address: string): Promise<Newest> {
  const get = async (path: string): Promise<unknown> => (await fetch(`${address}/api/v1/${path}`)).json()
  const diff = answers.diffs.parse(await get('diffs'))[0]?.diff ?? ''
  const rollout = answers.rollouts.parse(await get('rollouts'))[0]?.rollout
  const { packages, to, hazards } = answers.diff.parse(await get(`diffs/${diff}`)).diff
  // Few enough that the changelog is in the picture too.
  const telling = packages.filter(({ cves }) => cves.length <= 12).toSorted((a, b) => b.cves.length - a.cves.length)[0]
  return {
    diff,
    rollout,
    image: to.image,
    hazards: hazards.length > 0,
    item: telling ? `p:${telling.name}:${telling.architecture}` : '',
  }
}

async function take(browser: Browser, address: string, picture: Picture): Promise<string> {
  const page = await browser.newPage({
    viewport: { width: WIDTH, height: picture.height },
    colorScheme: 'light',
    reducedMotion: 'reduce',
  })
  await page.goto(address + picture.path)
  await page.waitForTimeout(SETTLED_MS)
  await leaveOutKernel(page)
  // An open item scrolled into sight: the picture begins where the page does.
  await page.keyboard.press('Home')
  await page.waitForTimeout(SETTLED_MS / 4)
  const path = join(INTO, `${picture.name}.png`)
  await page.screenshot({ path })
  await page.close()
  const { size } = statSync(path)
  if (size > LIMIT) throw new Error(`${path} has ${size} bytes, more than ${LIMIT}`)
  return `${path}  ${Math.round(size / 1024)} KiB`
}

/** The nodes of a demo run on the kernel of the machine that it was started on, which says nothing about an image. */
async function leaveOutKernel(page: Page): Promise<void> {
  const kernels = await page.evaluate(async () => {
    const nodes: unknown = await (await fetch('/api/v1/nodes')).json()
    return nodes
  })
  const names = z.array(z.looseObject({ kernel: z.string() })).parse(kernels)
  for (const text of new Set(['Kernel', ...names.map(({ kernel }) => kernel)])) {
    for (const element of await page.getByText(text, { exact: true }).all()) {
      await element.evaluate((found) => found.setAttribute('style', 'visibility: hidden'))
    }
  }
}

if (import.meta.main) {
  const address = process.argv[2] ?? readFileSync(join(ROOT, 'work/demo/home/server-address'), 'utf8').trim()
  mkdirSync(INTO, { recursive: true })
  const browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-dev-shm-usage',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--no-first-run',
    ],
  })
  try {
    const names = process.argv.slice(3)
    const pictures = picturesOf(await newestOf(address)).filter(
      ({ name }) => names.length === 0 || names.includes(name),
    )
    for (const picture of pictures) process.stdout.write(`${await take(browser, address, picture)}\n`)
  } finally {
    await browser.close()
  }
}
