import type { BucketOptions } from '@holotype/store/bucket'
import type { Context } from '../context.ts'
import { fail } from '../errors.ts'

/** `s3://NAME` with the endpoint and the keys of the environment. @throws CLI_USAGE */
export function bucketOf({ objectStore }: Context, place: string, endpointFlag: string | undefined): BucketOptions {
  const bucket = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])\/?$/.exec(place)?.[1]
  const { accessKey, secretKey, sessionToken, region = 'us-east-1' } = objectStore
  const endpoint = endpointFlag ?? objectStore.endpoint ?? `https://s3.${region}.amazonaws.com`
  if (bucket === undefined)
    throw fail('CLI_USAGE', { what: `"${place}" is no bucket`, hint: 'a bucket looks like s3://packages' })
  if (!/^https?:\/\/[^/]+\/?$/.test(endpoint))
    throw fail('CLI_USAGE', {
      what: `"${endpoint}" is no endpoint`,
      hint: 'an endpoint looks like https://s3.example.net',
    })
  if (accessKey === undefined || secretKey === undefined)
    throw fail('CLI_USAGE', {
      what: `the keys of ${place} are missing`,
      hint: 'set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment',
    })
  return { endpoint, bucket, region, accessKey, secretKey, ...(sessionToken === undefined ? {} : { sessionToken }) }
}
