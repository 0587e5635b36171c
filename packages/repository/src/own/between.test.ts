import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { RunResult } from '@holotype/base'
import { createKeyring, type OpenPgpPublicKey } from '@holotype/trust'
import { describe, expect, it } from 'vitest'
import { dnfWith } from '../testing/dnf.ts'
import { testFolder } from '../testing/folder.ts'
import { OWN_SETTINGS, ownRepository } from '../testing/own.ts'
import { writeSmall } from '../testing/packages.ts'
import { pacmanWith } from '../testing/pacman.ts'
import { serveStatic } from '../testing/static-server.ts'
import { THEN } from '../testing/upstream.ts'
import { ingest } from './ingest.ts'
import { publish } from './publish.ts'

/*
 * pacman and dnf fetch a top and its signature in two requests. A new state may come between them: what then keeps them together is a
 * redirect to the state (pacman asks for the signature where it was redirected to) or an address of the state (dnf, by its mirror list; without one it tries a second time, and then gives up).
 */

const has = (tool: string) => spawnSync(tool, ['--version']).status === 0
const isRoot = process.getuid?.() === 0
const [noPacman, noDnf] = ['pacman', 'dnf'].map((tool) =>
  has(tool) ? (isRoot ? '' : ` (skipped, because ${tool} wants root)`) : ` (skipped, because there is no ${tool})`,
)

const folder = testFolder()
let places = 0

interface Place {
  readonly root: string
  readonly url: string
  /** A file. */
  readonly armored: string
  readonly key: OpenPgpPublicKey
}

interface Between {
  readonly format: 'rpm' | 'alpm'
  /** The name of the top: each time that it is sent, the next state is published before its signature is. */
  readonly top: string
  readonly redirect: boolean
  client(place: Place): Promise<() => Promise<RunResult>>
}

/** What a client says when a new state comes after it read the top. */
async function askBetween({ format, top, redirect, client }: Between): Promise<RunResult> {
  const place = join(folder, `${++places}`)
  const keys = await createKeyring(join(place, 'keys'), { now: new Date((THEN - 60) * 1000) })
  const key = await keys.openPgpPublicKey()
  const armored = join(place, 'key.asc')
  writeFileSync(armored, key.armored)
  const repository = await ownRepository(place, 'acme', format)
  const base = join(place, 'base')
  const write = (version: string) => writeSmall(join(place, 'built'), format, { name: 'hello', version })
  await ingest(repository, await write('1'))
  let version = 1
  let armed = false
  const next = async () => {
    await ingest(repository, await write(String(++version)))
    await publish(repository, base, settings)
  }
  await using server = await serveStatic(base, {
    redirect,
    async before(path) {
      if (armed && path.endsWith(`/${top}`)) await next()
    },
  })
  const settings = { ...OWN_SETTINGS, architectures: ['x86_64'], url: server.url }
  await publish(repository, base, settings)
  const ask = await client({ root: join(place, 'machine'), url: server.url, armored, key })
  // dnf takes the key when it sees a signature for the first time, and then begins anew.
  expect(await ask()).toMatchObject({ code: 0 })
  await next()
  armed = true
  const result = await ask()
  expect(version, 'a state came between').toBeGreaterThan(2)
  return result
}

describe('a state that comes between a top and its signature', () => {
  const pacman: Omit<Between, 'redirect'> = {
    format: 'alpm',
    top: 'stable.db',
    async client({ root, url, key }) {
      const run = await pacmanWith(root, url, key)
      return () => run('-Sy')
    },
  }
  it.skipIf(noPacman !== '')(`is no error to pacman that was redirected to its own${noPacman}`, async () => {
    expect(await askBetween({ ...pacman, redirect: true })).toMatchObject({ code: 0, stderr: '' })
  })
  it.skipIf(noPacman !== '')(`is one to pacman that was not${noPacman}`, async () => {
    const { code, stderr } = await askBetween({ ...pacman, redirect: false })
    expect(code).toBe(1)
    expect(stderr).toContain('signature from "Holotype repository" is invalid')
  })

  const dnf = (path: string): Between => ({
    format: 'rpm',
    top: 'repodata/repomd.xml',
    redirect: false,
    async client({ root, url, armored }) {
      const run = dnfWith(root, `${url}${path}`, armored)
      return () => run('--refresh', 'makecache')
    },
  })
  it.skipIf(noDnf !== '')(`is no error to dnf that has a mirror list${noDnf}`, async () => {
    expect(await askBetween(dnf('/mirrorlist'))).toMatchObject({ code: 0 })
  })
  it.skipIf(noDnf !== '')(`is one to dnf that has the base alone${noDnf}`, async () => {
    const { code, stderr } = await askBetween(dnf(''))
    expect(code).toBe(1)
    expect(stderr).toMatch(/repomd\.xml GPG signature verification error/)
  })
})
