import { randomUUID } from 'node:crypto'
import { runOnce } from '@holotype/agent'

/*
 * One run of the agent, less patient than the program: prints its outcome as JSON.
 *
 * argv: the state directory; milliseconds a mirror may stay silent.
 */

const [state = '', idleMs = '10000'] = process.argv.slice(2)
const { outcome, image, statement, error, report } = await runOnce({
  state,
  now: Date.now,
  newId: randomUUID,
  idleMs: Number(idleMs),
  retryMs: 50,
})
process.stdout.write(
  JSON.stringify({
    outcome,
    image,
    statement,
    code: error?.code ?? null,
    message: error?.message ?? null,
    fetched: report?.bytesFetched ?? 0,
  }),
)
