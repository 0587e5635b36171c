import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { digestOf, run } from '@holotype/base'
import { signRequest } from '../backends/s3/sign.ts'

export interface ObjectGateway extends AsyncDisposable {
  readonly endpoint: string
  readonly accessKey: string
  readonly secretKey: string
}

/** What of Debian's radosgw, ceph-mon and ceph-osd is not installed; undefined where all are. */
export function gatewayMissing(): string | undefined {
  const missing = ['radosgw', 'ceph-mon', 'ceph-osd'].filter((program) => !existsSync(`/usr/bin/${program}`))
  return missing.length === 0 ? undefined : `${missing.join(', ')} not installed`
}

/** Starts Ceph's object gateway on the loopback address: one monitor, one daemon that keeps its objects in memory. About 15 seconds. */
export async function startGateway(): Promise<ObjectGateway> {
  const folder = mkdtempSync(join(tmpdir(), 'holotype-ceph-'))
  const [monitor, web] = [await freePort(), await freePort()]
  const conf = join(folder, 'ceph.conf')
  const keys = { accessKey: 'holotypetest', secretKey: 'a-secret-of-this-test' }
  const fsid = '6f5b1c3e-8a0f-4f0e-9a53-0d3c6a3b1e11'
  for (const name of ['mon', 'osd', 'run', 'rgw']) mkdirSync(join(folder, name))
  writeFileSync(
    conf,
    `[global]
fsid = ${fsid}
mon host = [v2:127.0.0.1:${monitor}]
ms bind msgr1 = false
public network = 127.0.0.0/8
cluster network = 127.0.0.0/8
ms cluster mode = crc
ms service mode = crc
ms client mode = crc
ms mon cluster mode = crc
ms mon service mode = crc
ms mon client mode = crc
auth cluster required = none
auth service required = none
auth client required = none
auth allow insecure global id reclaim = true
mon warn on insecure global id reclaim = false
osd pool default size = 1
osd pool default min size = 1
mon allow pool size one = true
mon allow pool delete = true
osd pool default pg num = 1
osd pool default pgp num = 1
osd pool default pg autoscale mode = off
mon max pg per osd = 1000
osd crush chooseleaf type = 0
run dir = ${folder}/run
admin socket = ${folder}/run/$name.asok
pid file = ${folder}/run/$name.pid
log file = ${folder}/run/$name.log
[mon.a]
mon data = ${folder}/mon/a
mon data avail crit = 1
[osd.0]
osd data = ${folder}/osd/0
osd objectstore = memstore
memstore device bytes = 2147483648
osd max object name len = 256
osd max object namespace len = 64
[client.admin]
rgw data = ${folder}/rgw
rgw frontends = beast endpoint=127.0.0.1:${web}
rgw enable usage log = false
rgw thread pool size = 64
`,
  )
  const children: ChildProcess[] = []
  const start = (argv: readonly string[]) => {
    const [program = '', ...args] = argv
    const child = spawn(program, ['-c', conf, ...args], { stdio: 'ignore' })
    children.push(child)
  }
  const ceph = async (program: string, ...args: string[]) =>
    await run([program, '-c', conf, ...args], { timeoutMs: 60_000 })
  const stop = async () => {
    for (const child of children.reverse()) {
      child.kill('SIGKILL')
      if (child.exitCode === null && child.signalCode === null)
        await new Promise((resolve) => child.once('exit', resolve))
    }
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    const map = join(folder, 'monmap')
    await ceph('monmaptool', '--create', '--fsid', fsid, '--addv', 'a', `[v2:127.0.0.1:${monitor}]`, map)
    await ceph('ceph-mon', '--mkfs', '-i', 'a', '--monmap', map)
    start(['ceph-mon', '-f', '-i', 'a'])
    mkdirSync(join(folder, 'osd/0'))
    await ceph('ceph', 'osd', 'new', '2c8bb5a2-6f3c-4a1e-8c40-1f1f6a2d9b77')
    await ceph('ceph-osd', '-i', '0', '--mkfs', '--osd-uuid', '2c8bb5a2-6f3c-4a1e-8c40-1f1f6a2d9b77')
    start(['ceph-osd', '-f', '-i', '0'])
    start(['radosgw', '-d', '-n', 'client.admin'])
    await answering(`http://127.0.0.1:${web}/`, folder)
    const user = ['user', 'create', '--uid=test', '--display-name=test']
    await ceph(
      'radosgw-admin',
      '-n',
      'client.admin',
      ...user,
      `--access-key=${keys.accessKey}`,
      `--secret=${keys.secretKey}`,
    )
  } catch (error) {
    await stop()
    throw error
  }
  return { endpoint: `http://127.0.0.1:${web}`, ...keys, [Symbol.asyncDispose]: stop }
}

/** Makes a bucket, which is its owner's to do and so not the client's. */
export async function makeBucket(gateway: ObjectGateway, name: string): Promise<void> {
  const url = new URL(`${gateway.endpoint}/${name}`)
  const sha256 = digestOf('').slice('sha256:'.length)
  const { host: _, ...headers } = signRequest(gateway, {
    method: 'PUT',
    url,
    headers: {},
    sha256,
    region: 'us-east-1',
    now: new Date(),
  })
  const answer = await fetch(url, { method: 'PUT', headers })
  if (!answer.ok) throw new Error(`the bucket ${name} is not made: ${answer.status} ${await answer.text()}`)
}

async function answering(url: string, folder: string): Promise<void> {
  for (let tries = 0; tries < 160; tries++) {
    try {
      await (await fetch(url)).arrayBuffer()
      return
    } catch {
      await sleep(250)
    }
  }
  const log = join(folder, 'run/client.admin.log')
  throw new Error(`the gateway does not answer: ${existsSync(log) ? readFileSync(log, 'utf8').slice(-2000) : 'no log'}`)
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('no free port')
  return address.port
}
