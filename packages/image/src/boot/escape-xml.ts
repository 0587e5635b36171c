import { cleanText } from '@holotype/base'

/** A text as it may stand between tags or in an attribute of XML; control characters are gone. */
export function escapeXml(text: string): string {
  return text
    .split('\n')
    .map(cleanText)
    .join('\n')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}
