import { readFileSync } from 'node:fs'
import { silent } from '@holotype/base'
import { compose, type ResolvedSpec } from '@holotype/image'
import type { Lock } from '@holotype/solver'
import { openStore } from '@holotype/store'

/** Composes what standard input names, under a umask of its own, and prints the digest: a process to compare with. */

interface Order {
  readonly directory: string
  readonly lock: Lock
  readonly spec: ResolvedSpec
}

function readOrder(): Order {
  return JSON.parse(readFileSync(0, 'utf8'))
}

process.umask(0o077)
const { directory, lock, spec } = readOrder()
const { image } = await compose({ store: openStore(directory), lock, spec, progress: silent })
process.stdout.write(image)
