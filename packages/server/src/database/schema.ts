import type { Digest } from '@holotype/base'
import type { Finding, PackageSetEntry } from '@holotype/audit'
import type { RunReport } from '@holotype/agent'
import type { ChannelStatement } from '@holotype/trust'
import type { ColumnType, Generated, GeneratedAlways, JSONColumnType } from 'kysely'

/** The tables as `migrations/` leaves them, for the query builder. */
export interface Database {
  nodes: NodesTable
  enrol_tokens: EnrolTokensTable
  node_states: NodeStatesTable
  sets: SetsTable
  images: ImagesTable
  set_findings: SetFindingsTable
  runs: RunsTable
  diffs: DiffsTable
  approvals: ApprovalsTable
  reviewers: ReviewersTable
  comments: CommentsTable
  reviewed: ReviewedTable
  channels: ChannelsTable
  statements: StatementsTable
  rollouts: RolloutsTable
  waves: WavesTable
  audit: AuditTable
}

/** A jsonb column: read as its value, written as JSON text. */
type Jsonb<Value> = ColumnType<Value, string, string>
type Labels = Readonly<Record<string, string>>

interface NodesTable {
  node: string
  name: string
  channel: string
  labels: JSONColumnType<Labels>
  public_key: Buffer
  hostname: string
  enrolled_at: Date
}

interface EnrolTokensTable {
  secret_sha256: Buffer
  name: string
  channel: string
  labels: JSONColumnType<Labels>
  created_at: Date
  expires_at: Date
  used_at: Date | null
  node: string | null
}

interface NodeStatesTable {
  node: string
  image: Digest | null
  image_since: Date
  statement: number
  set_digest: Digest | null
  set_since: Date
  kernel: string
  flags: string[]
  seen_at: Date
  signed_at: number
  run: string | null
  run_outcome: 'converged' | 'failed' | null
  run_to: string | null
  run_started_at: Date | null
}

interface SetsTable {
  digest: Digest
  body: Jsonb<readonly PackageSetEntry[]>
  packages: number
  received_at: Date
}

interface ImagesTable {
  image: Digest
  name: string
  files: number
  bytes: number
  packages: Jsonb<readonly PackageSetEntry[]>
  set_digest: Digest
  registered_at: Date
  boot: string | null
}

interface SetFindingsTable {
  set_digest: Digest
  image: Digest
  findings: Jsonb<readonly Finding[]>
  count: number
  computed_at: Date
}

interface RunsTable {
  node: string
  run: string
  sha256: Buffer
  report: Jsonb<RunReport>
  started_at: Date
  received_at: Date
}

interface DiffsTable {
  digest: Digest
  body: string
  from_image: Digest
  from_name: string
  to_image: Digest
  to_name: string
  high: number
  registered_at: Date
  hazards: string[]
  authors: string[]
}

interface ApprovalsTable {
  id: GeneratedAlways<number>
  diff: Digest
  actor: string
  verdict: 'approved' | 'rejected'
  comment: string
  time: Date
  policy: string
  hazards: string[]
  proven: boolean
  evidence: string
}

interface ReviewersTable {
  secret_sha256: Buffer
  actor: string
  created_at: Date
  expires_at: Date
}

interface CommentsTable {
  id: GeneratedAlways<number>
  diff: Digest
  item: string
  actor: string
  text: string
  time: Date
}

interface ReviewedTable {
  diff: Digest
  actor: string
  item: string
  time: Date
}

interface ChannelsTable {
  channel: string
  number: number
  current_image: Digest
  next_image: Digest | null
  recorded_at: Date
}

interface StatementsTable {
  channel: string
  number: number
  body: Jsonb<ChannelStatement>
  gates: Jsonb<Readonly<Record<string, { readonly soak: number; readonly success: number }>>>
  diff: Digest | null
  recorded_at: Date
}

interface RolloutsTable {
  rollout: string
  channel: string
  state: 'running' | 'done' | 'stopped'
  from_image: Digest
  to_image: Digest
  diff: Digest | null
  started_at: Date
  ended_at: Date | null
  actor: string
  reason: string
  commit: string
  statement: number
}

/** How a wave stood when its rollout ended. */
export interface FinalWave {
  readonly nodes: number
  readonly converged: number
  readonly failed: number
}

interface WavesTable {
  rollout: string
  position: number
  name: string
  selector: JSONColumnType<Labels>
  share: number
  open: boolean
  opened_at: Date | null
  soak: number
  success: number
  final: ColumnType<FinalWave | null, string | null, string | null>
}

/** Number, previous hash and hash are the database's own. */
interface AuditTable {
  id: Generated<number>
  time: Date
  actor: string
  action: string
  subject: string
  reason: string
  commit: string
  previous: Generated<Buffer>
  hash: Generated<Buffer>
}
