import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { composing } from './cases/compose.ts'
import { differing } from './cases/diff.ts'
import { locking } from './cases/lock.ts'
import { start } from './cases/start.ts'
import { syncing } from './cases/sync.ts'
import { readConfig } from './config.ts'
import { findPeers } from './harness/peers.ts'
import { cleanUp, prepare } from './harness/place.ts'
import { markdownTable, replaceBlock } from './harness/table.ts'
import type { Row } from './harness/types.ts'

/*
 * `make bench`: what was promised, and our peers beside it, in the same run on the same machine. Progress goes to standard error, the table to
 * standard output, every figure to results-TIME.json in the work folder.
 */

const say = (line: string) => process.stderr.write(`bench: ${line}\n`)

const { rounds, work, readme } = readConfig()
if (process.getuid?.() !== 0) {
  say('this needs root: images hold files of many owners')
  process.exit(1)
}
const peers = findPeers(say)
const place = await prepare(work, say)
try {
  const bench = { place, peers, rounds, say }
  const rows: Row[] = []
  for (const measured of [start, locking, composing, differing, syncing]) rows.push(...(await measured(bench)))
  const machine = `${cpus().length} × ${cpus()[0]?.model ?? 'unknown processor'}, Node ${process.version}`
  const when = new Date().toISOString()
  mkdirSync(work, { recursive: true })
  writeFileSync(
    join(work, `results-${when.replaceAll(/[:.]/g, '-')}.json`),
    `${JSON.stringify({ when, machine, rounds, packages: place.lock.packages.length, rows }, undefined, 2)}\n`,
  )
  const table = markdownTable(rows)
  process.stdout.write(`${table}\n`)
  if (readme) {
    const file = join(import.meta.dirname, 'README.md')
    const head = `${when.slice(0, 10)}, ${machine}, ${place.lock.packages.length} packages, ${rounds === 1 ? 'one round' : `median of ${rounds} (least to most)`}:`
    writeFileSync(file, replaceBlock(readFileSync(file, 'utf8'), `\n${head}\n\n${table}\n`))
  }
} finally {
  say('deleting what the rounds made')
  cleanUp(place)
}
