import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { run } from '../packages/base/src/index.ts'

/*
 * `make libraries`: @holotype/formats and @holotype/solver, with @holotype/base that they stand on, as packages that a project of others can
 * install: JavaScript with declarations, packed by npm. Here in the house nothing is built: Node runs the TypeScript.
 * Usage: node tools/pack-libraries.ts [DIRECTORY]   (default: .cache/libraries)
 */

const ROOT = join(import.meta.dirname, '..')
const BIN = join(ROOT, 'node_modules/.bin')
export const LIBRARIES = ['base', 'formats', 'solver'] as const

/** Packs the libraries into `directory` and gives back the paths of the archives. @throws PROCESS_FAILED */
export async function packLibraries(directory: string): Promise<readonly string[]> {
  const built = join(directory, 'built')
  rmSync(built, { recursive: true, force: true })
  mkdirSync(built, { recursive: true })
  const config = join(directory, 'tsconfig.json')
  writeFileSync(config, JSON.stringify(configFor(built)))
  await run([join(BIN, 'tsc'), '-p', config], { cwd: ROOT })
  const archives: string[] = []
  for (const library of LIBRARIES) {
    const from = join(ROOT, 'packages', library)
    const to = join(built, library)
    writeFileSync(join(to, 'package.json'), `${JSON.stringify(manifestOf(from), undefined, 2)}\n`)
    writeFileSync(join(to, 'README.md'), readFileSync(join(from, 'README.md')))
    const { stdout } = await run(['npm', 'pack', '--silent', '--pack-destination', directory, to], {
      cwd: directory,
      env: { PATH: process.env['PATH'] ?? '', HOME: directory },
    })
    archives.push(join(directory, stdout.toString().trim()))
  }
  return archives
}

function configFor(outDir: string): object {
  const sources = LIBRARIES.map((library) => join(ROOT, 'packages', library, 'src'))
  return {
    extends: join(ROOT, 'tsconfig.json'),
    compilerOptions: {
      noEmit: false,
      declaration: true,
      rewriteRelativeImportExtensions: true,
      rootDir: join(ROOT, 'packages'),
      outDir,
      typeRoots: [join(ROOT, 'node_modules/@types')],
    },
    include: sources.map((source) => `${source}/**/*.ts`),
    exclude: sources.flatMap((source) => [
      `${source}/**/*.test.ts`,
      `${source}/**/testing*`,
      `${source}/**/*fixtures.ts`,
      `${source}/**/fuzz-targets.ts`,
    ]),
  }
}

/** The package's own, for who installs it: JavaScript, no development dependencies. */
function manifestOf(from: string): object {
  const own: unknown = JSON.parse(readFileSync(join(from, 'package.json'), 'utf8'))
  if (typeof own !== 'object' || own === null) throw new Error(`${from}/package.json is no object`)
  const kept = Object.entries(own).filter(([key]) => !['private', 'exports', 'devDependencies'].includes(key))
  return {
    ...Object.fromEntries(kept),
    engines: { node: '>=22.15' },
    exports: { '.': { types: './src/index.d.ts', default: './src/index.js' } },
    files: ['src'],
  }
}

if (import.meta.main) {
  const directory = resolve(process.argv[2] ?? join(ROOT, '.cache/libraries'))
  for (const archive of await packLibraries(directory)) process.stdout.write(`${archive}\n`)
}
