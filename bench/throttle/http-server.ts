import { hash } from 'node:crypto'
import { createServer } from 'node:http'

/** The neighbour that is bound by the processor: about a millisecond of it for each answer. Prints its port. */
const work = Buffer.alloc(1024 * 1024, 'work')
const server = createServer((_, answer) => answer.end(hash('sha256', work))).listen(0, '127.0.0.1', () => {
  const address = server.address()
  if (typeof address === 'object' && address) process.stdout.write(`${address.port}\n`)
})
