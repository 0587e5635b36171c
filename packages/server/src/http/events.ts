import type { ServerResponse } from 'node:http'
import type { FastifyReply } from 'fastify'
import type { Changed } from '../api.ts'
import type { Changes } from '../core/changes.ts'
import { fail } from '../errors.ts'
import { EVENT_HEARTBEAT_MS, EVENT_LISTENERS } from '../limits.ts'

/**
 * Turns an answer into an event stream (WHATWG HTML §9.2) of ticks, unnamed events whose data is `Changed`. A client that does not read its stream is cut off rather
 * than buffered for: the browser connects again by itself.
 * @throws TOO_MANY_LISTENERS
 */
export function streamChanges(changes: Changes, reply: FastifyReply): void {
  if (changes.listeners() >= EVENT_LISTENERS)
    throw fail('TOO_MANY_LISTENERS', { what: `${EVENT_LISTENERS} event streams are open` })
  reply.hijack()
  const { raw } = reply
  for (const [name, value] of Object.entries(reply.getHeaders())) if (value !== undefined) raw.setHeader(name, value)
  raw.writeHead(200, {
    'content-type': 'text/event-stream',
    'cache-control': 'no-store',
    // A proxy that gathers an answer before it passes it on would hold back every tick.
    'x-accel-buffering': 'no',
  })
  send(raw, 'retry: 2000\n\n')
  const heartbeat = setInterval(() => send(raw, ': here\n\n'), EVENT_HEARTBEAT_MS)
  const end = changes.listen((topics) => {
    const changed: Changed = { topics: [...topics] }
    send(raw, `data: ${JSON.stringify(changed)}\n\n`)
  })
  raw.on('close', () => {
    clearInterval(heartbeat)
    end()
  })
}

function send(raw: ServerResponse, text: string): void {
  if (raw.writableNeedDrain) raw.destroy()
  else raw.write(text)
}
