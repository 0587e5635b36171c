import { pathToFileURL } from 'node:url'
import { join } from 'node:path'
import { run } from '@holotype/base'
import { expect, test } from 'vitest'

const INDEX = pathToFileURL(join(import.meta.dirname, 'index.ts')).href

/** Every module a program loads when it imports this package and runs `then`. */
async function loadedBy(then: string): Promise<readonly string[]> {
  const program = `
    import { registerHooks } from 'node:module'
    registerHooks({ load: (url, context, next) => { console.log(url); return next(url, context) } })
    const trust = await import(${JSON.stringify(INDEX)})
    ${then}`
  const { stdout } = await run([process.execPath, '--input-type=module', '-e', program])
  return stdout.toString().split('\n')
}

const HEAVY = /node_modules\/(openpgp|zod|@tufjs)\/|\/trust\/src\/(signing|publish)\//

test('importing the package loads no OpenPGP, no schema library and nothing that handles private keys', async () => {
  const loaded = await loadedBy('')
  expect(loaded).toContain(INDEX)
  expect(loaded.filter((url) => HEAVY.test(url))).toEqual([])
})

test('the doors open the rooms behind them', async () => {
  const loaded = await loadedBy('await trust.openKeyring("/nowhere").catch(() => {})')
  expect(loaded.some((url) => url.endsWith('/trust/src/signing/keyring.ts'))).toBe(true)
})
