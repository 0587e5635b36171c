import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { createRenderer, painter, run, runTask } from '../packages/base/src/index.ts'

/*
 * `make check`: what must hold of the code besides its tests. Every check runs, also after one has failed, two at a time; what a failed one
 * printed comes at the end.
 */

const root = join(import.meta.dirname, '..')
const bin = join(root, 'node_modules/.bin')

interface Check {
  readonly title: string
  readonly argv: readonly [string, ...string[]]
}

const checks: readonly Check[] = [
  { title: 'types of the packages', argv: ['tsc', '-p', '.'] },
  { title: 'lint, with types', argv: ['oxlint', '--type-aware', '--quiet'] },
  { title: 'import rules', argv: ['node', 'tools/import-rules.ts'] },
  { title: 'types of the console', argv: ['tsc', '-p', 'packages/console'] },
  { title: 'dead code', argv: ['knip', '--no-progress', '--treat-config-hints-as-errors'] },
  { title: 'format', argv: ['biome', 'format'] },
  { title: 'generated reference', argv: ['node', 'tools/generate-reference.ts', '--check'] },
  { title: 'file sizes', argv: ['node', 'tools/file-sizes.ts'] },
]

const terminal = process.stderr.isTTY && !process.env.CI
const renderer = createRenderer(process.stderr, {
  style: terminal ? 'terminal' : 'lines',
  paint: painter(terminal && !process.env.NO_COLOR),
})
const failures: string[] = []

/** Lines of a failed check that are shown: its beginning, where most tools are most telling. */
const SHOWN_LINES = 200

async function runCheck({ title, argv: [program, ...args] }: Check): Promise<void> {
  const local = join(bin, program)
  const lines: string[] = []
  await runTask(renderer.progress, { title }, () =>
    run([existsSync(local) ? local : program, ...args], {
      cwd: root,
      env: { PATH: `${bin}:${process.env.PATH ?? ''}`, NO_COLOR: '1' },
      onLine: (line) => lines.push(line),
    }),
  ).catch((error: unknown) => {
    const more = lines.length > SHOWN_LINES ? [`… ${lines.length - SHOWN_LINES} more lines`] : []
    // A check that never ran has printed nothing: then the error itself tells why.
    const printed = lines.length > 0 ? [...lines.slice(0, SHOWN_LINES), ...more] : [String(error)]
    failures.push(`── ${title}: ${[program, ...args].join(' ')}\n${printed.join('\n')}`)
  })
}

const queue = [...checks]
const worker = async () => {
  for (let check = queue.shift(); check; check = queue.shift()) await runCheck(check)
}
await Promise.all([worker(), worker()])
renderer.close()
for (const failure of failures) console.log(`\n${failure}`)
console.log(`${checks.length - failures.length} of ${checks.length} checks hold`)
process.exitCode = failures.length > 0 ? 1 : 0
