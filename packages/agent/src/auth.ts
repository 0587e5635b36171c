import { createPublicKey, type KeyObject, sign, verify } from 'node:crypto'
import { digestOf } from '@holotype/base'
import { signedText } from './protocol.ts'

/** A request as both ends see it. */
export interface SignedRequest {
  readonly method: string
  /** Path and query as they stand in the request line. */
  readonly path: string
  readonly body: Uint8Array | string
}

/** What the `authorization` header of a node's request says, not yet verified. */
export interface NodeAuthorization {
  readonly node: string
  /** Unix seconds. */
  readonly time: number
  readonly signature: Buffer
}

const HEADER = /^Holotype-Node node="([A-Za-z0-9._-]{1,128})", time="([0-9]{1,12})", signature="([A-Za-z0-9+/]{86}==)"$/

/** The `authorization` header of a request, signed by the node's Ed25519 key (RFC 8032). `time` is in Unix seconds. */
export function nodeAuthorization(
  request: SignedRequest,
  signer: { readonly node: string; readonly key: KeyObject; readonly time: number },
): string {
  const text = signedText(request.method, request.path, signer.time, digestOf(request.body))
  const signature = sign(null, Buffer.from(text), signer.key).toString('base64')
  return `Holotype-Node node="${signer.node}", time="${signer.time}", signature="${signature}"`
}

/** Reads the header; undefined when it has another form. */
export function parseNodeAuthorization(header: string): NodeAuthorization | undefined {
  const [, node, time, signature] = HEADER.exec(header) ?? []
  if (node === undefined || time === undefined || signature === undefined) return undefined
  return { node, time: Number(time), signature: Buffer.from(signature, 'base64') }
}

/**
 * True if the key (SPKI, base64, as enrolled) made the signature over this request. The caller judges `time` by its own clock
 * and keeps what it has seen: a signature alone does not stop a repeated request.
 */
export function verifyNodeAuthorization(
  request: SignedRequest,
  authorization: NodeAuthorization,
  publicKey: string,
): boolean {
  const text = signedText(request.method, request.path, authorization.time, digestOf(request.body))
  const key = createPublicKey({ key: Buffer.from(publicKey, 'base64'), format: 'der', type: 'spki' })
  return key.asymmetricKeyType === 'ed25519' && verify(null, Buffer.from(text), key, authorization.signature)
}
