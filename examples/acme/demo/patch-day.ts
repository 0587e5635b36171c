import { appendFileSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { commit, git } from './day-1.ts'
import type { DemoNode, Fleet } from './fleet.ts'
import type { Shell } from './shell.ts'
import type { Workplace } from './workplace.ts'

const diffSchema = z.object({
  digest: z.string(),
  diff: z.object({
    summary: z.object({ cves: z.array(z.string()) }),
    hazards: z.array(z.object({ id: z.string() })).default([]),
    packages: z.array(z.looseObject({ name: z.string(), change: z.string() })),
  }),
})

const tokenSchema = z.object({ token: z.string() })

/** Upstream's security fixes, a new version of our own package, one package more and one less; what changes, by risk; an approval. */
export async function patchDay(
  shell: Shell,
  { place, fleet }: { readonly place: Workplace; readonly fleet: Fleet },
): Promise<void> {
  shell.heading('One node is damaged: a library deleted, a config edited, a file replaced by a directory')
  for (const line of damage(damaged(fleet))) shell.say(`  ${damaged(fleet).name}: ${line}`)
  shell.heading('4  Patch day')
  shell.say(shell.dim('$ git apply patch-day.patch && git commit'))
  await git(shell, place, 'apply', place.patch)
  shell.say((await git(shell, place, 'diff', '--stat')).trimEnd())
  await commit(shell, place, 'patch day: security fixes, beacond 1.1, jq in, telnet out')
  await shell.holotype(place, ['build'])
  await shell.holotype(place, ['image', 'lock', 'web'])
  await commit(shell, place, 'web: lock with security fixes')
  shell.say(shell.dim('$ git show --stat HEAD'))
  shell.say((await git(shell, place, 'show', '--stat', '--format=%h %s')).trimEnd())
  await shell.holotype(place, ['image', 'compose', 'web'])
  await shell.holotype(place, ['image', 'diff', 'web~1', 'web', '--review', '--limit', '8'])
  const { digest, diff } = diffSchema.parse(await shell.holotypeJson(place, ['image', 'diff', 'web~1', 'web']))
  const changes = new Map(diff.packages.map(({ name, change }) => [name, change]))
  if (
    changes.get('beacond') !== 'upgraded' ||
    ![...changes.values()].includes('added') ||
    ![...changes.values()].includes('removed')
  ) {
    throw new Error('the difference lacks what patch day changed')
  }
  shell.heading('5  Anna of security approves exactly this difference')
  const short = digest.slice(7, 19)
  const token = join(place.home, 'anna-token')
  shell.say(shell.dim('$ holotype admin reviewer anna > anna-token'))
  const { token: secret } = tokenSchema.parse(await shell.holotypeJson(place, ['admin', 'reviewer', 'anna']))
  writeFileSync(token, secret, { mode: 0o600 })
  const asAnna = { env: { HOLOTYPE_TOKEN_FILE: token } }
  await shell.holotype(
    place,
    ['image', 'comment', short, 'the changelog was read', '--item', 'package:haproxy'],
    asAnna,
  )
  const hazards = diff.hazards.flatMap(({ id }) => ['--hazard', id])
  const comment = 'security fixes; read the haproxy and openssl changelogs'
  await shell.holotype(place, ['image', 'approve', short, ...hazards, '--comment', comment], asAnna)
  await shell.holotype(place, ['image', 'review', short])
}

/** The node that is damaged: a production one, so that it meets the second wave. */
export function damaged(fleet: Fleet): DemoNode {
  const node = fleet.nodes[3]
  if (!node) throw new Error('there is no fourth node')
  return node
}

function damage({ root }: DemoNode): string[] {
  const libraries = join(root, 'usr/lib/x86_64-linux-gnu')
  const library = readdirSync(libraries).find((name) => name.startsWith('libssl.so.'))
  if (!library) throw new Error('the first image holds no libssl')
  rmSync(join(libraries, library))
  appendFileSync(join(root, 'etc/nginx/nginx.conf'), '# a change made by hand at 3 a.m.\n')
  rmSync(join(root, 'etc/logrotate.conf'))
  mkdirSync(join(root, 'etc/logrotate.conf'))
  writeFileSync(join(root, 'etc/logrotate.conf/was-a-file'), 'not any more\n')
  return [
    `rm /usr/lib/x86_64-linux-gnu/${library}`,
    'echo … >> /etc/nginx/nginx.conf',
    '/etc/logrotate.conf is a directory now',
  ]
}
