import { readConfig } from '../config.ts'
import { startServer } from '../server.ts'

/** A server as a process of its own, configured by its environment, for tests that kill it. Prints its address. */
const server = await startServer(readConfig())
process.stdout.write(`${server.url}\n`)
process.on('SIGTERM', () => {
  void server.close().then(() => process.exit(0))
})
