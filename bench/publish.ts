import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { run, SYSTEM_PATH } from '@holotype/base'
import { readConfig } from './config.ts'
import { markdownTable, replaceBlock } from './harness/table.ts'
import { large, smaller } from './publish/cases.ts'
import { reasonsFor } from './publish/reasons.ts'

/*
 * `make bench-publish`: our own repositories beside reprepro, aptly, apt-ftparchive, repo-add and createrepo_c, in the same run. Progress goes to standard
 * error, the table to standard output.
 */

const say = (line: string) => process.stderr.write(`bench: ${line}\n`)

const { rounds, work: parent, readme, debs, large: count, files } = readConfig()
const work = join(parent, `publish-${Date.now()}`)
mkdirSync(work, { recursive: true })
const gnupg = join(work, 'gnupg')
try {
  mkdirSync(gnupg)
  chmodSync(gnupg, 0o700)
  const env = { PATH: SYSTEM_PATH, GNUPGHOME: gnupg, LC_ALL: 'C' }
  const key = 'bench@example.org'
  const gpg = ['gpg', '--batch', '--pinentry-mode=loopback', '--passphrase', ''] as const
  await run([...gpg, '--quick-generate-key', key, 'ed25519', 'sign', 'never'], { env })
  const bench = { work, cache: parent, rounds, debs, large: count, files, say }
  const rows = [...(await large(bench, gnupg, key)), ...(await smaller(bench, gnupg, key))]
  const reasons = reasonsFor(rows)
  const table = [
    markdownTable(rows),
    ...(reasons.length > 0 ? ['\nWhere ours is not the fastest:\n', ...reasons] : []),
  ].join('\n')
  process.stdout.write(`${table}\n`)
  if (readme) {
    const file = join(import.meta.dirname, 'README.md')
    const machine = `${cpus().length} × ${cpus()[0]?.model ?? 'unknown processor'}, Node ${process.version}`
    const head = `${new Date().toISOString().slice(0, 10)}, ${machine}, ${rounds === 1 ? 'one round' : `median of ${rounds} (least to most)`}:`
    writeFileSync(file, replaceBlock(readFileSync(file, 'utf8'), `\n${head}\n\n${table}\n`, 'bench-publish'))
  }
} finally {
  say('deleting what the rounds made')
  await run(['gpgconf', '--homedir', gnupg, '--kill', 'all'], { okCodes: [0, 1, 2] })
  rmSync(work, { recursive: true, force: true })
}
