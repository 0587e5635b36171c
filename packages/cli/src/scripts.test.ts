import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { FAKE_TOKEN, type FakeServer, startFakeServer } from './testing/fake-server.ts'
import { runScript } from './testing/script.ts'
import { storeSmallImages } from './testing/small-image.ts'

/*
 * Every text script of testdata/ is run through the real command, as a process of its own, and must print what it says.
 * After a change that is meant, `vitest run packages/cli -u` writes the new text: read its difference.
 */

const program = join(import.meta.dirname, '../../../bin/holotype')
const testdata = join(import.meta.dirname, 'testdata')
let scratch = ''
let server: FakeServer | undefined

beforeAll(async () => {
  scratch = realpathSync(mkdtempSync(join(tmpdir(), 'holotype-cli-')))
  server = await startFakeServer()
})
afterAll(async () => {
  await server?.[Symbol.asyncDispose]()
  rmSync(scratch, { recursive: true, force: true })
})

const scripts = readdirSync(testdata).filter((file) => file.endsWith('.txt'))

test('there are scripts', () => expect(scripts.length).toBeGreaterThan(5))

test.each(scripts)('%s', async (file) => {
  const directory = mkdtempSync(join(scratch, 's-'))
  const home = join(directory, 'home')
  mkdirSync(home)
  writeFileSync(join(home, 'operator-token'), `${FAKE_TOKEN}\n`, { mode: 0o600 })
  if (file === 'image.txt') storeSmallImages(join(home, 'store'))
  mkdirSync(join(directory, 'open'))
  writeFileSync(join(directory, 'open/operator-token'), FAKE_TOKEN)
  chmodSync(join(directory, 'open/operator-token'), 0o644)
  const url = server?.url ?? ''
  const transcript = await runScript(readFileSync(join(testdata, file), 'utf8'), {
    program,
    directory,
    env: { PATH: '/usr/bin:/bin', HOLOTYPE_SERVER: url, HOLOTYPE_HOME: home, HOLOTYPE_ACTOR: 'tester' },
    replace: [
      [directory, '$WORK'],
      [url, '$SERVER'],
    ],
  })
  await expect(transcript).toMatchFileSnapshot(join(testdata, file))
})
