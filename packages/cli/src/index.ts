export { application } from './application.ts'
export { readConfig } from './config.ts'
export { fail as failCli } from './errors.ts'
export { ensureOperatorToken, forgetServerAddress, type Home, homeAt, rememberServerAddress } from './home.ts'
