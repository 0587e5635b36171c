import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildExecutable } from '../../tools/agent/executable.ts'

const STARTER = join(import.meta.dirname, '../../packaging/agent/run-agent')
const INSTALLED = 'agent=/usr/bin/holotype-agent\n'

/** The agent as packages install it: the executable of these sources, made anew, and the script that starts it. Gives the script's path. */
export async function shippedAgent(directory: string): Promise<string> {
  mkdirSync(directory, { recursive: true })
  const executable = join(directory, 'holotype-agent')
  await buildExecutable('x64', executable)
  const starter = join(directory, 'run-agent')
  writeFileSync(starter, starterOf(readFileSync(STARTER, 'utf8'), executable), { mode: 0o755 })
  return starter
}

/** The installed script, for an executable that lies elsewhere. */
export function starterOf(installed: string, executable: string): string {
  if (installed.split(INSTALLED).length !== 2) throw new Error(`${STARTER} does not say once: ${INSTALLED.trim()}`)
  return installed.replace(INSTALLED, `agent=${executable}\n`)
}
