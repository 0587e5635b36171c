import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Digest, isDigest } from '@holotype/base'
import { formats } from '@holotype/formats'
import { openStore } from '@holotype/store'
import { createKeyring, verifyClearSigned, verifyDetached } from '@holotype/trust'
import { expect, test } from 'vitest'
import { openFetcher } from '../fetch/fetcher.ts'
import { ingest } from '../own/ingest.ts'
import { publish } from '../own/publish.ts'
import { testFolder } from '../testing/folder.ts'
import { OWN_SETTINGS } from '../testing/own.ts'
import { writeSmall } from '../testing/packages.ts'
import { THEN } from '../testing/upstream.ts'
import { snapshotAdvisories } from './advisories.ts'
import { snapshotUpstream } from './upstream.ts'

const folder = testFolder()
let count = 0

/** A repository of rpms with an advisory, and how it is taken. */
async function published(fixed: string) {
  const place = join(folder, String(++count))
  const base = join(place, 'base')
  mkdirSync(place, { recursive: true })
  const keyring = await createKeyring(join(place, 'keys'), { now: new Date((THEN - 60) * 1000) })
  const signer = keyring.repositorySigner(() => new Date(THEN * 1000))
  const repository = { store: openStore(join(place, 'own')), name: 'own', format: formats.rpm, component: '', signer }
  await ingest(repository, await writeSmall(join(place, 'built'), 'rpm', { name: 'hello', version: '1.1' }))
  const about = { type: 'security', severity: 'important', title: 'a hole', description: 'd' } as const
  const advisory = { ...about, id: 'ACME-1', issued: '2026-11-20T00:00:00.000Z', cves: [], references: [] }
  await publish(repository, base, {
    ...{ ...OWN_SETTINGS, suite: '', codename: '', architectures: ['x86_64'], date: THEN },
    advisories: [{ ...advisory, fixed: { hello: fixed } }],
  })
  const { armored } = await keyring.openPgpPublicKey()
  const store = openStore(join(place, 'store'))
  const take = async (isSigned = true) => {
    await using fetcher = openFetcher({ tries: 1, retryDelayMs: 1 })
    const warnings: string[] = []
    const taken = await snapshotUpstream({
      name: 'acme',
      upstream: {
        ...{ format: 'rpm', urls: [pathToFileURL(base).href], suites: [''], components: [''] },
        ...(isSigned ? { keyrings: [armored], unsigned: false } : { keyrings: [], unsigned: true }),
      },
      ...{ architecture: 'x86_64', store, fetcher, sources: [], verify: verifyClearSigned, verifyDetached },
      now: THEN * 1000,
      progress: (event) => event.kind === 'note' && event.level === 'warning' && warnings.push(event.text),
    })
    return { ...taken, warnings }
  }
  return { base, store, take }
}

test('come with the packages that they are about, of the same signed state', async () => {
  const { store, take } = await published('1.1-1')
  const { digest, snapshot } = await take()
  const kept = snapshot.suites[0]?.advisories
  expect(isDigest(kept) && store.has(kept)).toBe(true)
  const said = [
    {
      ...{ id: 'ACME-1', title: 'a hole', severity: 'Important' },
      packages: [{ name: 'hello', version: '1.1-1', architecture: 'x86_64' }],
    },
  ]
  expect(snapshotAdvisories(store, digest)).toEqual(said)
  expect(snapshotAdvisories(store, digest)).toEqual(said)
  expect((await take()).bytesFetched).toBe(0)
})

/** Puts other bytes in the place of the advisories, and has the top name them. */
function replaceAdvisories(base: string, content: Buffer): void {
  const top = join(base, 'repodata/repomd.xml')
  const hex = createHash('sha256').update(content).digest('hex')
  writeFileSync(join(base, 'repodata/other-updateinfo.xml'), content)
  const data = `<data type="updateinfo"><checksum type="sha256">${hex}</checksum>
    <location href="repodata/other-updateinfo.xml"/><timestamp>${THEN}</timestamp><size>${content.length}</size></data>`
  const before = readFileSync(top, 'utf8')
  const after = before.replace(/<data type="updateinfo">[^]*?<\/data>/, data)
  expect(after).not.toBe(before)
  writeFileSync(top, after)
}

test('that do not parse are told of and left out: the packages are taken', async () => {
  const { base, store, take } = await published('1.1-1')
  replaceAdvisories(base, Buffer.from('<updates><update><id>x</id><issued date="never"/></update></updates>'))
  const { digest, snapshot, warnings } = await take(false)
  expect(warnings.join('\n')).toContain('cannot be read and are left out')
  expect(snapshot.suites[0]).not.toHaveProperty('advisories')
  expect(snapshotAdvisories(store, digest)).toEqual([])
})

test('that are not what the top names are refused, and so is a top that names what is not there', async () => {
  const { base, take } = await published('1.1-1')
  const name = readdirSync(join(base, 'repodata')).find((one) => one.includes('updateinfo')) ?? ''
  const path = join(base, 'repodata', name)
  const bytes = readFileSync(path)
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1
  writeFileSync(path, bytes)
  await expect(take()).rejects.toMatchObject({ code: 'UPSTREAM_MISMATCH' })
})

test('a snapshot without them says nothing', () => {
  const store = openStore(join(folder, 'plain'))
  const suites = [{ suite: '', codename: '', pocket: 'url', date: null, base: null, indexes: [] }]
  const plain: Digest = store.putJson({
    ...{ schema: 'holotype.snapshot/1', name: 'a', format: 'rpm', architecture: 'x86_64', suites },
  })
  expect(snapshotAdvisories(store, plain)).toEqual([])
})
