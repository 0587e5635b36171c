import { createRequire } from 'node:module'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { IConfiguration } from 'dependency-cruiser'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { checkImports } from './import-rules.ts'

let scratch = ''
beforeAll(() => {
  scratch = realpathSync(mkdtempSync(join(tmpdir(), 'holotype-rules-')))
})
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

function tree(files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(scratch, 't-'))
  const manifest = JSON.stringify({
    name: 'root',
    version: '1.0.0',
    dependencies: { zod: '1' },
    devDependencies: { handy: '1' },
  })
  const all = { 'package.json': manifest, ...library('zod'), ...library('handy'), ...files }
  for (const [path, text] of Object.entries(all)) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  return root
}

function library(name: string): Record<string, string> {
  return {
    [`node_modules/${name}/package.json`]: JSON.stringify({ name, version: '1.0.0', main: 'index.js' }),
    [`node_modules/${name}/index.js`]: 'module.exports = {}\n',
  }
}

const value = 'export const x = 1\n'
const uses = (path: string) => `import { x } from '${path}'\nexport const y = x\n`

/** One tree for each rule, which breaks it. */
const breaking: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'house-order-*': {
    'packages/store/src/index.ts': uses('../../image/src/index.ts'),
    'packages/image/src/index.ts': value,
  },
  'only-through-index': {
    'packages/image/src/index.ts': uses('../../store/src/inner.ts'),
    'packages/store/src/inner.ts': value,
  },
  'packages-stand-alone': {
    'packages/base/src/index.ts': uses('../../../tools/x.ts'),
    'tools/x.ts': value,
  },
  'console-imports-types-only': {
    'packages/console/src/main.ts': uses('../../server/src/api.ts'),
    'packages/server/src/api.ts': value,
  },
  'console-knows-two-packages': {
    'packages/console/src/main.ts': `import type { X } from '../../store/src/index.ts'\nexport const y: X = 1\n`,
    'packages/store/src/index.ts': 'export type X = number\n',
  },
  'agent-starts-small': {
    'packages/agent/src/index.ts': uses('./inner.ts'),
    'packages/agent/src/inner.ts': uses('../../store/src/index.ts'),
    'packages/store/src/index.ts': uses('zod'),
  },
  'help-starts-small': {
    'packages/cli/src/main.ts': uses('./inner.ts'),
    'packages/cli/src/inner.ts': uses('zod'),
  },
  'no-release-key-in-server-or-agent': {
    'packages/server/src/index.ts': uses('../../trust/src/index.ts'),
    'packages/trust/src/index.ts': `export * from './signing/sign.ts'\n`,
    'packages/trust/src/signing/sign.ts': value,
  },
  'pure-packages-do-no-io': {
    'packages/solver/src/index.ts': `import { get } from 'node:http'\nexport const y = get\n`,
  },
  'only-base-starts-processes': {
    'packages/store/src/index.ts': `import { spawn } from 'node:child_process'\nexport const y = spawn\n`,
  },
  'no-circles': {
    'packages/base/src/index.ts': uses('./other.ts'),
    'packages/base/src/other.ts': `import { y } from './index.ts'\nexport const x = () => y\n`,
  },
  resolvable: {
    'packages/base/src/index.ts': uses('./nowhere.ts'),
  },
  'declared-dependencies': {
    'packages/base/package.json': JSON.stringify({ name: 'b', version: '1.0.0' }),
    'packages/base/src/index.ts': uses('zod'),
  },
}

describe('a broken import rule is seen', () => {
  test.each(Object.entries(breaking))('%s', async (rule, files) => {
    const { broken } = await checkImports(tree(files))
    const expected = rule === 'house-order-*' ? 'house-order-store' : rule
    expect([...new Set(broken.map((one) => one.rule))]).toContain(expected)
    expect(broken.find((one) => one.rule === expected)?.comment).toMatch(/\.$/)
  })

  test('every rule of the configuration has a tree that breaks it', () => {
    const rules: IConfiguration = createRequire(import.meta.url)('../.dependency-cruiser.cjs')
    const forbidden = rules.forbidden ?? []
    for (const { comment = '' } of forbidden) expect(comment.length).toBeGreaterThan(40)
    const names = new Set(forbidden.map(({ name = '' }) => name.replace(/^house-order-.*/, 'house-order-*')))
    expect([...names].sort()).toEqual(Object.keys(breaking).sort())
  })
})

test('what is allowed is not reported: downward, by index, types, lazily', async () => {
  const { broken, modules } = await checkImports(
    tree({
      'packages/base/src/index.ts': value,
      'packages/server/src/api.ts': 'export type X = number\n',
      'packages/console/src/main.ts': `import type { X } from '../../server/src/api.ts'\nexport const y: X = 1\n`,
      'packages/agent/src/index.ts': `${uses('../../base/src/index.ts')}export const late = () => import('zod')\nexport type { Z } from 'zod'\n`,
      'packages/cli/src/main.ts': `export const late = () => import('../../base/src/index.ts')\n`,
    }),
  )
  expect(broken).toEqual([])
  expect(modules).toBeGreaterThanOrEqual(5)
})
