import { readFileSync } from 'node:fs'
import { formatOf } from '@holotype/formats'
import { makeLock } from '@holotype/image'
import { countPackages, listWantedFiles, openFetcher, snapshotUpstream } from '@holotype/repository'
import { openStore } from '@holotype/store'
import { verifyClearSigned, verifyDetached } from '@holotype/trust'
import { keepNurserySmall } from '../../packages/cli/src/memory.ts'

/*
 * One measured process of bench/upstream-memory.ts: WHAT FORMAT URL SUITE STORE KEYRING PACKAGE. Takes a snapshot and counts it, or takes one and
 * locks the package. Prints the peak resident size in MiB, seconds, and how many packages there were.
 */

// As the program does before it takes a snapshot.
keepNurserySmall()

const [what, formatName = '', url = '', suite = '', directory = '', keyring = '', name = ''] = process.argv.slice(2)
const format = formatOf(formatName)
const store = openStore(directory)
const start = performance.now()
await using fetcher = openFetcher()
const architecture = format.name === 'deb' ? 'amd64' : 'x86_64'
const taken = await snapshotUpstream({
  name: 'upstream',
  upstream: {
    format: format.name,
    urls: [url],
    suites: [suite],
    components: [format.name === 'deb' ? 'main' : ''],
    keyrings: [keyring],
    unsigned: false,
  },
  architecture,
  store,
  fetcher,
  sources: [],
  verify: verifyClearSigned,
  verifyDetached,
  now: Date.now(),
})
const [{ digest } = taken] = await listWantedFiles({ store, fetcher, snapshots: [taken] })
const found =
  what === 'snapshot'
    ? countPackages(store, digest)
    : makeLock({
        store,
        image: 'image',
        format: format.name,
        architecture,
        sources: [{ name: 'upstream', digest, priority: 500 }],
        install: [name],
      }).lock.packages.length
const seconds = ((performance.now() - start) / 1000).toFixed(1)
// Not `resourceUsage().maxRSS`: until exec the process shares its parent's memory, and Linux counts that, which is as large as a whole upstream.
const [, peak] = /^VmHWM:\s*(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? []
if (peak === undefined) throw new Error('/proc/self/status has no VmHWM')
process.stdout.write(`${Math.ceil(Number(peak) / 1024)} ${seconds} ${found}\n`)
