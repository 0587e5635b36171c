import type { RepositorySigner } from '@holotype/formats'
import type { RoleName } from './roles.ts'

/** A public key as TUF metadata holds it (TUF 1.0 §4.2.2): `public` is 64 hex digits for Ed25519, PEM (SubjectPublicKeyInfo) else. */
export interface TufKey {
  readonly keytype: 'ed25519' | 'rsa' | 'ecdsa' | 'ecdsa-sha2-nistp256'
  readonly scheme: 'ed25519' | 'rsassa-pss-sha256' | 'ecdsa-sha2-nistp256'
  readonly keyval: { readonly public: string }
}

/** A key with its id: the SHA-256 of the key's canonical JSON, 64 hex digits (§4.2.2). */
export interface PublicKey {
  readonly keyId: string
  readonly key: TufKey
}

/** One signature of TUF metadata, in hex digits. */
export interface Signature {
  readonly keyid: string
  readonly sig: string
}

/** The public half of the key that signs package repositories. */
export interface OpenPgpPublicKey {
  /** ASCII armour (`.asc`). */
  readonly armored: string
  /** As `signed-by=` of apt takes it (`.gpg`). */
  readonly binary: Buffer
  /** 40 hex digits, lower case. */
  readonly fingerprint: string
  /** `Acme Linux <release@acme.example>`. */
  readonly userId: string
}

/**
 * The private keys of a directory. They never leave it: this signs. A role's key is a file, ROLE.pem, or is held elsewhere and reached by a
 * program, ROLE.signer with its public half in ROLE.pub (signing-key.ts has what the program is given and gives).
 */
export interface Keyring {
  readonly directory: string
  has(role: RoleName): boolean
  /** Makes a role's key if there is none. */
  createKey(role: RoleName): void
  /** @throws KEY_MISSING, KEY_PERMISSIONS, KEY_MALFORMED */
  publicKey(role: RoleName): PublicKey
  /** The key that a rotation under way puts in the role's place. */
  nextKey(role: RoleName): PublicKey | undefined
  /** Signs with the role's key, and while a rotation is under way with the next one too. @throws KEY_MISSING, KEY_PERMISSIONS, KEY_MALFORMED, SIGNER_FAILED */
  sign(role: RoleName, bytes: Uint8Array): Promise<readonly Signature[]>
  /** Makes the role's next key if there is none. */
  startRotation(role: RoleName): PublicKey
  /** Puts the next key in the place of the role's key, which is deleted. */
  endRotation(role: RoleName): void
  /** The root file of the site that this keyring published to last: what stands for the site where the root key is kept elsewhere. */
  pinnedRoot(): Buffer | undefined
  pinRoot(bytes: Uint8Array): void
  /** Signs package repositories. `now`: the clock that dates signatures. */
  repositorySigner(now?: () => Date): RepositorySigner
  /** Signs exported images. @throws KEY_MISSING, KEY_PERMISSIONS, KEY_MALFORMED */
  exportsKey(): MinisignKey
  /** @throws KEY_MISSING, KEY_PERMISSIONS, KEY_MALFORMED */
  openPgpPublicKey(): Promise<OpenPgpPublicKey>
}

export interface KeyringOptions {
  /** The user id of the repository key: `Acme Linux <release@acme.example>`. Default: `Holotype repository`. */
  readonly repositoryUser?: string
  /** Default `ed25519` (legacy EdDSA, which gpgv 2.1 and later accept); `rsa` (3072 bits) for older verifiers. */
  readonly repositoryKey?: 'ed25519' | 'rsa'
  /** The creation time of the repository key. Default: now. */
  readonly now?: Date
}

/** A key that signs files as minisign does, in memory while it signs. */
export interface MinisignKey {
  /** The text of `minisign.pub`. */
  publicKey(): string
  /** The text of FILE.minisig, from the BLAKE2b-512 of the file. `comment`: one line, signed with it. Same file and comment, same text. */
  signDigest(digest: Buffer, comment: string): string
}
