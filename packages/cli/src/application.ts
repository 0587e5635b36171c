import { buildApplication, text_en } from '@stricli/core'
import { group } from './command.ts'
import type { Launch } from './launch.ts'
import { adminRoutes } from './routes/admin.ts'
import { auditRoutes } from './routes/audit.ts'
import { buildCommand } from './routes/build.ts'
import { applyCommand, planCommand } from './routes/change.ts'
import { imageRoutes } from './routes/image.ts'
import { initCommand } from './routes/init.ts'
import { nodeRoutes } from './routes/node.ts'
import { repoRoutes } from './routes/repo.ts'
import { rolloutRoutes } from './routes/rollout.ts'
import { searchCommand } from './routes/search.ts'
import { serveCommand } from './routes/serve.ts'
import { statusCommand } from './routes/status.ts'
import { VERSION } from './version.ts'

const message = (error: unknown) => (error instanceof Error ? error.message : String(error))

/** The whole command. The order of the verbs is the order of the line of data. */
export const application = buildApplication<Launch>(
  group('Build your own Linux distribution and run it on every server you own', {
    init: initCommand,
    status: statusCommand,
    plan: planCommand,
    apply: applyCommand,
    build: buildCommand,
    repo: repoRoutes,
    image: imageRoutes,
    rollout: rolloutRoutes,
    node: nodeRoutes,
    audit: auditRoutes,
    search: searchCommand,
    admin: adminRoutes,
    serve: serveCommand,
  }),
  {
    name: 'holotype',
    versionInfo: { currentVersion: VERSION },
    scanner: { caseStyle: 'allow-kebab-for-camel', allowArgumentEscapeSequence: true },
    documentation: { caseStyle: 'convert-camel-to-kebab', onlyRequiredInUsageLine: true },
    localization: {
      text: {
        ...text_en,
        noCommandRegisteredForInput: ({ input, corrections }) =>
          `no command "${input}"${corrections.length > 0 ? `; did you mean ${corrections.join(' or ').replaceAll('`', '"')}?` : ''}`,
        exceptionWhileParsingArguments: message,
        exceptionWhileLoadingCommandFunction: message,
        exceptionWhileLoadingCommandContext: message,
        exceptionWhileRunningCommand: message,
      },
    },
  },
)
