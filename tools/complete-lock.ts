import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'

/*
 * Completes package-lock.json after `npm install`. npm leaves out optional packages for other systems that the registry in use does not hold,
 * and `npm ci` then refuses the lock everywhere. Each of them is pinned by the package that wants it, and its name says which system it is for,
 * so the entry can be written without the registry: enough for `npm ci` to know that it is not for this machine.
 */

const entrySchema = z.looseObject({
  version: z.string().optional(),
  dev: z.boolean().optional(),
  optionalDependencies: z.record(z.string(), z.string()).optional(),
})
const lockSchema = z.looseObject({ packages: z.record(z.string(), entrySchema) })

const SYSTEMS = [
  'android',
  'darwin',
  'freebsd',
  'linux',
  'netbsd',
  'openbsd',
  'openharmony',
  'sunos',
  'aix',
  'win32',
] as const
const PROCESSORS: Readonly<Record<string, string>> = {
  arm: 'arm',
  armv7: 'arm',
  arm64: 'arm64',
  x64: 'x64',
  ia32: 'ia32',
  ppc64: 'ppc64',
  riscv64: 'riscv64',
  s390x: 's390x',
  loong64: 'loong64',
  wasm32: 'wasm32',
  mips64el: 'mips64el',
}

interface ForOtherSystem {
  readonly version: string
  readonly cpu?: readonly string[]
  readonly os?: readonly string[]
  readonly optional: true
  readonly dev?: true
}

/** The entry of an optional package by its name (`@x/binding-linux-arm64-musl`); undefined where the name tells no system. */
export function entryFor(name: string, version: string, dev: boolean): ForOtherSystem | undefined {
  const words = name.replace(/^@[^/]+\//, '').split(/[-.]/)
  const os = SYSTEMS.filter((system) => words.includes(system))
  const cpu = words.flatMap((word) => PROCESSORS[word] ?? [])
  if (os.length === 0 && cpu.length === 0) return undefined
  return {
    version,
    ...(cpu.length > 0 ? { cpu } : {}),
    ...(dev ? { dev: true } : {}),
    optional: true,
    ...(os.length > 0 ? { os } : {}),
  }
}

/** The missing entries of a lock, by their place. */
export function missingEntries(text: string): Readonly<Record<string, ForOtherSystem>> {
  const { packages } = lockSchema.parse(JSON.parse(text))
  const missing: Record<string, ForOtherSystem> = {}
  for (const [place, entry] of Object.entries(packages)) {
    for (const [name, wanted] of Object.entries(entry.optionalDependencies ?? {})) {
      const at = [`${place}/node_modules/${name}`, `node_modules/${name}`]
      if (at.some((one) => one in packages) || !/^\d/.test(wanted)) continue
      const made = entryFor(name, wanted, entry.dev === true)
      if (made) missing[`node_modules/${name}`] = made
    }
  }
  return missing
}

if (import.meta.main) {
  const path = join(import.meta.dirname, '../package-lock.json')
  const text = readFileSync(path, 'utf8')
  const lock = z.looseObject({ packages: z.record(z.string(), z.unknown()) }).parse(JSON.parse(text))
  const missing = missingEntries(text)
  const packages = Object.fromEntries(
    Object.entries({ ...lock.packages, ...missing }).sort(([a], [b]) => (a < b ? -1 : 1)),
  )
  writeFileSync(path, `${JSON.stringify({ ...lock, packages }, null, 2)}\n`)
  console.log(`${Object.keys(missing).length} entries for other systems were added`)
}
