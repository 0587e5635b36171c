import { defineErrors } from '@holotype/base'

/** The codes of `trust`. */
export const fail = defineErrors({
  KEY_PERMISSIONS: {
    kind: 'trust',
    when: 'a private key or its directory can be read or written by others, or is not a plain file of ours',
    hint: 'make it private: chmod 700 the directory, chmod 600 its files; if others could read a key, rotate it',
  },
  KEY_MISSING: {
    kind: 'input',
    when: 'the keyring has no key for a role that must sign',
    hint: 'run this where the role’s key is kept, or name the right keyring',
  },
  KEY_EXISTS: {
    kind: 'conflict',
    when: 'a new key would take the place of a file that is there',
    hint: 'name another file: a key that is overwritten is lost',
  },
  KEY_MALFORMED: {
    kind: 'corrupt',
    when: 'a file of the keyring is no private key of the expected kind',
    hint: 'restore the keyring from its backup',
  },
  THRESHOLD_UNREACHABLE: {
    kind: 'input',
    when: 'a role would need more signatures than it has keys, or none',
    hint: 'add keys to the role, or lower its threshold, in the same change',
  },
  CHANGE_OUTDATED: {
    kind: 'conflict',
    when: 'a change of keys was prepared for another state of the site than the present one',
    hint: 'prepare it again and have it signed again',
  },
  SIGNER_FAILED: {
    kind: 'trust',
    when: 'a program that signs for a key failed, or what it gave is no signature by that key',
    hint: 'run it by hand: the key id as its argument, the bytes to sign on its standard input, the signature alone on its output',
  },
  SIGNATURE_INVALID: {
    kind: 'trust',
    when: 'a signed text is not exactly what its signer signed, or is not in the form of a clear-signed text',
    hint: 'download it again from another mirror; if it stays so, do not use this source',
  },
  SIGNATURE_UNKNOWN_KEY: {
    kind: 'trust',
    when: 'none of the keys that signed a text is in the keyrings named',
    hint: 'install the archive’s current keyring package, or name the keyring that holds its key',
  },
  SIGNATURE_EXPIRED_KEY: {
    kind: 'trust',
    when: 'the only known key that signed a text has expired or was revoked',
    hint: 'install the archive’s current keyring package',
  },
  KEYRING_MALFORMED: {
    kind: 'input',
    when: 'a keyring of public keys is missing, too large or holds no OpenPGP keys',
    hint: 'name a file of exported public keys: gpg --export (a .kbx keybox is none)',
  },
  METADATA_MISSING: {
    kind: 'unreachable',
    when: 'the site lacks a file of the trust metadata that another one names',
    hint: 'try another mirror; on the site itself, publish again',
  },
  METADATA_MALFORMED: {
    kind: 'trust',
    when: 'a file of the trust metadata is truncated or not of the form that the TUF specification gives',
    hint: 'try another mirror; on the site itself, publish again',
  },
  METADATA_TOO_LARGE: {
    kind: 'trust',
    when: 'a file of the trust metadata is larger than it may be',
    hint: 'try another mirror: this one sends what nobody signed',
  },
  METADATA_UNSIGNED: {
    kind: 'trust',
    when: 'too few of the keys that a role needs have signed its metadata',
    hint: 'try another mirror; if all are alike, compare the root file with the one the distribution gave out',
  },
  METADATA_EXPIRED: {
    kind: 'trust',
    when: 'trust metadata or a statement is past its expiry: a mirror holds news back, or the signer has stopped',
    hint: 'check this machine’s clock, then another mirror; where the site is published: run `holotype admin trust refresh`, and daily',
  },
  METADATA_ROLLBACK: {
    kind: 'trust',
    when: 'the site serves trust metadata older than what was seen before',
    hint: 'try another mirror: this one is behind or replays old files',
  },
  METADATA_MISMATCH: {
    kind: 'trust',
    when: 'a file of the trust metadata or a statement is not the one that the signed file above it names',
    hint: 'try again in a minute, then another mirror: this one mixes files of different times',
  },
  ROOT_CHAIN_TOO_LONG: {
    kind: 'trust',
    when: 'there are more new root files than a client follows at once',
    hint: 'start from a newer root file, handed over as the first one was',
  },
  TRUST_EXISTS: {
    kind: 'conflict',
    when: 'a site that has trust metadata already is to get its first',
    hint: 'publish to it instead, or choose an empty site',
  },
  TRUST_BUSY: {
    kind: 'conflict',
    when: 'another process is publishing to the same site',
    hint: 'wait until it has ended and run the command again',
  },
  CHANNEL_EXISTS: {
    kind: 'conflict',
    when: 'a channel is to be added that the site has already',
    hint: 'publish a statement to it',
  },
  CHANNEL_UNKNOWN: {
    kind: 'input',
    when: 'the site’s signed metadata does not name the channel',
    hint: 'check the channel’s name; add the channel to the site first',
  },
  STATEMENT_MISSING: {
    kind: 'unreachable',
    when: 'a channel has no statement yet',
    hint: 'start a rollout on the channel',
  },
  STATEMENT_MALFORMED: {
    kind: 'trust',
    when: 'a channel statement is not of the expected form',
    hint: 'if it comes from a newer Holotype, update the agent',
  },
  STATEMENT_ROLLBACK: {
    kind: 'trust',
    when: 'a channel statement is older than one seen before, or another one under the same number',
    hint: 'to go back to an older image, publish a new statement with a higher number that names it',
  },
  STATEMENT_NOT_FORWARD: {
    kind: 'conflict',
    when: 'a statement is to be published whose number is not higher than the published one',
    hint: 'somebody published meanwhile: look at the channel and start again from there',
  },
  STATEMENT_OBJECT_MISSING: {
    kind: 'input',
    when: 'a statement is to be published whose image or packs are not on the site yet',
    hint: 'publish the objects first',
  },
})
