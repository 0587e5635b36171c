import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { initDistribution, OWN_NAME } from '@holotype/distribution'
import { formatOf, type InspectedPackage, inspectPackage } from '@holotype/formats'
import { ingestMany, type OwnRepository, publish, type PublishOptions } from '@holotype/repository'
import { openStore } from '@holotype/store'
import { createKeyring, openKeyring } from '@holotype/trust'
import { placeOf, stateDirectory } from '../../packages/repository/src/own/place.ts'
import { putEntries } from '../../packages/repository/src/own/state.ts'
import { ARCHITECTURE, fieldsOf, type Measured, MEASURED, variant, writeSample } from './samples.ts'

/*
 * Our side of the bench, a process of its own as the peers are:
 *
 *   seed DIR FORMAT COUNT    fills a repository with COUNT rows and publishes it
 *   add DIR FORMAT PATH…     takes package files (or all of a directory) in and publishes
 *   import DIR FORMAT PATH…  the same, their payloads unread
 *   publish DIR FORMAT       publishes
 *
 * It prints how many seconds its work took without the start of Node.
 */

const [task = '', directory = '', name = '', ...words] = process.argv.slice(2)
const format = measuredFormat(name)
const home = join(directory, '.holotype')
const keys = join(home, 'keys')
// The command takes it from here: `holotype repo …` in this directory works on the same repository.
if (!existsSync(keys)) initDistribution(directory, 'bench')
const keyring = existsSync(keys) ? await openKeyring(keys) : await createKeyring(keys, {})
const repository: OwnRepository = {
  store: openStore(join(home, 'store')),
  name: OWN_NAME,
  format: formatOf(format),
  component: 'main',
  signer: keyring.repositorySigner(),
}
const settings: PublishOptions = {
  suite: 'stable',
  codename: 'stable',
  origin: 'bench',
  label: 'bench',
  description: 'Packages of the bench',
  architectures: [ARCHITECTURE[format]],
  date: Math.floor(Date.now() / 1000),
}

if (task === 'seed') await seed(Number(words[0]))
const begin = performance.now()
if (task === 'add') await ingestMany(repository, words.flatMap(filesOf))
if (task === 'import') await ingestMany(repository, words.flatMap(filesOf), { payload: 'unread' })
await publish(repository, join(home, 'site/repo', format), settings)
process.stdout.write(`${(performance.now() - begin) / 1000}\n`)

/** Rows as ingest renders them, of one file: 50,000 files would cost the machine more than they tell. */
async function seed(count: number): Promise<void> {
  const writer = repository.format.repository
  const [ingested] = await ingestMany(repository, [await writeSample(format, join(directory, 'built'), 0)])
  if (!ingested) throw new Error('nothing was taken in')
  // As it is served: an rpm was signed meanwhile.
  const path = repository.store.pathOf(ingested.digest)
  const inspected = await inspectPackage(repository.format, path)
  const native = writer.packagePath(inspected.record, repository.component)
  const signed = await writer.companions(path, native, repository.signer)
  const entries = Array.from({ length: count - 1 }, (_, index) => {
    const varied = variant(index + 1)
    const version = format === 'xbps' ? varied.version.replace('-', '_') : varied.version
    const record = { ...inspected.record, name: varied.name, source: varied.name, version }
    const to = writer.packagePath(record, repository.component)
    const companions = new Map([...signed].map(([beside, bytes]) => [beside.replace(native, to), bytes]))
    const entry = writer.renderEntry({ ...inspected, record, fields: fieldsFor(inspected, index + 1) }, to, companions)
    const digests = [...companions].map(([beside, bytes]) => [beside, repository.store.put(bytes)] as const)
    const stored = {
      key: writer.sortKey(entry.record),
      record: entry.record,
      companions: Object.fromEntries(digests),
    }
    return { stored, parts: entry.parts }
  })
  await putEntries({ store: repository.store, directory: stateDirectory(placeOf(repository)) }, entries)
}

/** As the package's own reader would give them: an rpm's header says more than what it was written from. */
function fieldsFor({ fields }: InspectedPackage, at: number): InspectedPackage['fields'] {
  const varied = fieldsOf(format, at)
  if (format !== 'rpm') return varied
  const values = new Map(varied)
  const listed = new Set(['REQUIRES'])
  return fields.map(([name, value]) => [name, listed.has(name) ? value : (values.get(name) ?? value)] as const)
}

function filesOf(path: string): readonly string[] {
  return path.endsWith('/') ? readdirSync(path).map((file) => join(path, file)) : [path]
}

function measuredFormat(text: string): Measured {
  const known = MEASURED.find((one) => one === text)
  if (known === undefined) throw new Error(`no format ${text}`)
  return known
}
