import { posix } from 'node:path'
import { formatBytes } from '@holotype/base'
import type { FactChange, FileChange, FileDetails, FileFacts, MemberChange } from '../../types.ts'
import { modeString } from '../file-facts.ts'
import { html, type Markup } from './markup.ts'
import { reasonList, riskTag } from './packages.ts'
import { folded, unified } from './text.ts'

const MARKS = { added: '+', removed: '−', changed: '~', metadata: 'm' } as const
const CLASSES = { added: 'add', removed: 'del', changed: 'medium', metadata: 'soft' } as const

export function fileItem(file: FileChange): Markup {
  const { risk, reasons, change, path, owner } = file
  return html`<article class="item"><div class="head">${riskTag(risk)}<span class="path">${path}</span><span class="${CLASSES[change]}">${change}</span><span class="soft">${owner}</span></div>${reasonList(risk, reasons)}${listing(file)}${contents(file)}</article>
`
}

/** Files of little risk by directory, as `ls -lR` has them; what can be unfolded, unfolds. */
export function fileRows(files: readonly FileChange[]): Markup {
  return html`${[...Map.groupBy(files, ({ path }) => posix.dirname(path))].map(
    ([directory, entries]) =>
      html`<details><summary><code>${directory}</code> ${entries.length}</summary>${entries.map(fileRow)}</details>
`,
  )}`
}

function fileRow(file: FileChange): Markup {
  const facts = file.after ?? file.before
  const line = html`<span class="ls"><span class="${CLASSES[file.change]}">${MARKS[file.change]}</span> ${facts ? listLine(facts) : ''}  ${posix.basename(file.path) || '/'}${facts ? linkText(facts) : ''}</span>`
  const inside = contents(file)
  return inside === undefined ? line : html`${line}<details><summary>what changes within</summary>${inside}</details>`
}

/** Both lines of `ls -ln` where they differ. */
function listing({ before, after }: FileChange): Markup {
  const [old, next] = [before, after].map((facts) => facts && `${listLine(facts)}${linkText(facts)}`)
  const lines = [
    ...(old === undefined || old === next ? [] : [html`<del>− ${old}</del>`]),
    ...(next === undefined ? [] : [old === next ? html`  ${next}` : html`<ins>+ ${next}</ins>`]),
  ]
  return html`<span class="ls">${lines.map((line, index) => (index === 0 ? line : html`\n${line}`))}</span>`
}

function linkText({ type, target = '' }: FileFacts): string {
  return type === 'symlink' ? ` -> ${target}` : ''
}

function listLine(facts: FileFacts): string {
  const { type, size, target, uid, gid, capabilities } = facts
  const extent = type === 'file' ? formatBytes(size) : type === 'character' || type === 'block' ? (target ?? '') : ''
  return `${modeString(facts)}  ${`${uid}:${gid}`.padEnd(9)} ${extent.padStart(9)}${capabilities === undefined ? '' : `  ${capabilities}`}`
}

function contents({ text, details }: FileChange): Markup | undefined {
  if (text === undefined && details === undefined) return undefined
  const lines = text?.split('\n').length ?? 0
  return html`${details === undefined ? undefined : detailsBlock(details)}${text === undefined ? undefined : folded(`${lines} lines of text`, lines, unified(text))}`
}

function detailsBlock({ format, unreadable, facts, members, moreMembers = 0 }: FileDetails): Markup {
  const name = format === '' ? '' : `${format}: `
  if (unreadable) return html`<p class="soft">${name}the bytes differ and cannot be read</p>`
  if (facts.length + members.length === 0)
    return html`<p class="soft">${name}the bytes differ in nothing that is read</p>`
  const more = moreMembers > 0 ? html`<p class="soft">… and ${moreMembers} more members</p>` : undefined
  return html`${factList(facts)}${members.map(memberBlock)}${more}`
}

export function factList(facts: readonly FactChange[]): Markup | undefined {
  return facts.length === 0 ? undefined : html`<dl class="facts">${facts.map(factRow)}</dl>`
}

/** Values of a list that stand there; more unfold. */
const VALUES_OPEN = 6

function factRow({ name, before, after, added = [], removed = [], more = 0 }: FactChange): Markup {
  if (added.length + removed.length === 0)
    return html`<dt>${name}</dt><dd><span class="del">${before ?? 'none'}</span><span>→</span><span class="add">${after ?? 'none'}</span></dd>`
  const values = html`${added.map((value) => html`<span class="add">+ ${value}</span> `)}${removed.map((value) => html`<span class="del">− ${value}</span> `)}${more > 0 ? html`<span class="soft">and ${more} more</span>` : undefined}`
  const count = added.length + removed.length
  return html`<dt>${name}</dt><dd>${count <= VALUES_OPEN ? values : html`<details><summary>${added.length} added, ${removed.length} removed</summary>${values}</details>`}</dd>`
}

function memberBlock({ path, change, details, text }: MemberChange): Markup {
  const title = html`<span class="${CLASSES[change]}">${MARKS[change]} ${path}</span>`
  if (details === undefined && text === undefined) return html`<p><code>${title}</code></p>`
  return html`<details><summary><code>${title}</code></summary>${details === undefined ? undefined : detailsBlock(details)}${text === undefined ? undefined : unified(text)}</details>`
}
