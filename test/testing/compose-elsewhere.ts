import { readFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { silent } from '@holotype/base'
import type { ResolvedSpec } from '@holotype/image'
import type { Lock } from '@holotype/solver'

/** Composes what standard input names, under a umask of its own, and prints the digest: a process to compare with. */

interface Order {
  readonly directory: string
  readonly lock: Lock
  readonly spec: ResolvedSpec
  /** Variables that maintainer scripts get besides their own: libfaketime's, which no user of the product can give them. */
  readonly scripts?: Readonly<Record<string, string>>
}

function readOrder(): Order {
  return JSON.parse(readFileSync(0, 'utf8'))
}

process.umask(0o077)
const { directory, lock, spec, scripts = {} } = readOrder()
let isGiven = false
const FIRST_VARIABLE = "HOME: '/root',"
registerHooks({
  load: (url, context, nextLoad) => {
    const loaded = nextLoad(url, context)
    if (!url.endsWith('/native/environment.ts')) return loaded
    const more = `...${JSON.stringify(scripts)}, ${FIRST_VARIABLE}`
    const source = readFileSync(new URL(url), 'utf8').replace(FIRST_VARIABLE, () => {
      isGiven = true
      return more
    })
    return { ...loaded, source }
  },
})
// What is imported from here on is seen by the hook.
const [{ compose }, { openStore }] = await Promise.all([import('@holotype/image'), import('@holotype/store')])
if (!isGiven) throw new Error('the environment of scripts is not where it was')
const { image } = await compose({ store: openStore(directory), lock, spec, progress: silent })
process.stdout.write(image)
