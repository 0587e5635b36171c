import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { run } from '../../packages/base/src/index.ts'

/*
 * The runtime that the agent's executable carries: Bun, by processor and C library. That of this machine comes with `npm ci`; npm does not install
 * one for another system, so those are fetched by `npm pack` when they are asked for, and held to the digest that is written here.
 */

const ROOT = join(import.meta.dirname, '../..')
const VERSION = '1.4.5'

/** What an executable is made for: a processor, and the C library where it is not GNU's. */
export type Target = keyof typeof RUNTIMES

/** The npm package of each runtime, with the digest of its archive as the registry states it. */
const RUNTIMES = {
  x64: {
    package: '@oven/bun-linux-x64',
    integrity: 'IWX9BELoGHAUtMonkeSaNaZwXzRk+oDw6Mk+HBFXd3KHYIBNBsIGRupMZPcgNoDbJpLu6gAJjIoIVPZtt1aJ1g==',
  },
  'x64-musl': {
    package: '@oven/bun-linux-x64-musl',
    integrity: '10QoW/YfTgnURaGEaHpJCiXjLI2e5iTtfVDaA5JKcyUzaa1cq6cVUY9/Uq5XkYzvtRjHLRe9Oj/lTDIQcxy8HQ==',
  },
  arm64: {
    package: '@oven/bun-linux-aarch64',
    integrity: '4BXmsSKnjOrlGWqZV4x/oWa7AVoR+B6lCXddMzOAXBIm3t50eslg9wb66gmtW1AamEQ1l1CDvmmruysEhqOWMg==',
  },
  'arm64-musl': {
    package: '@oven/bun-linux-aarch64-musl',
    integrity: 'XCNc+WvvMAdNNb+OWTogpy+N9wm62fkVeEVLb6how0RZhW5LPi6c7BlkeVCuWps7XjEl2saFpHFa20/1E+PAHg==',
  },
} as const satisfies Record<string, { readonly package: string; readonly integrity: string }>

export const TARGETS: readonly Target[] = ['x64', 'x64-musl', 'arm64', 'arm64-musl']

/** The runtime that runs here: it bundles and links for every target. It comes with the lock file. */
export const hostRuntime: string = join(ROOT, 'node_modules', RUNTIMES.x64.package, 'bin/bun')

/** The file of a target's runtime, fetched if it is not there yet. @throws PROCESS_FAILED; Error when the archive has another digest */
export async function runtimeOf(target: Target): Promise<string> {
  if (target === 'x64') return hostRuntime
  const { package: name, integrity } = RUNTIMES[target]
  const place = join(ROOT, '.cache/agent/runtimes', `${target}-${VERSION}`)
  const file = join(place, 'package/bin/bun')
  if (existsSync(file)) return file
  const fetching = `${place}.part`
  rmSync(fetching, { recursive: true, force: true })
  mkdirSync(fetching, { recursive: true })
  const { stdout } = await run(['npm', 'pack', '--silent', '--pack-destination', fetching, `${name}@${VERSION}`], {
    cwd: fetching,
    // Which registry, and by which proxy, is this machine's own matter: npm reads it from the environment and the home directory.
    env: Object.fromEntries(
      Object.entries(process.env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
    ),
  })
  const archive = join(fetching, stdout.toString().trim())
  const digest = createHash('sha512').update(readFileSync(archive)).digest('base64')
  if (digest !== integrity) throw new Error(`${name}@${VERSION} is not the archive it was: sha512-${digest}`)
  await run(['tar', '--extract', '--gzip', '--no-same-owner', `--file=${archive}`, `--directory=${fetching}`])
  rmSync(archive)
  renameSync(fetching, place)
  return file
}
