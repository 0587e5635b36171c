import { errorLine, runClient } from './client.ts'

try {
  await runClient(process.argv.slice(2), new Date())
} catch (error) {
  console.error(errorLine(error))
  process.exitCode = 1
}
