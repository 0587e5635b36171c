export { bucketOf, decide, type Decision, waveOf } from './decide.ts'
export { fail as failTrust } from './errors.ts'
export type { Keyring, KeyringOptions, MinisignKey, OpenPgpPublicKey, PublicKey, Signature, TufKey } from './keyring.ts'
export { TIMESTAMP_BYTES } from './limits.ts'
export { type RoleName, roleOf, TIMESTAMP_FILE } from './roles.ts'
export {
  addChannel,
  createHolderKey,
  createKeyring,
  describePrepared,
  initTrust,
  listSigners,
  openKeyring,
  prepareChange,
  publishedStatement,
  publishPrepared,
  publishStatement,
  readPublicKey,
  refreshTrust,
  rotateRoot,
  signPrepared,
} from './signer.ts'
export type {
  AddChannelOptions,
  InitTrustOptions,
  PublishStatementOptions,
  PreparedFile,
  Renewal,
  RoleLifetimes,
  RoleSigners,
  RotateRootOptions,
  SignerChange,
  SiteOptions,
} from './site.ts'
export type * from './statement.ts'
export { verifyClearSigned } from './verify/clear-signed.ts'
export { verifyDetached } from './verify/detached.ts'
export { fileDigests, verifyMinisign } from './verify/minisign.ts'
export { openTrustClient, type TrustClient, type TrustClientOptions } from './verify/client.ts'
export type { TrustFetch } from './verify/fetch.ts'
export { parseStatement } from './verify/parse-statement.ts'
