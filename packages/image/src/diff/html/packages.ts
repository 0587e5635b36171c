import type { ChangelogEntry, PackageChange } from '../../types.ts'
import { plural } from '../render-parts.ts'
import { html, type Markup } from './markup.ts'

const WORDS = { high: 'high', medium: 'medium', low: 'low', none: '' } as const

/** The risk in a word; nothing where there is none. */
export function riskTag(risk: PackageChange['risk']): Markup | undefined {
  return risk === 'none' ? undefined : html`<span class="tag ${risk}">${WORDS[risk]}</span>`
}

export function reasonList(risk: PackageChange['risk'], reasons: readonly string[]): Markup | undefined {
  if (reasons.length === 0) return undefined
  return html`<ul class="reasons ${risk}">${reasons.map((reason) => html`<li>${reason}</li>`)}</ul>`
}

export function packageItem({ risk, reasons, change, name, source, from, to, changelog, cves }: PackageChange): Markup {
  const versions = [from, to === from ? undefined : to].filter((version) => version !== undefined).join(' → ')
  const of = source === name ? undefined : html`<small>${source}</small>`
  const entries = plural(changelog.length, 'changelog entry').replace('entrys', 'entries')
  return html`<article class="item"><div class="head">${riskTag(risk)}<h3>${name}${of}</h3><span>${versions}</span><span class="soft">${change}</span></div>${reasonList(risk, reasons)}${cveList(cves)}${changelog.length === 0 ? undefined : html`<details><summary>${entries}</summary>${changelog.map(changelogEntry)}</details>`}</article>
`
}

/** CVE ids that stand there; more unfold. */
const CVES_OPEN = 8

/** Newest first: what a reviewer has heard of. */
function cveList(cves: readonly string[]): Markup | undefined {
  if (cves.length === 0) return undefined
  const list = html`<p class="cves">${cves.toReversed().map((id) => html`<span>${id}</span>`)}</p>`
  return cves.length <= CVES_OPEN ? list : html`<details><summary>${cves.length} CVEs</summary>${list}</details>`
}

function changelogEntry({ version, distribution, urgency, date, author, text }: ChangelogEntry): Markup {
  const title = [version, distribution, urgency === '' ? '' : `urgency ${urgency}`].filter((part) => part !== '')
  const signed = [author, date].filter((part) => part !== '').join(', ')
  return html`<pre tabindex="0"><strong>${title.join('  ')}</strong>
${text}
<span class="soft">${signed}</span></pre>`
}
