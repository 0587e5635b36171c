import { isAbsolute, resolve } from 'node:path'
import { z } from 'zod'
import { fail } from './errors.ts'
import type { ServerOptions } from './options.ts'

/** What a server reads from its environment: the one place of this package that looks there. */
const environmentSchema = z.object({
  HOLOTYPE_HOST: z.string().min(1).default('127.0.0.1'),
  HOLOTYPE_PORT: z.coerce.number().int().min(0).max(65_535).default(8440),
  HOLOTYPE_STATE_DIRECTORY: z.string().min(1),
  HOLOTYPE_DATABASE_URL: z.string().optional(),
  HOLOTYPE_OPERATOR_TOKEN: z.string(),
  HOLOTYPE_DISTRIBUTION: z.string().min(1),
  HOLOTYPE_APPROVALS: z.coerce.number().int().min(0).max(9).default(1),
  HOLOTYPE_SITE_DIRECTORY: z.string().min(1),
  HOLOTYPE_CONSOLE_DIRECTORY: z.string().optional(),
})

/**
 * The options of a server from environment variables: `HOLOTYPE_HOST` (127.0.0.1), `HOLOTYPE_PORT` (8440), `HOLOTYPE_STATE_DIRECTORY`,
 * `HOLOTYPE_DATABASE_URL` (absent or empty: embedded), `HOLOTYPE_OPERATOR_TOKEN`, `HOLOTYPE_DISTRIBUTION`, `HOLOTYPE_APPROVALS` (1),
 * `HOLOTYPE_SITE_DIRECTORY`, `HOLOTYPE_CONSOLE_DIRECTORY` (absent: no console). Directories may be relative to the working directory.
 * @throws CONFIG_INVALID, naming each variable that is missing or wrong and never its value
 */
export function readConfig(environment: Readonly<Record<string, string | undefined>> = process.env): ServerOptions {
  const parsed = environmentSchema.safeParse(environment)
  if (!parsed.success) {
    const wrong = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`)
    throw fail('CONFIG_INVALID', { what: `the server's environment is not complete: ${wrong.join('; ')}` })
  }
  const set = parsed.data
  return {
    host: set.HOLOTYPE_HOST,
    port: set.HOLOTYPE_PORT,
    stateDirectory: absolute(set.HOLOTYPE_STATE_DIRECTORY),
    operatorToken: set.HOLOTYPE_OPERATOR_TOKEN,
    distribution: set.HOLOTYPE_DISTRIBUTION,
    reviewPolicy: { approvals: set.HOLOTYPE_APPROVALS, roles: {}, selfApproval: false, people: {}, scripts: [] },
    siteDirectory: absolute(set.HOLOTYPE_SITE_DIRECTORY),
    ...(set.HOLOTYPE_DATABASE_URL ? { databaseUrl: set.HOLOTYPE_DATABASE_URL } : {}),
    ...(set.HOLOTYPE_CONSOLE_DIRECTORY ? { consoleDirectory: absolute(set.HOLOTYPE_CONSOLE_DIRECTORY) } : {}),
  }
}

function absolute(path: string): string {
  return isAbsolute(path) ? path : resolve(path)
}
