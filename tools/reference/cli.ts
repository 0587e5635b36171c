import { run } from '@stricli/core'
import { application, readConfig } from '../../packages/cli/src/index.ts'

type Target = typeof application.root

/** The words of every command, in the order of the route map: `['image', 'lock']`. */
function routesOf(target: Target, prefix: readonly string[]): string[][] {
  if (!('getAllEntries' in target)) return [[...prefix]]
  return target
    .getAllEntries()
    .flatMap((entry) => routesOf(entry.target, [...prefix, entry.name['convert-camel-to-kebab']]))
}

async function helpOf(route: readonly string[]): Promise<string> {
  let help = ''
  const write = (text: string) => {
    help += text
  }
  await run(application, [...route, '--help'], {
    process: { stdout: { write }, stderr: { write } },
    config: readConfig({}),
  })
  return help
}

/** docs/reference/cli.md: the help of every command, as it is printed. */
export async function cliReference(): Promise<string> {
  const sections: string[] = []
  for (const route of routesOf(application.root, []))
    sections.push(`## holotype ${route.join(' ')}\n\n\`\`\`\n${(await helpOf(route)).trimEnd()}\n\`\`\`\n`)
  return `# The command

Results go to stdout, all else to stderr. With \`--json\` stdout is one JSON document and every line of stderr is one: progress as
\`{"event": …}\`, and an error as \`{"code", "what", "hint", "exitCode"}\`. See [exit codes](exit-codes.md) and [errors](errors.md).

Environment: \`HOLOTYPE_DIRECTORY\`, \`HOLOTYPE_HOME\` and \`HOLOTYPE_SERVER\` stand for the flags of these names; \`HOLOTYPE_ACTOR\` is who
decides, as records name them; \`HOLOTYPE_APT_ROOT\` is the root whose apt sources and os-release stand for this machine's own, to build for another machine; \`HOLOTYPE_DEBUG=1\` shows the causes of errors; \`NO_COLOR\` turns colours off.

${sections.join('\n')}`
}
