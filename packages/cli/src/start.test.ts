import { execFileSync, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { compareText } from '@holotype/base'
import { describe, expect, test } from 'vitest'

const root = join(import.meta.dirname, '../../..')
const program = join(root, 'bin/holotype')
const node = join(root, 'node_modules/.bin/node')
const env = { PATH: '/usr/bin:/bin' }

/** Prints the address of every module that is loaded. */
const WATCH = `import { registerHooks } from 'node:module'
import { writeSync } from 'node:fs'
registerHooks({ load(url, context, next) { writeSync(2, url + '\\n'); return next(url, context) } })`

function modulesOf(...args: string[]): string[] {
  const watch = `data:text/javascript,${encodeURIComponent(WATCH)}`
  const main = join(import.meta.dirname, 'main.ts')
  const { stderr, status } = spawnSync(node, ['--import', watch, main, ...args], { env, encoding: 'utf8' })
  expect(status).toBe(0)
  return stderr.split('\n').filter((line) => line.startsWith('file:'))
}

describe('holotype --help', () => {
  test('loads the library and the route map, and nothing else', () => {
    const modules = modulesOf('--help')
    expect(modules.length).toBeGreaterThan(10)
    const packages = modules.map(
      (url) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1] ?? /packages\/([^/]+)/.exec(url)?.[1] ?? url,
    )
    expect([...new Set(packages)].sort(compareText)).toEqual(['@stricli/core', 'cli'])
  })

  test('the watch sees what other commands load', () => {
    const help = modulesOf('--help')
    const directory = '/nonexistent/below'
    const { stderr } = spawnSync(
      node,
      [
        '--import',
        `data:text/javascript,${encodeURIComponent(WATCH)}`,
        join(import.meta.dirname, 'main.ts'),
        'status',
        '--directory',
        directory,
        '--server',
        'ftp://x',
      ],
      { env, encoding: 'utf8' },
    )
    expect(stderr).toMatch(/node_modules\/zod\//)
    expect(help.some((url) => url.includes('/zod/'))).toBe(false)
  })

  test.each(['compose', 'diff'])(
    'image %s loads neither what publishes and exports nor what speaks to a server',
    (name) => {
      const watch = `data:text/javascript,${encodeURIComponent(WATCH)}`
      const main = join(import.meta.dirname, 'main.ts')
      const words = ['image', name, 'a', ...(name === 'diff' ? ['b'] : []), '--directory', '/nonexistent/below']
      const { stderr } = spawnSync(node, ['--import', watch, main, ...words], { env, encoding: 'utf8' })
      expect(stderr).toMatch(/packages\/image\/src\/compose\/compose|packages\/image\/src\/diff\/diff-images/)
      expect(stderr).not.toMatch(
        /packages\/trust\/|packages\/repository\/src\/index|packages\/image\/src\/(?:index|export|migrate|boot-check|publish)/,
      )
      // Comparing asks the formats how versions are ordered, and the solver nothing.
      if (name === 'diff') expect(stderr).not.toMatch(/packages\/(?:formats|solver|repository)\/src\/index/)
    },
  )

  test('takes at most four times what the bare runtime takes', () => {
    const time = (command: string, ...args: string[]) => {
      const begin = performance.now()
      execFileSync(command, args, { env, stdio: 'ignore' })
      return performance.now() - begin
    }
    // Other work on the machine only ever makes a run slower, so the fastest of each counts; they take turns, so that both meet the same load. The
    // first run of the command may compile what later ones find compiled.
    let help = Number.POSITIVE_INFINITY
    let bare = Number.POSITIVE_INFINITY
    for (let round = 0; round < 30 && !(round >= 5 && help / bare < 4); round++) {
      help = Math.min(help, time(program, '--help'))
      bare = Math.min(bare, time(node, '-e', '0'))
    }
    expect(help / bare).toBeLessThan(4)
  })
})

test('a reader that stops early is no failure', () => {
  const { stderr, status } = spawnSync('sh', ['-c', '"$0" --help | head -n 1', program], { env, encoding: 'utf8' })
  expect(stderr).toBe('')
  expect(status).toBe(0)
})
