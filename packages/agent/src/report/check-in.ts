import { release } from 'node:os'
import { HolotypeError } from '@holotype/base'
import type { AgentConfig } from '../config.ts'
import { isFields } from '../json.ts'
import type { CheckinRequest } from '../protocol.ts'
import type { NodeState } from '../state/node-state.ts'
import { readInventory } from './inventory.ts'
import { flushQueue } from './queue.ts'
import type { ServerClient } from './server-client.ts'

/**
 * Tells the server what waits to be told and how the node is. Gives warnings instead of throwing: a server that is away must not make a
 * run fail.
 */
export async function checkIn(options: {
  readonly config: AgentConfig
  readonly state: string
  readonly node: NodeState
  readonly flags: readonly string[]
  readonly server: ServerClient
}): Promise<string[]> {
  const { config, state, node, server } = options
  const warnings: string[] = []
  const inventory = await readInventory(config.root, state).catch((error: unknown) => {
    warnings.push(`the installed packages could not be read: ${wordsOf(error)}`)
    return null
  })
  try {
    for (const refusal of await flushQueue(state, server)) warnings.push(`the server refused a report: ${refusal}`)
    const request = {
      image: node.image,
      statement: node.statement,
      set: inventory?.set ?? null,
      kernel: release(),
      flags: options.flags,
    } satisfies CheckinRequest
    const answer = await server('POST', '/api/v1/checkin', JSON.stringify(request))
    if (inventory && isFields(answer) && answer.answer === 'send-set')
      await server('PUT', `/api/v1/sets/${inventory.set}`, inventory.text)
  } catch (error) {
    if (!(error instanceof HolotypeError)) throw error
    warnings.push(wordsOf(error))
  }
  return warnings
}

function wordsOf(error: unknown): string {
  return error instanceof HolotypeError ? `${error.code}: ${error.message}` : String(error)
}
