import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { buildExecutable } from './agent/executable.ts'
import { writePackages } from './agent/packages.ts'
import { TARGETS } from './agent/runtimes.ts'

/*
 * `make agent` and `make agent-packages`: the agent as one executable, and as packages.
 * Usage: node tools/build-agent.ts [--target x64|x64-musl|arm64|arm64-musl] [--packages [--maintainer 'Name <mail>']] [DIRECTORY]
 * (default: x64, .cache/agent)
 */

const ROOT = join(import.meta.dirname, '..')
const { values, positionals } = parseArgs({
  options: {
    target: { type: 'string', default: 'x64' },
    packages: { type: 'boolean', default: false },
    maintainer: { type: 'string' },
  },
  allowPositionals: true,
})
const target = TARGETS.find((one) => one === values.target)
if (target === undefined) throw new Error(`there is no target ${values.target}: ${TARGETS.join(', ')}`)
const directory = resolve(positionals[0] ?? join(ROOT, '.cache/agent'))
mkdirSync(directory, { recursive: true })
const executable = join(directory, target === 'x64' ? 'holotype-agent' : `holotype-agent-${target}`)
await buildExecutable(target, executable)
process.stdout.write(`${executable}\n`)
if (values.packages) {
  const { maintainer } = values
  const paths = await writePackages({
    executable,
    target,
    directory,
    epoch: sourceDate(),
    ...(maintainer === undefined ? {} : { maintainer }),
  })
  for (const path of Object.values(paths)) process.stdout.write(`${path}\n`)
}

/** When these sources were last changed, unless SOURCE_DATE_EPOCH says otherwise: the same sources make the same packages. */
function sourceDate(): number {
  const told = process.env['SOURCE_DATE_EPOCH']
  return Number(told ?? execFileSync('git', ['log', '-1', '--format=%ct'], { cwd: ROOT }).toString())
}
