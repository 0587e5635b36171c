import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ProgressEvent, run, SYSTEM_PATH } from '@holotype/base'
import { initDistribution } from '@holotype/distribution'
import { run as createKeys } from '../commands/admin/keys-create.ts'
import { readConfig } from '../config.ts'
import { type Context, createContext } from '../context.ts'

export const FLAGS = { json: false, quiet: true }
export const ACTOR = 'ada'

/** A distribution with a commit and all its keys, whose server does not answer. */
export interface KeyedDistribution extends Disposable {
  readonly place: string
  readonly context: Context
  /** What was told on the way. */
  readonly events: readonly ProgressEvent[]
}

export async function keyedDistribution(): Promise<KeyedDistribution> {
  const place = mkdtempSync(join(tmpdir(), 'holotype-keyed-'))
  const git = (...words: string[]) => run(['git', '-C', place, ...words], { env: { PATH: SYSTEM_PATH, HOME: place } })
  initDistribution(place, 'acme')
  await git('init', '--quiet')
  const author = ['-c', 'user.name=a', '-c', 'user.email=a@example.org']
  await git(...author, 'commit', '--quiet', '--allow-empty', '--message', 'x')
  const events: ProgressEvent[] = []
  const context = createContext({
    config: readConfig({ HOLOTYPE_ACTOR: ACTOR, HOLOTYPE_DIRECTORY: place, HOLOTYPE_SERVER: 'http://127.0.0.1:1' }),
    flags: FLAGS,
    progress: (event) => void events.push(event),
    signal: new AbortController().signal,
    workingDirectory: process.cwd(),
  })
  await createKeys(context, FLAGS)
  return { place, context, events, [Symbol.dispose]: () => rmSync(place, { recursive: true, force: true }) }
}
