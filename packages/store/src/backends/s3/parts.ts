import { createHash } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { digester, isErrorCode } from '@holotype/base'
import { fail } from '../../errors.ts'
import { S3_COMPLETE_ATTEMPTS, S3_COMPLETE_RETRY_MS, S3_PART_BYTES } from '../../limits.ts'
import { element, elements, headersOf, mismatch, type ObjectToPut, refused, type Send } from './request.ts'

/** A large object of which parts may be there, and which nobody sees before it is complete. The store charges for its parts until then. */
export interface Upload {
  readonly key: string
  readonly id: string
  readonly begun: Date
}

interface Part {
  readonly size: number
  readonly tag: string
}

/**
 * Puts an object in parts (multipart upload of Amazon's S3 API). One that is only to be made new goes on in the upload that an attempt before has left: each part
 * that is there and has the same bytes, by its size and MD5, is not sent again. False: somebody was faster.
 * @throws S3_REFUSED, S3_UNREACHABLE, STORE_DIGEST_MISMATCH, and what `body` throws
 */
export async function putParts(send: Send, object: ObjectToPut, body: AsyncIterable<Uint8Array>): Promise<boolean> {
  const { key, digest, create = false } = object
  const left = create ? await newestUpload(send, key) : undefined
  const id = left?.id ?? (await begin(send, object))
  const there = left ? await partsOf(send, left) : new Map<number, Part>()
  try {
    const running = digester()
    const tags: string[] = []
    for await (const part of inParts(body)) {
      running.update(part)
      const number = tags.length + 1
      const tag = sameTag(there.get(number), part) ?? (await putPart(send, { key, id, number }, part))
      if (tag === undefined) return false
      tags.push(tag)
    }
    if (running.digest() !== digest) throw mismatch(object)
    const done = await complete(send, object, { id, tags })
    if (!done) await abortUpload(send, { key, id })
    return done
  } catch (error) {
    // What is left of one that is to be made new is for the next attempt, unless the bytes are wrong.
    if (!create || isErrorCode(error, 'STORE_DIGEST_MISMATCH')) await abortUpload(send, { key, id }).catch(() => {})
    throw error
  }
}

/** Makes the object of its parts; false where there is one, or somebody else has completed the upload. */
async function complete(
  send: Send,
  { key, create = false }: ObjectToPut,
  { id, tags }: { readonly id: string; readonly tags: readonly string[] },
): Promise<boolean> {
  const parts = tags.map((tag, at) => `<Part><PartNumber>${at + 1}</PartNumber><ETag>${tag}</ETag></Part>`)
  const body = Buffer.from(`<CompleteMultipartUpload>${parts.join('')}</CompleteMultipartUpload>`)
  const headers = create ? { 'if-none-match': '*' } : {}
  for (let attempt = 1; ; attempt++) {
    try {
      const done = await send({ method: 'POST', key, query: { uploadId: id }, headers, body }, [404, 409, 412])
      // A server may say 200 at once and what went wrong in the body.
      if (done && !done.bytes.includes('CompleteMultipartUploadResult'))
        throw refused({ method: 'POST', key }, 200, done.bytes)
      return done !== undefined
    } catch (error) {
      // Of two that complete one upload at once Ceph's gateway tells one that it failed itself; Amazon asks to try that again too.
      if (!isErrorCode(error, 'S3_UNREACHABLE') || attempt === S3_COMPLETE_ATTEMPTS) throw error
      await wait(S3_COMPLETE_RETRY_MS * attempt)
    }
  }
}

async function begin(send: Send, object: ObjectToPut): Promise<string> {
  const { key } = object
  const begun = await send({ method: 'POST', key, query: { uploads: '' }, headers: headersOf(object) })
  const id = element(begun?.bytes.toString() ?? '', 'UploadId')
  if (id === undefined) throw fail('S3_REFUSED', { what: `the server gives no upload for ${key}` })
  return id
}

/** Undefined: somebody has completed or aborted the upload meanwhile. */
async function putPart(
  send: Send,
  { key, id, number }: { readonly key: string; readonly id: string; readonly number: number },
  body: Buffer,
): Promise<string | undefined> {
  const query = { uploadId: id, partNumber: String(number) }
  const done = await send({ method: 'PUT', key, query, body }, [404])
  const tag = done?.headers['etag']
  return done && (typeof tag === 'string' ? tag : '')
}

/** A part's tag is its MD5 in quotes, but where the store encrypts with keys of its own: then the part is sent again. */
function sameTag(part: Part | undefined, bytes: Buffer): string | undefined {
  if (part?.size !== bytes.length) return undefined
  return part.tag.replaceAll('"', '') === createHash('md5').update(bytes).digest('hex') ? part.tag : undefined
}

/** The uploads of keys that begin with a prefix, in the order of the keys; none where whoever asks may not list them. */
export async function* uploadsOf(send: Send, prefix: string): AsyncGenerator<Upload> {
  for (let marker: Readonly<Record<string, string>> | undefined = {}; marker; ) {
    const answer = await send({ method: 'GET', key: '', query: { uploads: '', prefix, ...marker } }, [403, 405, 501])
    const text = answer?.bytes.toString() ?? ''
    for (const one of elements(text, 'Upload')) {
      const [key, id, begun] = ['Key', 'UploadId', 'Initiated'].map((name) => element(one, name))
      if (key !== undefined && id !== undefined) yield { key, id, begun: new Date(begun ?? 0) }
    }
    const [key, id] = ['NextKeyMarker', 'NextUploadIdMarker'].map((name) => element(text, name))
    const more = element(text, 'IsTruncated') === 'true' && key !== undefined
    marker = more ? { 'key-marker': key, ...(id === undefined ? {} : { 'upload-id-marker': id }) } : undefined
  }
}

async function newestUpload(send: Send, key: string): Promise<Upload | undefined> {
  let newest: Upload | undefined
  for await (const upload of uploadsOf(send, key))
    if (upload.key === key && !(newest && newest.begun > upload.begun)) newest = upload
  return newest
}

/** None where the upload has ended meanwhile. */
async function partsOf(send: Send, { key, id }: Upload): Promise<ReadonlyMap<number, Part>> {
  const parts = new Map<number, Part>()
  for (let marker: string | undefined = '0'; marker !== undefined; ) {
    const query: Record<string, string> = { uploadId: id, 'part-number-marker': marker }
    const answer = await send({ method: 'GET', key, query }, [404])
    const text: string = answer?.bytes.toString() ?? ''
    for (const one of elements(text, 'Part'))
      parts.set(Number(element(one, 'PartNumber')), {
        size: Number(element(one, 'Size')),
        tag: element(one, 'ETag') ?? '',
      })
    marker = element(text, 'IsTruncated') === 'true' ? element(text, 'NextPartNumberMarker') : undefined
  }
  return parts
}

/** Ends an upload and lets go of its parts; one that has ended is none any more. */
export async function abortUpload(send: Send, { key, id }: Pick<Upload, 'key' | 'id'>): Promise<void> {
  await send({ method: 'DELETE', key, query: { uploadId: id } }, [404])
}

/** Pieces of one size but for the last, however the bytes come. */
async function* inParts(body: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let held: Uint8Array[] = []
  let length = 0
  for await (const chunk of body) {
    let rest = chunk
    while (length + rest.length >= S3_PART_BYTES) {
      const fits = S3_PART_BYTES - length
      yield Buffer.concat([...held, rest.subarray(0, fits)])
      rest = rest.subarray(fits)
      held = []
      length = 0
    }
    if (rest.length > 0) held.push(rest)
    length += rest.length
  }
  if (length > 0) yield Buffer.concat(held)
}
