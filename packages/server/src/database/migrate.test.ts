import { Pool } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestDatabase, type TestDatabase } from '../testing/database.ts'
import { type Migration, migrate, readMigrations } from './migrate.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await startTestDatabase()
})
afterAll(() => database[Symbol.asyncDispose]())

async function withPools(count: number, work: (pools: Pool[]) => Promise<void>): Promise<void> {
  const connectionString = await database.empty()
  const pools = Array.from({ length: count }, () => new Pool({ connectionString, max: 1 }))
  for (const pool of pools) pool.on('error', () => {})
  try {
    await work(pools)
  } finally {
    await Promise.all(pools.map((pool) => pool.end()))
  }
}

const extra: Migration = { number: 9000, name: 'later', text: 'create table later (a integer)' }

describe('migrate', () => {
  it('applies each once, also when several servers start at once', async () => {
    await withPools(4, async (pools) => {
      const migrations = [...(await readMigrations()), extra]
      const applied = await Promise.all(pools.map((pool) => migrate(pool, migrations)))
      expect(applied.sort((a, b) => a - b)).toEqual([0, 0, 0, migrations.length])
    })
  })

  it('refuses a database of a later version, and a changed migration', async () => {
    await withPools(1, async ([pool]) => {
      if (!pool) return
      await migrate(pool, [extra])
      await expect(migrate(pool, [])).rejects.toMatchObject({ code: 'MIGRATION_MISMATCH' })
      const changed = { ...extra, text: `${extra.text} ` }
      await expect(migrate(pool, [changed])).rejects.toMatchObject({ code: 'MIGRATION_MISMATCH' })
      expect(await migrate(pool, [extra])).toBe(0)
    })
  })

  it('leaves nothing of a migration that fails, nor its lock', async () => {
    await withPools(2, async ([pool, other]) => {
      if (!pool || !other) return
      const broken = { ...extra, text: `${extra.text}; select nothing from nowhere` }
      await expect(migrate(pool, [broken])).rejects.toThrow('nowhere')
      expect(await migrate(other, [extra])).toBe(1)
    })
  })

  it('has files numbered without gaps', async () => {
    const numbers = (await readMigrations()).map(({ number }) => number)
    expect(numbers).toEqual(numbers.map((_, index) => index + 1))
  })
})
