import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { run, SYSTEM_PATH } from '@holotype/base'

/** What a host's connection is like, seen from the host. */
export interface Link {
  /** Of a hundred packets each way, how many are lost. */
  readonly lossPercent?: number
  /** What it sends, in the words of tc: `1mbit`. */
  readonly rate?: string
}

/** A machine of its own as far as the network goes. */
export interface Host {
  readonly address: string
  /** The arguments that run a program there. */
  command(argv: readonly string[]): [string, ...string[]]
}

/** Hosts in network namespaces on one bridge, which is in a namespace of its own. All of it ends with the process that made it. */
export interface Network extends AsyncDisposable {
  host(link?: Link): Promise<Host>
}

/** Why this machine cannot have one; undefined if it can. */
export function unfitForNetworks(): string | undefined {
  if (process.getuid?.() !== 0) return 'needs root: network namespaces'
  for (const [program, name] of [
    ['ip', 'iproute2'],
    ['tc', 'iproute2'],
    ['nft', 'nftables'],
  ] as const) {
    const { error } = spawnSync(program, ['-V'], { env: { PATH: SYSTEM_PATH } })
    if (error) return `${program} (${name}) is not here`
  }
  const { status } = spawnSync('unshare', ['--net', 'true'], { env: { PATH: SYSTEM_PATH } })
  return status === 0 ? undefined : 'the machine lets nobody make network namespaces'
}

export async function makeNetwork(): Promise<Network> {
  // A namespace lives as long as a process in it: one that ends when its standard input does, as that happens whichever way this process ends.
  const holders: ChildProcess[] = []
  const namespace = async () => {
    const holder = spawn('unshare', ['--net', 'cat'], {
      env: { PATH: SYSTEM_PATH },
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    holders.push(holder)
    holder.stdin.write('ready')
    await once(holder.stdout, 'data')
    return (argv: readonly string[]): [string, ...string[]] => ['nsenter', `--net=/proc/${holder.pid}/ns/net`, ...argv]
  }
  const within = (argv: [string, ...string[]], input: readonly string[]) =>
    run(argv, { env: { PATH: SYSTEM_PATH }, input: `${input.join('\n')}\n` })
  const bridge = await namespace()
  await within(bridge(['ip', '-batch', '-']), ['link add bridge type bridge', 'link set bridge up'])
  let hosts = 0
  return {
    async host({ lossPercent, rate } = {}) {
      const number = ++hosts
      const address = `10.79.0.${number}`
      const command = await namespace()
      const holder = holders.at(-1)
      await within(bridge(['ip', '-batch', '-']), [
        `link add host${number} type veth peer name eth0 netns ${holder?.pid}`,
        `link set host${number} master bridge up`,
      ])
      await within(command(['ip', '-batch', '-']), [
        'link set lo up',
        `address add ${address}/24 dev eth0`,
        'link set eth0 up',
      ])
      if (rate !== undefined)
        await within(command(['tc', '-batch', '-']), [
          `qdisc add dev eth0 root tbf rate ${rate} burst 16kb latency 200ms`,
        ])
      if (lossPercent !== undefined) {
        const chain = (hook: string) =>
          `chain ${hook} { type filter hook ${hook} priority 0; numgen random mod 100 < ${lossPercent} drop; }`
        await within(command(['nft', '-f', '-']), [`table inet loss { ${chain('input')}; ${chain('output')}; }`])
      }
      return { address, command }
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(
        holders.map(async (holder) => {
          if (holder.exitCode !== null) return
          holder.stdin?.end()
          await once(holder, 'exit')
        }),
      )
    },
  }
}
