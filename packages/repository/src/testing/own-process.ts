import { writeSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { ingest, ingestMany } from '../own/ingest.ts'
import { publish } from '../own/publish.ts'
import { OWN_SETTINGS, ownRepository } from './own.ts'

/*
 * A process that works on a repository, for tests of many at once and of death at any step:
 *
 *   ingest FOLDER NAME FILE…           takes the files in
 *   publish FOLDER NAME BASE [STEPS]   publishes; after so many steps it kills itself as `kill -9` does
 *   states FOLDER NAME BASE FORMAT ARCHITECTURE URL FILE…
 *                                      takes in one file after another that is not there yet, and publishes each time
 */

/** Milliseconds between two states, so that clients see many of them. */
const BETWEEN_MS = 50

const [task = '', folder = '', name = '', ...words] = process.argv.slice(2)
const repository = await ownRepository(folder, name, task === 'states' ? words[1] : 'deb')
if (task === 'states') {
  const [base = '', , architecture = '', url = '', ...files] = words
  const settings = { ...OWN_SETTINGS, architectures: [architecture], url }
  for (const file of files) {
    const { added } = await ingest(repository, file)
    const { changed } = await publish(repository, base, { ...settings, date: Math.floor(Date.now() / 1000) })
    if (!added && !changed) continue
    writeSync(1, `${file}\n`)
    await delay(BETWEEN_MS)
  }
} else if (task === 'ingest') {
  writeSync(1, `${(await ingestMany(repository, words)).filter(({ added }) => added).length}\n`)
} else {
  const [base = '', last] = words
  let steps = 0
  await publish(repository, base, {
    ...OWN_SETTINGS,
    afterStep: () => {
      if (++steps === Number(last)) process.kill(process.pid, 'SIGKILL')
    },
  })
  writeSync(1, `${steps}\n`)
}
