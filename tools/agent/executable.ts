import { copyFileSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { run } from '../../packages/base/src/index.ts'
import { hostRuntime, runtimeOf, type Target } from './runtimes.ts'

const ROOT = join(import.meta.dirname, '../..')

/**
 * The agent as one file: its bundled program and the runtime, nothing else beside the C library. Same sources, same bytes, wherever the
 * sources lie. @throws PROCESS_FAILED
 */
export async function buildExecutable(target: Target, path: string): Promise<void> {
  const runtime = await runtimeOf(target)
  // Built beside its place and renamed: a run that uses the old file keeps it. The name inside the executable is that of the file written.
  const folder = mkdtempSync(join(dirname(path), 'build-'))
  try {
    const built = join(folder, 'holotype-agent')
    // The linker takes apart the runtime it is given where it lies.
    const base = join(folder, 'runtime')
    copyFileSync(runtime, base)
    await run(
      [
        hostRuntime,
        'build',
        '--compile',
        `--target=bun-linux-${target}`,
        `--compile-executable-path=${base}`,
        // Names of functions stay, for stack traces; blanks and dead branches go.
        '--minify-syntax',
        '--minify-whitespace',
        // Compiled here once, not at each start: of the processor time of a run that finds nothing new this takes more than half away.
        '--bytecode',
        '--format=esm',
        // A run reads no settings of others: neither of the directory it was started in nor of this tree.
        '--no-compile-autoload-dotenv',
        '--no-compile-autoload-bunfig',
        // Reads .xz of packages, which a node has none of; where it is missing the program `xz` does the same.
        '--external=@napi-rs/lzma',
        '--outfile',
        built,
        'packages/agent/src/main.ts',
      ],
      { cwd: ROOT, env: { PATH: process.env['PATH'] ?? '', HOME: folder, DO_NOT_TRACK: '1' } },
    )
    renameSync(built, path)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The version that packages of the agent have: the workspace's. */
export function agentVersion(): string {
  const own: unknown = JSON.parse(readFileSync(join(ROOT, 'packages/agent/package.json'), 'utf8'))
  if (typeof own !== 'object' || own === null || !('version' in own) || typeof own.version !== 'string')
    throw new Error('packages/agent/package.json has no version')
  return own.version
}
