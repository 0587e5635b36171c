import { spawnSync } from 'node:child_process'
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { formatOf, formats } from '@holotype/formats'
import { lockPackage, prepareUniverse, resolve } from '@holotype/solver'
import { openStore, type Store } from '@holotype/store'
import { createKeyring, verifyClearSigned, verifyDetached } from '@holotype/trust'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { openFetcher } from '../fetch/fetcher.ts'
import { fetchPackages } from '../fetch/packages.ts'
import { testFolder } from '../testing/folder.ts'
import { type Gpg, openGpg } from '../testing/gpg.ts'
import { nativeUpstreams } from '../testing/native-upstreams.ts'
import { serve, tampered, type TestServer } from '../testing/server.ts'
import type { UrlUpstream } from '../types.ts'
import { candidatesOf } from './candidates.ts'
import { offersOf } from './catalogues.ts'
import { diffSnapshots } from './diff.ts'
import { listWantedFiles } from './files.ts'
import { snapshotUpstream } from './upstream.ts'

const folder = testFolder()
const known = Object.keys(formats)
const missing = (tools: readonly string[]) => tools.filter((tool) => spawnSync('which', [tool]).status !== 0)
/** A clear-signed text without what signs it. */
function unwrap(path: string): void {
  const [, text = ''] = /\n\n([^]*)\n-----BEGIN PGP SIGNATURE/.exec(readFileSync(path, 'utf8')) ?? []
  writeFileSync(path, `${text}\n`)
}

let stores = 0
const newStore = () => openStore(join(folder, `store-${++stores}`))

for (const [number, native] of nativeUpstreams.entries()) {
  const lacking = [...missing(native.tools), ...(known.includes(native.format) ? [] : [`format ${native.format}`])]
  const why = lacking.length === 0 ? '' : ` (skipped, because there is no ${lacking.join(', ')})`

  describe.skipIf(lacking.length > 0)(`${native.title}${why}`, () => {
    const place = join(folder, String(number))
    const base = join(place, 'served')
    const version = (name: string) => join(place, name)
    let gpg: Gpg
    let server: TestServer

    beforeAll(async () => {
      gpg = await openGpg(join(place, 'gpg'))
      for (const name of ['1.0', '2.0']) {
        await native.make({ base, built: join(place, 'built'), version: name, gpg })
        cpSync(base, version(name), { recursive: true, verbatimSymlinks: true })
      }
      server = await serve(base)
    })
    afterAll(async () => {
      await server[Symbol.asyncDispose]()
      await gpg[Symbol.asyncDispose]()
    })
    beforeEach(() => {
      server.answers.clear()
      publish('1.0')
    })

    function publish(name: string): void {
      rmSync(base, { recursive: true })
      cpSync(version(name), base, { recursive: true, verbatimSymlinks: true })
    }

    async function take(store: Store, more: Partial<UrlUpstream> = {}) {
      await using fetcher = openFetcher({ tries: 1, retryDelayMs: 1 })
      const warnings: string[] = []
      const taken = await snapshotUpstream({
        name: 'upstream',
        upstream: {
          format: native.format,
          urls: [server.url],
          suites: native.suites,
          components: native.components,
          keyrings: [gpg.key],
          unsigned: false,
          ...more,
        },
        architecture: native.architecture,
        store,
        fetcher,
        sources: [],
        verify: verifyClearSigned,
        verifyDetached,
        now: Date.now(),
        progress: (event) => event.kind === 'note' && event.level === 'warning' && warnings.push(event.text),
      })
      const [completed = taken] = await listWantedFiles({ store, fetcher, snapshots: [taken] })
      return { ...completed, warnings }
    }

    it('is taken, resolved from, and its packages fetched', async () => {
      const store = newStore()
      const { digest, snapshot } = await take(store)
      const format = formatOf(native.format)
      const { packages } = resolve({
        format,
        architecture: native.architecture,
        candidates: candidatesOf(store, digest, 'upstream', 500),
        install: ['hello'],
      })
      const offers = offersOf(store, digest, 'upstream', 500)
      const { architecture } = native
      expect(
        resolve({
          format,
          architecture,
          candidates: prepareUniverse({ format, architecture, ...offers }),
          install: ['hello'],
        }).packages,
      ).toEqual(packages)
      const lock = { format: native.format, snapshots: { upstream: digest }, packages: packages.map(lockPackage) }
      expect(lock.packages.map(({ name }) => name).sort()).toEqual(['hello', 'hello-data'])
      await using fetcher = openFetcher()
      expect(await fetchPackages({ lock, store, fetcher })).toMatchObject({ fetched: 2 })
      expect(snapshot.suites[0]?.signature === undefined).toBe(native.signature === undefined)
      expect((await take(store)).digest).toBe(digest)
    })

    it('changes, and the difference tells what', async () => {
      const store = newStore()
      const first = await take(store)
      publish('2.0')
      const { packages, sources } = diffSnapshots(store, first.digest, (await take(store)).digest)
      expect(packages.map(({ name, change }) => `${name} ${change}`)).toEqual(['hello newer', 'hello-data newer'])
      expect(packages[0]?.before).toMatch(/^1\.0/)
      expect(packages[0]?.after).toMatch(/^2\.0/)
      expect(sources.reduce((sum, { changed }) => sum + changed, 0)).toBe(2)
    })

    it('is taken from a file address, and from the next one when the first is silent', async () => {
      const { snapshot } = await take(newStore(), { urls: ['http://127.0.0.1:1', pathToFileURL(base).href] })
      expect(snapshot.suites[0]?.base).toBe(pathToFileURL(base).href)
    })

    it('is refused when it was changed on the way, or signed by somebody else', async () => {
      server.answers.set(`/${native.top}`, tampered(readFileSync(join(base, native.top))))
      await expect(take(newStore())).rejects.toMatchObject({ code: 'UPSTREAM_SIGNATURE' })
      server.answers.clear()
      const stranger = await createKeyring(join(folder, `stranger-${number}`))
      const { armored } = await stranger.openPgpPublicKey()
      await expect(take(newStore(), { keyrings: [armored] })).rejects.toMatchObject({ code: 'UPSTREAM_SIGNATURE' })
      await expect(take(newStore(), { keyrings: [] })).rejects.toMatchObject({ code: 'UPSTREAM_SIGNATURE' })
    })

    it('is refused without a signature, unless that was declared where the format allows it', async () => {
      if (native.signature === undefined) unwrap(join(base, native.top))
      else rmSync(join(base, native.signature))
      await expect(take(newStore())).rejects.toMatchObject({ code: 'UPSTREAM_SIGNATURE' })
      await expect(take(newStore(), { keyrings: [] })).rejects.toMatchObject({ code: 'UPSTREAM_SIGNATURE' })
      const declared = await take(newStore(), { keyrings: [], unsigned: true }).catch((error: unknown) => error)
      expect(declared).toMatchObject(
        native.format === 'deb'
          ? { code: 'UPSTREAM_SIGNATURE' }
          : {
              snapshot: { suites: [{ unsigned: true }] },
              warnings: [expect.stringContaining('nobody vouches for its packages')],
            },
      )
    })

    it('that is replaced while it is read is read anew; one that keeps changing is refused', async () => {
      const path = `/${native.top}`
      const top = readFileSync(join(base, native.top))
      // The old top, then everything new: what it names is gone, or is not what it says.
      server.answers.set(path, (_, response) => {
        server.answers.delete(path)
        publish('2.0')
        response.end(top)
      })
      const store = newStore()
      const { digest } = await take(store)
      expect(candidatesOf(store, digest, 'x', 1).map(({ record }) => record.version.slice(0, 3))).toEqual([
        '2.0',
        '2.0',
      ])

      publish('1.0')
      const tops = ['1.0', '2.0'].map((name) => readFileSync(join(version(name), native.top)))
      let asked = 0
      server.answers.set(path, (_, response) => {
        // Whichever is served, the rest is of the other.
        publish(asked % 2 === 0 ? '2.0' : '1.0')
        response.end(tops[asked++ % 2])
      })
      await expect(take(newStore())).rejects.toMatchObject({ code: 'UPSTREAM_MISMATCH' })
      expect(asked).toBeLessThan(6)
    })
  })
}
