import { fileURLToPath } from 'node:url'

/** The file of the program `holotype-agent`: start it with `node FILE VERB …`. */
export const agentProgram: string = fileURLToPath(new URL('../main.ts', import.meta.url))
