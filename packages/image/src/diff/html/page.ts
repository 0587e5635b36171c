import { formatBytes, shortDigest } from '@holotype/base'
import type { AdvisoryChange, Hazard, ImageDiff, LostSoname, NodeChange } from '../../types.ts'
import { isSame, NO_DIFFERENCE, nodeTitle } from '../render-parts.ts'
import { factList, fileItem, fileRows } from './files.ts'
import { html, type Markup } from './markup.ts'
import { packageItem, reasonList, riskTag } from './packages.ts'
import { STYLE } from './style.ts'
import { unified } from './text.ts'

/** Files of low or no risk that are listed; the rest are counted. */
const LISTED_FILES = 5000

/**
 * A diff as one HTML page that stands alone: no script, no request, everything that comes from packages escaped, light or dark as the
 * reader's machine is set.
 * @param digest of the diff: what an approval signs
 */
export function renderDiffHtml(diff: ImageDiff, digest: string): string {
  const { from, to, packages, files, hazards, sonames, advisories = [], bootOrder = [], node = [] } = diff
  const matters = files.filter(({ risk }) => risk === 'high' || risk === 'medium')
  const rest = files.filter(({ risk }) => risk === 'low' || risk === 'none')
  const title = from.name === to.name ? `What changes in ${to.name}` : `What changes from ${from.name} to ${to.name}`
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${title}</title>
<style>${{ markup: STYLE }}</style>
</head>
<body>
<main>
<h1>${title}</h1>
<p class="soft">${from.name} <code>${shortDigest(from.image)}</code> → ${to.name} <code>${shortDigest(to.image)}</code></p>
<p class="digest">difference <code>${digest}</code></p>
${summary(diff)}
${isSame(diff) ? html`<p>${NO_DIFFERENCE}</p>` : undefined}
${section('Hazards', 'each must be named to approve', hazards.map(hazardBlock))}
${section('Libraries that go while programs need them', undefined, sonames.map(sonameBlock))}
${advisories.length === 0 ? undefined : section('Advisories', undefined, [advisoryTable(advisories)])}
${bootOrder.length === 0 ? undefined : section('Order of start', undefined, [unified(bootOrder.join('\n'))])}
${section('Nodes', 'what the image has them run, leave alone and check', node.map(nodeItem))}
${section('Packages', `${packages.length}, highest risk first`, packages.map(packageItem))}
${section('Files that matter', `${matters.length} of ${files.length}, highest risk first`, matters.map(fileItem))}
${section('Other files', `${rest.length}, of low or no risk`, rest.length === 0 ? [] : [fileRows(rest.slice(0, LISTED_FILES))])}
${rest.length > LISTED_FILES ? html`<p class="soft">… and ${rest.length - LISTED_FILES} more</p>` : undefined}
</main>
</body>
</html>
`
  return page.markup
}

function section(title: string, note: string | undefined, blocks: readonly Markup[]): Markup | undefined {
  if (blocks.length === 0) return undefined
  return html`<section><h2>${title}${note === undefined ? undefined : html`<small>${note}</small>`}</h2>${blocks}</section>`
}

function summary({ summary: sums, hazards, sonames, node = [] }: ImageDiff): Markup {
  const counts = (added: number, removed: number, changed: number) =>
    html`<span class="add">+${added}</span><span class="del">−${removed}</span><span>~${changed}</span>`
  const alarm = (number: number) => html`<span class="${number > 0 ? 'high' : 'soft'}">${number}</span>`
  const size = sums.bytes > 0 ? `+${formatBytes(sums.bytes)}` : formatBytes(sums.bytes).replace('-', '−')
  const cells: readonly (readonly [string, Markup | string | number])[] = [
    ['Hazards', alarm(hazards.length + sonames.length)],
    ['High risk', alarm(sums.high)],
    ...(node.length === 0 ? [] : [['Nodes', node.length] as const]),
    ['Packages', counts(sums.packages.added, sums.packages.removed, sums.packages.changed)],
    ['Files', counts(sums.files.added, sums.files.removed, sums.files.changed + sums.files.metadata)],
    ['Size', size],
    ['CVEs fixed', sums.cves.length],
    ['Privileges', html`${alarm(sums.setuid + sums.capabilities)}`],
  ]
  return html`<dl class="strip">${cells.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`
}

function hazardBlock({ id, title, happens, todo, evidence, more = 0 }: Hazard): Markup {
  return html`<article class="hazard"><h3>${title}<code>${id}</code></h3><p>${happens}</p><p class="do">${todo}</p><ul>${evidence.map((line) => html`<li><code>${line}</code></li>`)}${more > 0 ? html`<li>and ${more} more</li>` : undefined}</ul></article>`
}

function sonameBlock({ soname, neededBy, providedBefore }: LostSoname): Markup {
  const was = providedBefore.length > 0 ? html`<small>was in ${providedBefore.join(', ')}</small>` : undefined
  return html`<article class="hazard"><h3>${soname}${was}</h3><ul>${neededBy.map(({ package: name, paths }) => html`<li>${name}: <code>${paths.join(', ')}</code></li>`)}</ul></article>`
}

function nodeItem(item: NodeChange): Markup {
  const { risk, reasons, change, facts } = item
  return html`<article class="item"><div class="head">${riskTag(risk)}<h3>${nodeTitle(item)}</h3><span class="soft">${change}</span></div>${reasonList(risk, reasons)}${factList(facts)}</article>
`
}

function advisoryTable(advisories: readonly AdvisoryChange[]): Markup {
  const rows = advisories.map(
    ({ change, id, severity, package: name, from, to, title }) =>
      html`<tr><td class="${change === 'brought' ? 'high' : 'add'}">${change}</td><td>${id}</td><td>${severity}</td><td>${name}</td><td>${[from, to].filter((version) => version !== undefined).join(' → ')}</td><td>${title}</td></tr>`,
  )
  return html`<div class="scroll"><table><thead><tr><th></th><th>Advisory</th><th>Severity</th><th>Package</th><th>Versions</th><th></th></tr></thead><tbody>${rows}</tbody></table></div>`
}
