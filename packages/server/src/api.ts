import { z } from 'zod'
import {
  BOOT_EDGES,
  BOOT_UNITS,
  DIFF_CHARACTERS,
  EVIDENCE_CHARACTERS,
  FLAG_CHARACTERS,
  FLAGS,
  HAZARDS,
  ITEMS_TICKED,
  AUTHORS,
  NAME_CHARACTERS,
  PATH_CHARACTERS,
  REVIEWER_TOKEN_SECONDS,
  RUN_OUTPUT_CHARACTERS,
  RUN_OVERRIDES,
  RUN_REPAIRED,
  RUN_TRIGGERS,
  SET_PACKAGES,
  WAVES,
} from './limits.ts'

/**
 * The HTTP API's bodies, version 1, below `/api/v1`. The OpenAPI document is generated from these; the console imports their types alone.
 * Reads need no login on loopback; writes need the operator's bearer token; nodes sign with their own key (agent/src/protocol.ts).
 */

const digest = z.string().regex(/^sha256:[0-9a-f]{64}$/)
/** A digest in what is sent to the server: its type says what it is. */
export const digestSchema = z.templateLiteral(['sha256:', z.string().regex(/^[0-9a-f]{64}$/)])
const time = z.iso.datetime()
const labels = z.record(z.string(), z.string())

export const findingSchema = z.object({
  kind: z.enum(['unauthorized-package', 'missing-package', 'wrong-version']),
  package: z.string(),
  architecture: z.string(),
  /** Absent for a missing package. */
  installed: z.string().optional(),
  /** What the baseline names; absent for an unauthorized package. */
  expected: z.string().optional(),
})

export const imageSummarySchema = z.object({
  image: digest,
  name: z.string(),
  registered: time,
  packages: z.number().int(),
  files: z.number().int(),
  bytes: z.number().int(),
})

export const nodeSummarySchema = z.object({
  node: z.string(),
  name: z.string(),
  channel: z.string(),
  labels,
  image: digest.nullable(),
  imageName: z.string().nullable(),
  statement: z.number().int(),
  lastSeen: time.nullable(),
  lastOutcome: z.enum(['converged', 'failed']).nullable(),
  kernel: z.string(),
  flags: z.array(z.string()),
  findings: z.number().int(),
})

export const runSchema = z.object({
  run: z.string(),
  outcome: z.enum(['converged', 'failed']),
  from: digest.nullable(),
  to: digest,
  statement: z.number().int(),
  started: time,
  milliseconds: z.number().int(),
  bytesFetched: z.number().int(),
  changed: z.object({ written: z.number().int(), removed: z.number().int(), metadata: z.number().int() }),
  repaired: z.array(z.string()).max(100),
  repairedCount: z.number().int(),
  /** What the node's own overrides keep, whatever its image has there. */
  overrides: z.array(z.object({ glob: z.string(), reason: z.string() })).exactOptional(),
  /** Whose these paths are in the image: `package:NAME`, `spec`, `step:NAME`. */
  repairedOwners: z.record(z.string(), z.string()).exactOptional(),
  triggers: z.array(
    z.object({ name: z.string(), exit: z.number().int(), milliseconds: z.number().int(), output: z.string() }),
  ),
  error: z.object({ code: z.string(), what: z.string(), hint: z.string() }).optional(),
})

/** `GET /nodes/:node` */
export const nodeDetailSchema = nodeSummarySchema.extend({
  enrolled: time,
  findingList: z.array(findingSchema),
  /** Newest first, at most 50. */
  runs: z.array(runSchema),
})

export const gateSchema = z.object({
  /** Seconds all earlier waves must have been on the next image. */
  soak: z.number().int(),
  soaked: z.number().int(),
  /** Of 10,000 nodes of the earlier waves, how many must have converged. */
  success: z.number().int(),
  observed: z.number().int(),
  verdict: z.enum(['open', 'passed', 'waiting', 'failed']),
  /** The verdict in words. */
  reason: z.string(),
})

export const waveStatusSchema = z.object({
  name: z.string(),
  select: labels,
  share: z.number().int(),
  open: z.boolean(),
  opened: time.nullable(),
  nodes: z.number().int(),
  converged: z.number().int(),
  failed: z.number().int(),
  gate: gateSchema,
})

/** `GET /rollouts/:rollout`, `GET /rollouts` */
export const rolloutSchema = z.object({
  rollout: z.string(),
  channel: z.string(),
  state: z.enum(['running', 'done', 'stopped']),
  from: digest,
  fromName: z.string(),
  to: digest,
  toName: z.string(),
  diff: digest.nullable(),
  started: time,
  ended: time.nullable(),
  actor: z.string(),
  commit: z.string(),
  reason: z.string(),
  statement: z.number().int(),
  waves: z.array(waveStatusSchema),
})

export const attentionSchema = z.object({
  kind: z.enum([
    'finding',
    'rollout-waiting',
    'rollout-failed',
    'approval-needed',
    'node-failed',
    'node-silent',
    'node-overrides',
  ]),
  severity: z.enum(['high', 'medium', 'low']),
  title: z.string(),
  detail: z.string(),
  /** The console's address of what to look at: `/nodes/ID`, `/rollouts/ID`, `/diffs/DIGEST`. */
  href: z.string(),
  since: time,
})

/** `GET /status`: the first page. */
export const statusSchema = z.object({
  distribution: z.string(),
  time,
  attention: z.array(attentionSchema),
  channels: z.array(
    z.object({
      channel: z.string(),
      statement: z.number().int(),
      current: digest.nullable(),
      currentName: z.string().nullable(),
      next: digest.nullable(),
      nextName: z.string().nullable(),
      /** The one that runs, else the last one that ended; null before the first. */
      rollout: rolloutSchema.nullable(),
      nodes: z.number().int(),
      byImage: z.array(z.object({ image: digest.nullable(), name: z.string(), nodes: z.number().int() })),
    }),
  ),
  nodes: z.number().int(),
  findings: z.number().int(),
  /** When each source was last heard of. */
  checked: z.array(z.object({ source: z.string(), time: time.nullable() })),
})

/** `POST /nodes/enrol`. `token`: the secret alone, or the whole token as it was given to the node. */
export const enrolRequestSchema = z.strictObject({
  token: z.string().min(16).max(512),
  publicKey: z.string().max(512),
  hostname: z.string().max(NAME_CHARACTERS),
})
export const enrolResponseSchema = z.object({ node: z.string(), name: z.string(), channel: z.string(), labels })

/** `POST /checkin` (node) */
export const checkinRequestSchema = z.strictObject({
  image: digestSchema.nullable(),
  statement: z.number().int().min(0),
  set: digestSchema.nullable(),
  kernel: z.string().max(NAME_CHARACTERS),
  flags: z.array(z.string().max(FLAG_CHARACTERS)).max(FLAGS),
})
export const checkinResponseSchema = z.object({ answer: z.enum(['same', 'send-set']) })

/** `POST /runs` (node): `runSchema` with every text bounded. Idempotent by `run`. */
export const runRequestSchema = z.strictObject({
  run: z.string().min(1).max(128),
  outcome: z.enum(['converged', 'failed']),
  from: digestSchema.nullable(),
  to: digestSchema,
  statement: z.number().int().min(0),
  started: time,
  milliseconds: z.number().int().min(0),
  bytesFetched: z.number().int().min(0),
  changed: z.strictObject({
    written: z.number().int().min(0),
    removed: z.number().int().min(0),
    metadata: z.number().int().min(0),
  }),
  repaired: z.array(z.string().max(PATH_CHARACTERS)).max(RUN_REPAIRED),
  repairedCount: z.number().int().min(0),
  overrides: z
    .array(z.strictObject({ glob: z.string().max(PATH_CHARACTERS), reason: z.string().max(NAME_CHARACTERS) }))
    .max(RUN_OVERRIDES)
    .exactOptional(),
  repairedOwners: z
    .record(z.string().max(PATH_CHARACTERS), z.string().max(NAME_CHARACTERS))
    .refine((owners) => Object.keys(owners).length <= RUN_REPAIRED, 'too many owners')
    .exactOptional(),
  triggers: z
    .array(
      z.strictObject({
        name: z.string().max(NAME_CHARACTERS),
        exit: z.number().int(),
        milliseconds: z.number().int().min(0),
        output: z.string().max(RUN_OUTPUT_CHARACTERS),
      }),
    )
    .max(RUN_TRIGGERS),
  error: z
    .strictObject({
      code: z.string().max(NAME_CHARACTERS),
      what: z.string().max(RUN_OUTPUT_CHARACTERS),
      hint: z.string().max(PATH_CHARACTERS),
    })
    .exactOptional(),
})

/** `POST /tokens` (operator): a one-time enrolment token. */
export const tokenRequestSchema = z.strictObject({
  name: z.string().min(1).max(63),
  channel: z.string().min(1).max(63),
  labels,
  /** Seconds the token stays good. */
  validFor: z.number().int().min(1).max(604_800).default(3600),
})
export const tokenResponseSchema = z.object({ token: z.string(), expires: time })

/** An installed set or a baseline: `PUT /sets/:digest` takes it as canonical JSON, sorted by name, architecture and version. */
export const packageSetSchema = z
  .array(
    z.strictObject({
      name: z.string().min(1).max(NAME_CHARACTERS),
      version: z.string().min(1).max(NAME_CHARACTERS),
      architecture: z.string().min(1).max(NAME_CHARACTERS),
    }),
  )
  .max(SET_PACKAGES)

const unit = z.string().min(1).max(NAME_CHARACTERS)
const bootEdges = z.array(z.strictObject({ unit, why: z.string().max(NAME_CHARACTERS) })).max(BOOT_UNITS)
const bootWords = z.string().max(PATH_CHARACTERS)

/**
 * `GET /images/:image/boot`: what starts when an image boots, in which order and why, with where each unit is drawn (image/src/boot/types.ts,
 * BootChart). Null: nothing starts, or its registration did not say.
 */
export const bootSchema = z
  .strictObject({
    order: z.strictObject({
      schema: z.literal('holotype.boot/1'),
      system: z.enum(['systemd', 'sysv', 'runit']),
      goal: unit,
      units: z
        .array(
          z.strictObject({
            name: unit,
            file: z.string().max(PATH_CHARACTERS),
            level: z.number().int().min(0),
            pulledBy: bootEdges,
            after: bootEdges,
            conditional: z.boolean(),
          }),
        )
        .max(BOOT_UNITS),
      absent: z.array(bootWords).max(BOOT_UNITS),
      problems: z.array(z.strictObject({ kind: z.enum(['cycle', 'missing']), what: bootWords })).max(BOOT_UNITS),
    }),
    columns: z.array(z.array(unit).max(BOOT_UNITS)).max(BOOT_UNITS),
    lines: z.array(z.tuple([unit, unit])).max(BOOT_EDGES),
  })
  .refine(
    ({ order }) =>
      order.units.reduce((sum, { pulledBy, after }) => sum + pulledBy.length + after.length, 0) <= BOOT_EDGES,
    `more than ${BOOT_EDGES} orders and wishes`,
  )

/** `POST /images` (operator): makes an image known, with its baseline. Idempotent. */
export const imageRequestSchema = z.strictObject({
  image: digestSchema,
  name: z.string().min(1).max(NAME_CHARACTERS),
  files: z.number().int().min(0),
  bytes: z.number().int().min(0),
  packages: packageSetSchema,
  /** What starts when it boots. Absent: nothing does, or it is not said. */
  boot: bootSchema.exactOptional(),
})

/** `POST /diffs` (operator): stores a diff's canonical JSON for review; `GET /diffs/:digest` gives it back with its approvals. Idempotent. */
export const diffRequestSchema = z.strictObject({
  digest: digestSchema,
  body: z.string().max(DIFF_CHARACTERS),
  /** Who made it: they do not approve it alone. Who hands it in again adds to them. */
  authors: z.array(z.string().min(1).max(NAME_CHARACTERS)).max(AUTHORS).default([]),
})

const actor = z.string().min(1).max(NAME_CHARACTERS)
const hazardId = z.string().min(1).max(NAME_CHARACTERS)
/** What a comment or a tick is about: `package:NAME`, `file:/PATH`, `hazard:ID`; empty: the whole diff. */
const item = z
  .string()
  .max(PATH_CHARACTERS)
  .regex(/^$|^(package|file|hazard):[^\0]+$/, 'an item is package:NAME, file:/PATH or hazard:ID')

export const approvalSchema = z.object({
  diff: digest,
  actor: z.string(),
  verdict: z.enum(['approved', 'rejected']),
  comment: z.string(),
  time,
  /** The digest of the policy it was given under; another policy, and it counts for nothing. */
  policy: z.string(),
  hazards: z.array(z.string()),
  /** Given with the actor's own token: only then their roles count. */
  proven: z.boolean(),
})
/** `POST /diffs/:digest/approvals` (reviewer). `actor`: needed with the operator's token; a person's own token says who they are. */
export const approvalRequestSchema = z.strictObject({
  actor: actor.exactOptional(),
  verdict: z.enum(['approved', 'rejected']),
  comment: z.string().max(4000).default(''),
  /** The hazards of the diff that this verdict names. */
  hazards: z.array(hazardId).max(HAZARDS).default([]),
  /** What a script that reviews has seen. */
  evidence: z.string().max(EVIDENCE_CHARACTERS).default(''),
})

export const commentSchema = z.object({ item: z.string(), actor: z.string(), text: z.string(), time })
/** `POST /diffs/:digest/comments` (reviewer) */
export const commentRequestSchema = z.strictObject({
  actor: actor.exactOptional(),
  item,
  text: z.string().min(1).max(4000),
})

export const reviewedSchema = z.object({ item: z.string(), actor: z.string(), time })
/** `POST /diffs/:digest/reviewed` (reviewer): sets or takes away one's ticks. */
export const reviewedRequestSchema = z.strictObject({
  actor: actor.exactOptional(),
  items: z.array(item).min(1).max(ITEMS_TICKED),
  reviewed: z.boolean(),
})

/** `POST /reviewers` (operator): a token of a person's or a script's own. */
export const reviewerRequestSchema = z.strictObject({
  actor,
  /** Seconds the token stays good. */
  validFor: z
    .number()
    .int()
    .min(1)
    .max(REVIEWER_TOKEN_SECONDS)
    .default(90 * 86_400),
})

/** Where a review stands, judged by the policy that the server was started with. */
const reviewStateSchema = z.object({
  state: z.enum(['open', 'approved', 'rejected']),
  /** `needs 1 more approval, 1 from security`. */
  words: z.string(),
  missing: z.array(z.string()),
})

/** `GET /diffs/:digest`: the diff as it was registered (image/src/types.ts, ImageDiff), and what was said of it. */
export const diffDetailSchema = z.object({
  diff: z.looseObject({}),
  /** Who made the image. */
  authors: z.array(z.string()),
  /** The digest of the policy by which it is judged now. */
  policy: z.string(),
  review: reviewStateSchema,
  approvals: z.array(approvalSchema.extend({ evidence: z.string() })),
  comments: z.array(commentSchema),
  reviewed: z.array(reviewedSchema),
})

/** `GET /diffs` */
export const diffSummarySchema = z.object({
  diff: digest,
  from: digest,
  fromName: z.string(),
  to: digest,
  toName: z.string(),
  registered: time,
  high: z.number().int(),
  approvals: z.array(approvalSchema),
  review: reviewStateSchema,
})

const targetSchema = z.looseObject({
  image: digestSchema,
  packs: z
    .array(
      z.looseObject({
        index: digestSchema,
        indexSize: z.number().int().min(1),
        pack: digestSchema,
        size: z.number().int().min(0),
      }),
    )
    .max(10_000),
})
const statementSchema = z.looseObject({
  schema: z.literal('holotype.channel/2'),
  channel: z.string().min(1).max(63),
  number: z.number().int().min(1),
  issued: time,
  expires: time,
  current: targetSchema,
  next: targetSchema.exactOptional(),
  rollout: z
    .looseObject({
      id: z.string().min(1).max(128),
      waves: z
        .array(
          z.looseObject({
            name: z.string().min(1).max(63),
            select: labels,
            share: z.number().int().min(0).max(10_000),
            open: z.boolean(),
          }),
        )
        .max(WAVES),
    })
    .exactOptional(),
  reason: z.string().max(4000),
  actor: z.string().min(1).max(NAME_CHARACTERS),
  commit: z.string().max(128),
})

/**
 * `POST /statements` (operator): records a channel statement that was signed and published, with the gates that are not in it.
 * The one transaction writes statement, rollout, waves and audit record. Refuses a number that is not higher (409).
 */
export const statementRequestSchema = z.strictObject({
  /** The statement as signed: trust/src/statement.ts. Members this version does not know are kept. */
  statement: statementSchema,
  /** By the name of the wave. A wave without one keeps the gate it has; at first that is no soak and all nodes. */
  gates: z
    .record(
      z.string(),
      z.strictObject({ soak: z.number().int().min(0).max(31_536_000), success: z.number().int().min(0).max(10_000) }),
    )
    .default({}),
  diff: digestSchema.nullable().default(null),
})
/** What was recorded: the statement's number and, where it speaks of one, the rollout. */
export const statementResponseSchema = z.object({
  channel: z.string(),
  number: z.number().int(),
  rollout: z.string().nullable(),
})

/** `GET /audit`: newest first. */
export const auditSchema = z.object({
  id: z.number().int(),
  time,
  actor: z.string(),
  action: z.string(),
  subject: z.string(),
  reason: z.string(),
  commit: z.string(),
})

/** `GET /events` (server-sent events): unnamed events, `data:` this, at most one every 500 ms: the topics that changed since the last. */
export const changedSchema = z.object({
  topics: z.array(z.enum(['nodes', 'findings', 'images', 'diffs', 'rollouts', 'audit'])),
})

/** Errors are RFC 9457 `application/problem+json`. */
export const problemSchema = z.object({
  type: z.string(),
  title: z.string(),
  status: z.number().int(),
  detail: z.string(),
  code: z.string(),
  hint: z.string(),
  request: z.string(),
})

export type Finding = z.output<typeof findingSchema>
export type ImageSummary = z.output<typeof imageSummarySchema>
export type NodeSummary = z.output<typeof nodeSummarySchema>
export type NodeDetail = z.output<typeof nodeDetailSchema>
export type WaveStatus = z.output<typeof waveStatusSchema>
export type Rollout = z.output<typeof rolloutSchema>
export type Attention = z.output<typeof attentionSchema>
export type Status = z.output<typeof statusSchema>
export type Approval = z.output<typeof approvalSchema>
export type DiffDetail = z.output<typeof diffDetailSchema>
export type Comment = z.output<typeof commentSchema>
export type Boot = z.output<typeof bootSchema>
export type DiffSummary = z.output<typeof diffSummarySchema>
export type AuditRecord = z.output<typeof auditSchema>
export type Problem = z.output<typeof problemSchema>
export type Gate = z.output<typeof gateSchema>
export type Changed = z.output<typeof changedSchema>
export type Topic = Changed['topics'][number]
export type StatementRequest = z.output<typeof statementRequestSchema>
