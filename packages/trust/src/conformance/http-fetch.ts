import type { TrustFetch } from '../verify/fetch.ts'

/** A repository's metadata: one folder, each role's name percent-encoded as a whole. */
export function metadataFetch(url: string): TrustFetch {
  return (path, maxBytes) => bounded(`${folder(url)}${encodeURIComponent(path.replace(/^trust\//, ''))}`, maxBytes)
}

/** A repository's targets: folders as in their paths. */
export function targetFetch(url: string): TrustFetch {
  return (path, maxBytes) => bounded(`${folder(url)}${path.split('/').map(encodeURIComponent).join('/')}`, maxBytes)
}

function folder(url: string): string {
  return url.endsWith('/') ? url : `${url}/`
}

/** Stops one byte past the limit. @throws TypeError if the server cannot be reached or answers neither with the file nor that there is none */
async function bounded(url: string, maxBytes: number): Promise<Buffer | undefined> {
  const response = await fetch(url, { redirect: 'error' })
  if (response.status === 404 || response.status === 403) {
    await response.body?.cancel()
    return undefined
  }
  if (!response.ok || response.body === null) throw new TypeError(`${url}: the server answers ${response.status}`)
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of response.body) {
    chunks.push(chunk)
    length += chunk.length
    if (length > maxBytes) break // which closes the connection
  }
  return Buffer.concat(chunks)
}
