export { readConfig } from './config.ts'
export { type RunningServer, type ServerLog, type ServerOptions, startServer } from './server.ts'
export type * from './api.ts'
