import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import type { RunResult } from '@holotype/base'
import { createKeyring, type OpenPgpPublicKey } from '@holotype/trust'
import { describe, expect, it } from 'vitest'
import { aptWith } from '../testing/apt.ts'
import { dnfWith } from '../testing/dnf.ts'
import { memoryDirectory, testFolder } from '../testing/folder.ts'
import { writeSmall } from '../testing/packages.ts'
import { pacmanWith } from '../testing/pacman.ts'
import { serveStatic } from '../testing/static-server.ts'
import { THEN } from '../testing/upstream.ts'

/*
 * Clients ask again and again while another process publishes one state after the other, is killed at random moments and goes on: no
 * client ever sees an error. CLIENT_STATES=1000 makes it a soak test.
 */

const PROGRAM = join(import.meta.dirname, '../testing/own-process.ts')
const STATES = Number(process.env['CLIENT_STATES'] ?? 30)
/** States that a publisher makes, at most, before it is killed in the next. */
const STATES_OF_A_LIFE = 8
/** Milliseconds that one state takes, with the pause before it. */
const STATE_MS = 200

const folder = testFolder(memoryDirectory())

interface Place {
  /** Of the machine that asks. */
  readonly root: string
  readonly base: string
  readonly url: string
  readonly key: OpenPgpPublicKey
  readonly keyring: string
}

/** One round of what a machine does all day. */
type Client = () => Promise<readonly (readonly [what: string, RunResult])[]>

interface Kind {
  readonly title: string
  readonly format: 'deb' | 'rpm' | 'alpm'
  readonly architecture: string
  readonly tools: readonly string[]
  /** A version as the client says it. */
  readonly said: RegExp
  client(place: Place): Promise<Client>
}

const apt =
  (from: (place: Place) => string): Kind['client'] =>
  async (place) => {
    const run = aptWith(place.root, from(place), place.keyring)
    return async () => {
      rmSync(join(place.root, 'cache/archives'), { recursive: true, force: true })
      return [
        ['update', await run('update')],
        ['install', await run('install', '--download-only', 'hello')],
      ]
    }
  }

const KINDS: readonly Kind[] = [
  {
    title: 'apt by http',
    format: 'deb',
    architecture: 'amd64',
    tools: ['apt-get'],
    said: /hello_(\d+)-1_amd64\.deb|hello amd64 (\d+)-1/,
    client: apt(({ url }) => url),
  },
  {
    title: 'apt by file:',
    format: 'deb',
    architecture: 'amd64',
    tools: ['apt-get'],
    said: /hello_(\d+)-1_amd64\.deb|hello amd64 (\d+)-1/,
    client: apt(({ base }) => base),
  },
  {
    title: 'dnf by a mirror list',
    format: 'rpm',
    architecture: 'x86_64',
    tools: ['dnf', 'rpm'],
    said: /hello-(\d+)-1/,
    async client({ root, url, keyring }) {
      const run = dnfWith(root, `${url}/mirrorlist`, keyring)
      return async () => [
        ['repoquery', await run('--refresh', 'repoquery', '--latest-limit=1', '--qf', '%{name}-%{evr}', 'hello')],
        ['install', await run('install', '--downloadonly', 'hello')],
      ]
    },
  },
  {
    title: 'pacman by http, redirected to the state',
    format: 'alpm',
    architecture: 'x86_64',
    tools: ['pacman', 'gpg'],
    said: /hello-(\d+)-1/,
    async client({ root, url, key }) {
      const run = await pacmanWith(root, url, key)
      return async () => {
        for (const name of readdirSync(join(root, 'var/cache'))) rmSync(join(root, 'var/cache', name))
        return [
          ['-Sy', await run('-Sy')],
          ['-Sw', await run('-Sw', 'hello')],
        ]
      }
    },
  },
]

function reasonNot({ tools }: Kind): string {
  const missing = tools.filter((tool) => spawnSync(tool, ['--version']).status !== 0)
  if (missing.length > 0) return ` (skipped, because there is no ${missing.join(', ')})`
  return process.getuid?.() === 0 ? '' : ' (skipped, because pacman and dnf want root)'
}

/** Publishes state after state in processes that are killed after some of them; gives back how often. */
async function publishAll(argv: readonly string[], files: readonly string[], signal: AbortSignal): Promise<number> {
  const left = new Set(files)
  let kills = 0
  while (left.size > 0 && !signal.aborted) {
    const child = spawn(process.execPath, [PROGRAM, ...argv, ...left], { stdio: ['ignore', 'pipe', 'inherit'] })
    const stop = () => child.kill('SIGKILL')
    signal.addEventListener('abort', stop)
    let states = Math.floor(Math.random() * STATES_OF_A_LIFE)
    createInterface(child.stdout).on('line', (file) => {
      left.delete(file)
      // At any moment of the next state, which takes about so long.
      if (states-- === 0) setTimeout(stop, Math.random() * STATE_MS)
    })
    const [code, killed] = await once(child, 'close')
    signal.removeEventListener('abort', stop)
    if (killed === 'SIGKILL') kills++
    else if (code !== 0) throw new Error(`the publisher failed with ${code}`)
    // Also what one has published that was killed before it could say so.
    else break
  }
  return kills
}

describe('while states follow one another and their publisher is killed', () => {
  for (const kind of KINDS) {
    const reason = reasonNot(kind)
    it.skipIf(reason !== '')(`${kind.title} sees no error${reason}`, { timeout: 60_000 + STATES * 4000 }, async () => {
      const at = (path: string) => join(folder, kind.title.replaceAll(/\W+/g, '-'), path)
      const keys = await createKeyring(at('keys'), { now: new Date((THEN - 60) * 1000) })
      const key = await keys.openPgpPublicKey()
      writeFileSync(at('key.asc'), key.armored)
      writeFileSync(at('key.gpg'), key.binary)
      const files: string[] = []
      for (let state = 1; state <= STATES; state++)
        files.push(
          await writeSmall(at('built'), kind.format, { name: 'hello', version: String(state), depends: ['data'] }),
        )
      const data = await writeSmall(at('built'), kind.format, { name: 'data', version: '1' })
      const base = at('base')
      await using server = await serveStatic(base, { redirect: kind.format === 'alpm' })
      const argv = ['states', at(''), 'acme', base, kind.format, kind.architecture, server.url]
      const stopped = new AbortController()
      const [first = '', ...more] = files
      // Not killed: there must be something to see.
      const begun = spawnSync(process.execPath, [PROGRAM, ...argv, data, first], { encoding: 'utf8' })
      expect(begun.stderr).toBe('')
      const keyring = at(kind.format === 'deb' ? 'key.gpg' : 'key.asc')
      const client = await kind.client({ root: at('machine'), base, url: server.url, key, keyring })
      let done = false
      const publishing = publishAll(argv, more, stopped.signal).finally(() => {
        done = true
      })
      publishing.catch(() => {})
      const seen: string[] = []
      let rounds = 0
      try {
        // Once more after the last state.
        for (let last = false; !last; rounds++) {
          last = done
          for (const [what, { code, stdout, stderr }] of await client()) {
            const said = `${stdout.toString()}${stderr}`
            expect(code, `round ${rounds}, ${what}:\n${said}\n${server.asked.slice(-12).join('\n')}`).toBe(0)
            expect(said, `round ${rounds}, ${what}`).not.toMatch(/^(?:W:|E:|error|warning|Error)/im)
            const version = kind.said
              .exec(said)
              ?.slice(1)
              .find((one) => one !== undefined)
            if (version !== undefined) seen.push(version)
          }
          await delay(Math.random() * 40)
        }
      } finally {
        stopped.abort()
        await publishing.catch(() => {})
      }
      const kills = await publishing
      const story = `${rounds} rounds, ${kills} kills, saw ${seen.join(' ')}`
      expect(rounds, story).toBeGreaterThan(2)
      expect(kills, story).toBeGreaterThan(0)
      // Neither does a client go back, nor stay behind.
      expect(seen.map(Number)).toEqual(seen.map(Number).toSorted((a, b) => a - b))
      expect(seen.at(-1), story).toBe(String(STATES))
    })
  }
})
