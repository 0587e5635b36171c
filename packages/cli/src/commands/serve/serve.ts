import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { reviewPolicyOf } from '@holotype/distribution'
import { startServer } from '@holotype/server'
import type { Context } from '../../context.ts'
import type { CommonFlags } from '../../flags.ts'
import { ensureOperatorToken, forgetServerAddress, rememberServerAddress } from '../../home.ts'

export type Flags = CommonFlags & { readonly host: string; readonly port: number; readonly database?: string }

const CONSOLE = fileURLToPath(new URL('../../../../console/dist', import.meta.url))

/** Serves until a signal asks it to stop. @throws what `startServer` throws */
export async function run(context: Context, flags: Flags): Promise<{ readonly address: string }> {
  const { home } = context
  const distribution = await context.distribution()
  const { file } = distribution
  await using server = await startServer({
    host: flags.host,
    port: flags.port,
    stateDirectory: home.server,
    siteDirectory: home.site,
    operatorToken: ensureOperatorToken(home),
    distribution: file.name,
    reviewPolicy: reviewPolicyOf(distribution),
    progress: context.progress,
    ...(flags.database === undefined ? {} : { databaseUrl: flags.database }),
    ...(existsSync(join(CONSOLE, 'index.html')) ? { consoleDirectory: CONSOLE } : {}),
  })
  rememberServerAddress(home, server.url)
  context.progress({ kind: 'note', level: 'info', text: `serving ${file.name} on ${server.url} (Ctrl-C stops it)` })
  try {
    await aborted(context.signal)
  } finally {
    forgetServerAddress(home)
  }
  return { address: server.url }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

export function show(): string {
  return ''
}
