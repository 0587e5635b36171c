import { errorLine, runClient } from './client.ts'

try {
  await runClient(process.argv.slice(2), new Date())
} catch (error) {
  process.stderr.write(`${errorLine(error)}\n`)
  process.exitCode = 1
}
