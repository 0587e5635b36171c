import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeWorld, type World } from '../../packages/agent/src/testing/world.ts'
import { formatEnrolmentToken } from '../../packages/agent/src/token.ts'
import { digestOf, run } from '../../packages/base/src/index.ts'
import { buildExecutable } from './executable.ts'
import { throwAwayRoot } from './throw-away-root.ts'

/*
 * The scripts for machines without systemd, under the real supervisors: of Debian's packages, taken out into a throw-away root, as none of
 * them is to be installed beside systemd.
 */

const isRoot = process.getuid?.() === 0
const PACKAGING = join(import.meta.dirname, '../../packaging/agent')
const PACKAGES = ['runit', 'openrc', 'librc1', 'libeinfo1']

let place: string
let packages: string[] = []

beforeAll(async () => {
  place = mkdtempSync(join(tmpdir(), 'holotype-supervisors-'))
  if (!isRoot) return
  // Without the machine's package sources there is nothing to run under.
  await run(['apt-get', 'download', '-q', ...PACKAGES], { cwd: place, timeoutMs: 60_000 }).catch(() => undefined)
  packages = readdirSync(place)
  if (packages.length === PACKAGES.length) await buildExecutable('x64', join(place, 'holotype-agent'))
}, 120_000)
afterAll(() => rmSync(place, { recursive: true, force: true }))

function tokenOf(world: World): string {
  const root = digestOf(readFileSync(join(world.site, 'trust/1.root.json')))
  return formatEnrolmentToken({ secret: 'a-secret-that-is-good-once', version: 1, root })
}

/**
 * Waits for what a shell command says; ends the script when it does not come. At the image a run has written its state, and ended: a process
 * that is killed before leaves a run that the next one meets.
 */
const UNTIL = `
until_() { n=0; until eval "$1" >/dev/null 2>&1; do n=$((n + 1)); [ $n -lt 400 ] || { echo "waited in vain: $1"; return 1; }; sleep 0.2; done; }
at_image() {
  until_ 'grep -q sha256: /var/lib/holotype/state.json'
  until_ 'pgrep --parent $(child) --exact sleep'
  shell=$(child)
  nap=$(pgrep --parent $shell --exact sleep)
  rm /var/lib/holotype/state.json
}
# Nobody ends what a killed shell was waiting for.
kill_all() { kill -KILL $shell $nap; }
`

const SUPERVISORS = {
  runit: `
    mkdir -p /etc/sv/holotype-agent
    cp /srv/packaging/run /etc/sv/holotype-agent/
    runsv /etc/sv/holotype-agent &
    trap 'sv -w 20 force-shutdown /etc/sv/holotype-agent' EXIT
    child() { cat /etc/sv/holotype-agent/supervise/pid; }
    at_image
    sv status /etc/sv/holotype-agent
    kill_all
    at_image
    sv -w 60 stop /etc/sv/holotype-agent`,
  openrc: `
    cp /srv/packaging/holotype-agent /etc/init.d/
    sed -i s/respawn_delay=60/respawn_delay=1/ /etc/init.d/holotype-agent
    for name in starting started stopping inactive wasinactive failed hotplugged daemons options exclusive scheduled init.d tmp; do
      mkdir -p /run/openrc/$name
    done
    touch /run/openrc/softlevel
    service() { rc-service --nodeps holotype-agent "$1"; }
    trap 'service stop' EXIT
    service start
    child() { pgrep --parent $(cat /run/supervise-holotype-agent.pid) --full repeat-agent; }
    at_image
    service status
    kill_all
    at_image
    service stop`,
} as const

test.skipIf(!isRoot).for(['runit', 'openrc'] as const)(
  'under %s the agent runs, runs again after a kill, and leaves nothing when it is stopped (skipped without root)',
  { timeout: 240_000 },
  async (supervisor, { skip }) => {
    if (packages.length < PACKAGES.length) skip('the packages of the supervisors cannot be downloaded')
    using root = throwAwayRoot()
    await using world = await makeWorld()
    world.clock.now = Date.now()
    await world.publish(1, await world.image({ 'etc/motd': 'the image' }))
    mkdirSync(join(root.srv, 'packaging'))
    for (const name of packages) copyFileSync(join(place, name), join(root.srv, name))
    copyFileSync(join(place, 'holotype-agent'), join(root.srv, 'holotype-agent'))
    for (const name of ['repeat-agent', 'run-agent', 'runit/run', 'openrc/holotype-agent'])
      copyFileSync(join(PACKAGING, name), join(root.srv, 'packaging', name.replace(/.*\//, '')))
    const text = await root.sh(`${UNTIL}
      for package in /srv/*.deb; do dpkg-deb --fsys-tarfile "$package" | tar --extract --keep-directory-symlink --directory=/; done
      mkdir -p /usr/lib/holotype
      cp /srv/holotype-agent /usr/bin/
      cp /srv/packaging/repeat-agent /srv/packaging/run-agent /usr/lib/holotype/
      holotype-agent enrol --server ${world.server.url} --site ${world.mirror.url} --token ${tokenOf(world)} --root /opt/node
      ${SUPERVISORS[supervisor]}
      until_ '! kill -0 $shell && ! kill -0 $nap'
      cat /opt/node/etc/motd
      echo; echo all done`)
    expect(text).toContain('the image\nall done')
    expect(text).toMatch(/^run: |status: started/m)
  },
)
