import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
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
