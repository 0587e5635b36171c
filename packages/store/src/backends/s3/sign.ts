import { createHash, createHmac } from 'node:crypto'

/** Who asks, and where. */
export interface S3Credentials {
  readonly accessKey: string
  readonly secretKey: string
  readonly sessionToken?: string
}

export interface RequestToSign {
  readonly method: string
  /** As it is sent: encoded, with its query. */
  readonly url: URL
  /** Those besides `host` and `x-amz-date`, all of which are signed; names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  /** The SHA-256 of the body, 64 hex digits. */
  readonly sha256: string
  readonly region: string
  readonly now: Date
}

/** The headers of a request with its signature (AWS Signature Version 4, service `s3`). */
export function signRequest(
  { accessKey, secretKey, sessionToken }: S3Credentials,
  { method, url, headers: more, sha256, region, now }: RequestToSign,
): Record<string, string> {
  const time = now.toISOString().replace(/[-:]|\.\d{3}/g, '')
  const day = time.slice(0, 8)
  const headers: Record<string, string> = {
    ...more,
    host: url.host,
    'x-amz-content-sha256': sha256,
    'x-amz-date': time,
    ...(sessionToken === undefined ? {} : { 'x-amz-security-token': sessionToken }),
  }
  const names = Object.keys(headers).sort()
  const query = [...url.searchParams]
    .map(([name, value]) => `${encodePart(name)}=${encodePart(value)}`)
    .sort()
    .join('&')
  const canonical = [
    method,
    url.pathname,
    query,
    ...names.map((name) => `${name}:${headers[name]?.trim()}`),
    '',
    names.join(';'),
    sha256,
  ].join('\n')
  const scope = `${day}/${region}/s3/aws4_request`
  const text = `AWS4-HMAC-SHA256\n${time}\n${scope}\n${createHash('sha256').update(canonical).digest('hex')}`
  const key = [day, region, 's3', 'aws4_request'].reduce<Buffer>(hmac, Buffer.from(`AWS4${secretKey}`))
  const signature = hmac(key, text).toString('hex')
  return {
    ...headers,
    authorization: `AWS4-HMAC-SHA256 Credential=${accessKey}/${scope}, SignedHeaders=${names.join(';')}, Signature=${signature}`,
  }
}

/** RFC 3986 but for what is unreserved, as the signature has it: also `!'()*`. */
export function encodePart(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`)
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}
