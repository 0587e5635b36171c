import type { ImageDiff } from '@holotype/image'
import type {
  AuditRecord,
  Boot,
  DiffDetail,
  DiffSummary,
  ImageSummary,
  NodeDetail,
  NodeSummary,
  Rollout,
  Status,
} from '@holotype/server/api'
import { queryOptions } from '@tanstack/react-query'
import { STATUS_REFRESH_MS } from '../limits.ts'
import { get } from './client.ts'

/** Every read of the API. The first part of a key is the topic whose tick makes it stale (`live.ts`). */

/** `GET /diffs/:digest` */
export type DiffDocument = Omit<DiffDetail, 'diff'> & { readonly diff: ImageDiff }

export const statusQuery = queryOptions({
  queryKey: ['status'],
  queryFn: ({ signal }) => get<Status>('status', signal),
  refetchInterval: STATUS_REFRESH_MS,
})

export const nodesQuery = queryOptions({
  queryKey: ['nodes'],
  queryFn: ({ signal }) => get<readonly NodeSummary[]>('nodes', signal),
})

export const nodeQuery = (node: string) =>
  queryOptions({
    queryKey: ['nodes', node],
    queryFn: ({ signal }) => get<NodeDetail>(`nodes/${encodeURIComponent(node)}`, signal),
  })

export const rolloutsQuery = queryOptions({
  queryKey: ['rollouts'],
  queryFn: ({ signal }) => get<readonly Rollout[]>('rollouts', signal),
})

export const rolloutQuery = (rollout: string) =>
  queryOptions({
    queryKey: ['rollouts', rollout],
    queryFn: ({ signal }) => get<Rollout>(`rollouts/${encodeURIComponent(rollout)}`, signal),
  })

export const imagesQuery = queryOptions({
  queryKey: ['images'],
  queryFn: ({ signal }) => get<readonly ImageSummary[]>('images', signal),
})

/** Null: nothing starts in the image, or nothing was said. */
export const bootQuery = (image: string) =>
  queryOptions({
    queryKey: ['images', image, 'boot'],
    queryFn: ({ signal }) => get<Boot | null>(`images/${encodeURIComponent(image)}/boot`, signal),
  })

export const diffsQuery = queryOptions({
  queryKey: ['diffs'],
  queryFn: ({ signal }) => get<readonly DiffSummary[]>('diffs', signal),
})

export const diffQuery = (digest: string) =>
  queryOptions({
    queryKey: ['diffs', digest],
    queryFn: ({ signal }) => get<DiffDocument>(`diffs/${encodeURIComponent(digest)}`, signal),
  })

export const auditQuery = queryOptions({
  queryKey: ['audit'],
  queryFn: ({ signal }) => get<readonly AuditRecord[]>('audit', signal),
})
