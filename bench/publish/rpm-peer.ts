import { copyFileSync, existsSync, linkSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { measure } from '../harness/measure.ts'
import type { Row } from '../harness/types.ts'
import { type PublishBench, row } from './row.ts'
import { inSequence } from './deb-peers.ts'
import { writeSample } from './samples.ts'

interface Createrepo {
  readonly count: number
  readonly fresh: readonly string[]
  readonly gnupg: string
  readonly key: string
}

/** Different packages among those that createrepo_c is given; the rest are hard links to them. */
const DIFFERENT = 500

/**
 * createrepo_c --update, and gpg: one package more, and nothing new. It is given as many files as we have rows: small rpms, most of them hard links.
 * Undefined where it is not here.
 */
export async function createrepoRows(
  bench: PublishBench,
  { count, fresh, gnupg, key }: Createrepo,
): Promise<{ readonly one: Row; readonly nothing: Row } | undefined> {
  if (!existsSync('/usr/bin/createrepo_c')) {
    bench.say('createrepo_c is not here: its rows are left out')
    return undefined
  }
  const place = join(bench.work, 'createrepo')
  const packages = join(place, 'Packages')
  mkdirSync(packages, { recursive: true })
  const made: string[] = []
  for (let at = 0; at < Math.min(DIFFERENT, count); at++) made.push(await writeSample('rpm', packages, at))
  for (let at = made.length; at < count; at++) linkSync(made[at % made.length] ?? '', join(packages, `copy-${at}.rpm`))
  const env = { GNUPGHOME: gnupg }
  const repomd = join(place, 'repodata/repomd.xml')
  const publish = (...words: string[]) =>
    inSequence([
      // As ours: gzip, and no databases beside the lists.
      { argv: ['createrepo_c', '--quiet', '--no-database', ...words, place] },
      { argv: ['gpg', '--batch', '--yes', '--local-user', key, '--armor', '--detach-sign', repomd], env },
    ])
  bench.say(`createrepo_c: ${count} files`)
  await measure({ argv: ['createrepo_c', '--quiet', '--no-database', place] })
  const who = 'createrepo_c --update, gpg'
  return {
    one: await row(bench, { task: `one package into ${count}, rpm`, who }, (round) => {
      const path = fresh[round] ?? ''
      copyFileSync(path, join(packages, path.split('/').at(-1) ?? ''))
      return publish('--update')
    }),
    nothing: await row(bench, { task: `nothing new in ${count}, rpm`, who }, () => publish('--update')),
  }
}
