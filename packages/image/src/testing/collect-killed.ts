import { isDigest } from '@holotype/base'
import { openStore } from '@holotype/store'
import { collectStore } from '../publish/collect-store.ts'

/* Collects a store of which nothing was used lately, and is killed after some steps. argv: the store, the steps, the roots. */

const [directory = '', steps = '', ...roots] = process.argv.slice(2)
let left = Number(steps)
await collectStore({
  store: openStore(directory),
  roots: roots.filter(isDigest),
  isList: () => false,
  now: new Date(),
  afterStep: () => void (--left > 0 || process.kill(process.pid, 'SIGKILL')),
})
