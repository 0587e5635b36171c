import { writeSync } from 'node:fs'
import { ingestMany } from '../own/ingest.ts'
import { publish } from '../own/publish.ts'
import { OWN_SETTINGS, ownRepository } from './own.ts'

/*
 * A process that works on a repository, for tests of many at once and of death at any step:
 *
 *   ingest FOLDER NAME FILE…           takes the files in
 *   publish FOLDER NAME BASE [STEPS]   publishes; after so many steps it kills itself as `kill -9` does
 */

const [task = '', folder = '', name = '', ...words] = process.argv.slice(2)
const repository = await ownRepository(folder, name)
if (task === 'ingest') {
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
