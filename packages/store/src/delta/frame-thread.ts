import { parentPort } from 'node:worker_threads'
import { codeFrame } from './code-frame.ts'

// One of the threads of frame-threads.ts: gets new and old bytes, answers with the frame.
parentPort?.on('message', (message: unknown) => {
  if (typeof message !== 'object' || message === null || !('raw' in message && 'bases' in message)) return
  const { raw, bases } = message
  if (!(raw instanceof Uint8Array && bases instanceof Uint8Array)) return
  parentPort?.postMessage(codeFrame(bufferOf(raw), bufferOf(bases)))
})

function bufferOf({ buffer, byteOffset, length }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, length)
}
