import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { agentProgram } from '@holotype/agent'
import { isErrorCode, run, silent } from '@holotype/base'
import { openStore } from '@holotype/store'
import { afterEach, expect, test } from 'vitest'
import { makeImage } from '../packages/agent/src/testing/world.ts'
import { makeAgentDisk } from '../packages/image/src/boot-check/agent-disk.ts'
import { outcomeOf } from '../packages/image/src/boot-check/guest-node.ts'

/*
 * The second disk of a boot check, without a machine: what e2fsprogs reads from it runs here, with nothing but what lies on it. Where it
 * runs in a guest is `make boot-check`.
 */

const place = mkdtempSync(join(tmpdir(), 'holotype-agent-disk-'))
afterEach(() => rmSync(place, { recursive: true, force: true }))

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  return typeof address === 'object' && address !== null ? address.port : 0
}

test('the disk of a boot check holds all that a node needs to follow a channel forward and back', {
  timeout: 5 * 60_000,
}, async () => {
  const store = openStore(join(place, 'store'))
  const before = await makeImage(store, { 'usr/lib/kernel': 'six', 'etc/motd': 'before', 'etc/gone': '' })
  const after = await makeImage(store, { 'usr/lib/kernel': 'seven', 'etc/motd': 'after' })
  const scratch = join(place, 'scratch')
  mkdirSync(scratch)
  const images = [before.image, after.image, before.image]
  const agent = { file: agentProgram, node: process.execPath }
  const disk = await makeAgentDisk({ store, agent, images, scratch, progress: silent })
  rmSync(join(scratch, 'tree'), { recursive: true })
  const read = join(place, 'read')
  mkdirSync(read)
  await run(['debugfs', '-R', `rdump / ${read}`, disk.path])

  const port = await freePort()
  const loader = join(read, 'lib/loader')
  const node = ['--library-path', join(read, 'lib'), join(read, 'node')]
  const [root, state] = [join(place, 'root'), join(place, 'state')]
  const verb = async (...args: readonly string[]) => {
    const { stdout } = await run([
      loader,
      ...node,
      join(read, disk.program),
      ...args,
      '--state',
      state,
      '--json',
    ]).catch((error: unknown) => {
      if (isErrorCode(error, 'PROCESS_FAILED')) throw new Error(error.message)
      throw error
    })
    return outcomeOf(stdout.toString())
  }
  const at = async (statement: number, ...args: readonly string[]) => {
    const site = spawn(loader, [
      ...node,
      join(read, 'serve-site.ts'),
      join(read, `statement-${statement}`),
      String(port),
      disk.channel,
    ])
    try {
      await once(site.stdout, 'data')
      return await verb(...args)
    } finally {
      const ended = once(site, 'exit')
      site.kill()
      await ended
    }
  }
  const address = `http://127.0.0.1:${port}`
  const token = `ht1.${disk.channel.padEnd(16, '-')}.1.${disk.trustRoot.slice('sha256:'.length)}`
  await at(1, 'enrol', '--server', address, '--site', address, '--token', token, '--root', root)
  for (const [index, image] of images.entries()) {
    expect(await at(index + 1, 'run')).toMatchObject({ result: { outcome: 'converged', image, warnings: [] } })
    expect(await verb('verify')).toMatchObject({ result: { image, differences: [] } })
    expect(readFileSync(join(root, 'etc/motd'), 'utf8')).toBe(image === before.image ? 'before' : 'after')
  }
  // Only forward: the statement before is not obeyed again.
  expect(await at(2, 'run').catch((error: unknown) => String(error))).toMatch(
    /METADATA_|AGENT_STATEMENT_OLD|older|rollback/i,
  )
})
