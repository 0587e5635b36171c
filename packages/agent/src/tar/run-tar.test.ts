import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { GID, UID } from '../testing/world.ts'
import { extractTar, runTar } from './run-tar.ts'
import { TAR_END, tarMember } from './write-member.ts'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'holotype-tar-'))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

const link = (name: string) =>
  tarMember(name, { type: 'symlink', name, mode: 0o777, uid: UID, gid: GID, mtime: 1, target: 'there' }).head

test('members are extracted', async () => {
  await extractTar(directory, '--overwrite-dir', [link('one'), link('two'), TAR_END])
  expect(readdirSync(directory)).toEqual(['one', 'two'])
})

test('an input that fails between two members fails all, though tar would be content with the first', async () => {
  const failing = function* () {
    yield link('one')
    throw Object.assign(new Error('i/o error, read'), { code: 'EIO' })
  }
  await expect(extractTar(directory, '--overwrite-dir', failing())).rejects.toMatchObject({ code: 'AGENT_IO' })
})

test('a tar that does not read its input is judged by its exit code', async () => {
  const much = Array.from({ length: 100 }, () => Buffer.alloc(1_000_000))
  await runTar(['--version'], { cwd: directory, input: much })
  await expect(runTar(['--no-such'], { cwd: directory, input: much })).rejects.toMatchObject({ code: 'PROCESS_FAILED' })
})

/** Has tar write records of 10 KiB and run a program after each. */
const withEach = (program: string) => [
  '--create',
  '--file=-',
  '--checkpoint=1',
  `--checkpoint-action=exec=${program}`,
  'big',
]

test('a tar that is slow is waited for as long as it goes on', async () => {
  writeFileSync(join(directory, 'big'), Buffer.alloc(80_000))
  let bytes = 0
  const start = performance.now()
  await runTar(withEach('sleep 0.7'), {
    cwd: directory,
    input: [],
    idleMs: 4000,
    onOutput: (chunk) => {
      bytes += chunk.length
    },
  })
  expect(bytes).toBeGreaterThan(80_000)
  expect(performance.now() - start).toBeGreaterThan(4000)
})

test('a tar that does nothing any more is ended, and that is what is said', async () => {
  writeFileSync(join(directory, 'big'), Buffer.alloc(80_000))
  const stuck = runTar(withEach('exec sleep 10 </dev/null >/dev/null 2>&1'), { cwd: directory, input: [], idleMs: 500 })
  await expect(stuck).rejects.toMatchObject({ code: 'PROCESS_FAILED' })
  await expect(stuck).rejects.toThrow('tar did nothing for 0.5 s')
})
