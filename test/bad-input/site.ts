import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Digest, SYSTEM_PATH } from '@holotype/base'
import { openStore } from '@holotype/store'
import { setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'
import { addName } from '../../packages/cli/src/work/names.ts'
import { storeImage, type SyntheticImage } from '../../packages/image/src/diff/testing/synthetic-image.ts'
import { AGENT, type Failure, failureOf, type Place, type Ran, type Running } from './place.ts'

const START_MS = 20_000

/** Puts an image into the store as composition would have, under the name `web`. */
export async function composed(place: Place, image: SyntheticImage): Promise<Digest> {
  mkdirSync(join(place.home, 'store'), { recursive: true })
  const store = openStore(join(place.home, 'store'))
  const digest = storeImage(store, image)
  addName(store, 'images', { name: 'web', digest })
  await store.flush()
  return digest
}

/** Starts `holotype serve` and waits until it listens. */
export async function startServer(place: Place): Promise<Running & { readonly address: string }> {
  const running = place.start(['serve', '--port', '0'])
  const file = join(place.home, 'server-address')
  const end = Date.now() + START_MS
  while (!existsSync(file)) {
    if (running.child.exitCode !== null || Date.now() > end) throw new Error((await running.ended).stderr)
    await delay(50)
  }
  return { ...running, address: readFileSync(file, 'utf8').trim() }
}

const runSchema = z.looseObject({ outcome: z.string(), image: z.string().nullable() })

/** One node: a root, a state, and the agent's command. */
export interface TestNode {
  readonly root: string
  readonly state: string
  /** One run that must go well. */
  run(): Promise<z.output<typeof runSchema>>
  /** One run that must fail, with what it says. */
  failure(...words: readonly string[]): Promise<Failure>
  /** As a person sees it. */
  plain(...words: readonly string[]): Promise<Ran>
}

/** Enrols a canary that pulls from `site`. */
export async function enrolNode(place: Place, name: string, site: string, server: string): Promise<TestNode> {
  const [root, state] = [join(place.directory, name, 'root'), join(place.directory, name, 'state')]
  const agent = (words: readonly string[]) => agentRun([...words, '--state', state])
  const { token } = z
    .looseObject({ token: z.string() })
    .parse(await place.result(['node', 'token', name, '--channel', 'web', '--label', 'tier=canary']))
  const enrolled = await agent(['enrol', '--server', server, '--site', site, '--token', token, '--root', root])
  if (enrolled.code !== 0) throw new Error(enrolled.stderr)
  const node: TestNode = {
    root,
    state,
    async run() {
      const { code, stdout } = await agent(['run', '--once', '--json'])
      if (code !== 0) throw new Error(`the run ended with ${code}: ${stdout}`)
      return runSchema.parse(linesOf(stdout, 'result')[0])
    },
    async failure(...words) {
      const ran = await agent([...words, '--json'])
      const [error, ...more] = linesOf(ran.stdout, 'error')
      if (!error || more.length > 0) throw new Error(`not one error: ${ran.stdout}`)
      return failureOf({ code: ran.code, stdout: '', stderr: JSON.stringify(error) })
    },
    plain: (...words) => agent(words),
  }
  return node
}

/** The values of one kind that the agent printed, one JSON object a line. */
function linesOf(stdout: string, kind: 'result' | 'error'): unknown[] {
  const line = z.record(z.string(), z.unknown())
  return stdout
    .trim()
    .split('\n')
    .map((text) => line.parse(JSON.parse(text))[kind])
    .filter((value) => value !== undefined)
}

function agentRun(words: readonly string[]): Promise<Ran> {
  const child = spawn(AGENT, words, { env: { PATH: SYSTEM_PATH } })
  let [stdout, stderr] = ['', '']
  child.stdout.on('data', (chunk) => (stdout += String(chunk)))
  child.stderr.on('data', (chunk) => (stderr += String(chunk)))
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve({ code: code ?? -1, stdout, stderr }))
  })
}
