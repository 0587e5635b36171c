import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { type Fleet, nodeViews } from './fleet.ts'
import type { Shell } from './shell.ts'
import { until } from './until.ts'
import type { Workplace } from './workplace.ts'

const PACKAGE = 'inetutils-telnet'

/** Somebody puts a package back on one node, by hand, with the node's own package manager. It is reported. */
export async function intruder(
  shell: Shell,
  { place, fleet }: { readonly place: Workplace; readonly fleet: Fleet },
): Promise<string> {
  const node = fleet.nodes[4]
  if (!node) throw new Error('there is no fifth node')
  shell.heading(`7  Somebody installs a package on ${node.name} by hand`)
  const got = z
    .object({ path: z.string() })
    .parse(
      await shell.holotypeJson(place, [
        'repo',
        'get',
        PACKAGE,
        '--image',
        'web',
        '--output',
        join(place.logs, 'packages'),
      ]),
    )
  const file = got.path.split('/').at(-1) ?? ''
  copyFileSync(got.path, join(node.root, 'tmp', file))
  shell.say(shell.dim(`${node.name}# dpkg --install /tmp/${file}`))
  const environment = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', DEBIAN_FRONTEND: 'noninteractive' }
  await shell.run(['chroot', node.root, 'dpkg', '--force-unsafe-io', '--log=/dev/null', '--install', `/tmp/${file}`], {
    quiet: true,
    env: environment,
  })
  await until(`${node.name} is reported`, async () =>
    (await nodeViews(shell, place)).some(({ name, findings }) => name === node.name && findings > 0),
  )
  await shell.holotype(place, ['node', 'show', node.name])
  return `${PACKAGE} on ${node.name}`
}
