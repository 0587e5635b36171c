import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)
let library: typeof import('yaml') | undefined

/** The `yaml` library, loaded at first use: programs that read no YAML (the agent, `--help`) start without its 17 ms. */
export function yamlLibrary(): typeof import('yaml') {
  if (library) return library
  const loaded: typeof import('yaml') = require('yaml')
  library = loaded
  return loaded
}
