import { join } from 'node:path'

/**
 * The folder of the built console, absolute: `index.html` and what it loads. It exists after `vite build packages/console`.
 *
 * Whoever serves it answers every path that is neither a file here nor the API's with `index.html` (the address is the application's
 * state), and sends `Content-Security-Policy` as {@link consolePolicy} has it. Files below `assets/` carry their hash in their name and
 * may be cached for ever; nothing else may.
 */
export const consoleFolder: string = join(import.meta.dirname, '..', 'dist')

/**
 * The `Content-Security-Policy` the console runs under: nothing from anywhere else, no inline script.
 * Inline styles stay allowed because the component library sets sizes and positions through them.
 */
export const consolePolicy: string = [
  "default-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ')
