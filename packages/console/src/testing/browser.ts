import { execFile } from 'node:child_process'
import { access, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { type FixtureServer, startFixtureServer } from './fixture-server.ts'

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'] as const

/** A browser of this machine, or undefined: the tests that need one are then skipped. */
export async function findChromium(): Promise<string | undefined> {
  for (const place of PLACES) {
    const found = await access(place).then(
      () => true,
      () => false,
    )
    if (found) return place
  }
  return undefined
}

/** Builds the console as it is delivered into a fresh folder; `dist/` is left alone. */
export async function buildConsole(): Promise<{ readonly folder: string; readonly remove: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'holotype-console-'))
  const vite = join(dirname(fileURLToPath(import.meta.resolve('vite/package.json'))), 'bin', 'vite.js')
  const root = join(import.meta.dirname, '..', '..')
  // A process of its own with a plain environment: the test runner's would give a development build.
  await promisify(execFile)(
    process.execPath,
    [vite, 'build', root, '--outDir', folder, '--emptyOutDir', '--logLevel', 'warn'],
    {
      env: { PATH: '/usr/bin:/bin' },
      timeout: 60_000,
    },
  )
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) }
}

/** A page that keeps account of what should not happen: errors on the console, requests to anywhere else. */
export interface WatchedPage extends AsyncDisposable {
  readonly page: Page
  readonly faults: string[]
}

/** The built console, the fixture server and a browser, together. */
export interface Bench extends AsyncDisposable {
  readonly server: FixtureServer
  readonly open: (path: string, options?: BrowserContextOptions) => Promise<WatchedPage>
}

/** Sets the bench up from a built console. */
export async function startBench(folder: string, executablePath: string): Promise<Bench> {
  const server = await startFixtureServer({ folder })
  const browser: Browser = await chromium.launch({
    executablePath,
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
  const open: Bench['open'] = async (path, options = {}) => {
    const context = await browser.newContext({
      viewport: { width: 1440, height: 900 },
      reducedMotion: 'reduce',
      ...options,
    })
    const page = await context.newPage()
    page.setDefaultTimeout(10_000)
    const faults: string[] = []
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') faults.push(message.text())
    })
    page.on('pageerror', (error) => faults.push(error.message))
    page.on('request', (request) => {
      if (!request.url().startsWith(server.address)) faults.push(`request to ${request.url()}`)
    })
    await page.goto(server.address + path)
    return { page, faults, [Symbol.asyncDispose]: () => context.close() }
  }
  return {
    server,
    open,
    [Symbol.asyncDispose]: async () => {
      await browser.close()
      await server[Symbol.asyncDispose]()
    },
  }
}
