import { defineErrors } from '@holotype/base'

/** The codes of `store`. */
export const fail = defineErrors({
  OBJECT_MISSING: {
    kind: 'corrupt',
    when: 'an object that something names is not in the store',
    hint: 'make or fetch it again: compose the image once more, or sync from another mirror',
  },
  OBJECT_CORRUPT: {
    kind: 'corrupt',
    when: 'the bytes of an object do not have its digest: the disk or someone changed them',
    hint: 'check the disk, remove the file named above and make or fetch the object again',
  },
  STORE_DIGEST_MISMATCH: {
    kind: 'corrupt',
    when: 'bytes that were stored are not the bytes that were expected',
    hint: 'fetch them again; if it happens twice, the source is not what was locked',
  },
  TREE_INVALID: {
    kind: 'corrupt',
    when: 'a directory object, or the paths it is built from, break a rule: names, order, types, numbers, parents',
    hint: 'whatever made the tree is at fault: report it with the path named above',
  },
  JSON_INVALID: {
    kind: 'corrupt',
    when: 'an object that should be JSON does not parse',
    hint: 'the digest names another kind of object: check where it comes from',
  },
  NOTE_KEY_INVALID: {
    kind: 'internal',
    when: 'a note is remembered under a key that could leave its folder',
    hint: 'keys are parts of letters, digits, . _ + ~ : @ and - with slashes between',
  },
  PACK_CORRUPT: {
    kind: 'corrupt',
    when: 'a pack or its index is damaged: it does not parse, decompress to the bytes stated, or hold the objects named',
    hint: 'fetch it again, from another mirror if there is one',
  },
  DELTA_CORRUPT: {
    kind: 'corrupt',
    when: 'a delta or its index is damaged, or is read against another image than it was made from',
    hint: 'nothing is lost: a node takes the packs instead; publish the image again to have a delta',
  },
  PACK_OBJECT_TOO_LARGE: {
    kind: 'refused',
    when: 'an object is larger than a pack frame may be',
    hint: 'leave the file out of the image, or split it',
  },
  S3_UNREACHABLE: {
    kind: 'unreachable',
    when: 'an S3-compatible store does not answer, or answers with an error of its own',
    hint: 'check the endpoint and run the command again: what is there already stays',
  },
  S3_REFUSED: {
    kind: 'refused',
    when: 'an S3-compatible store refuses a request',
    hint: 'check the bucket, the region and the keys, and that they may get, put, list and delete there',
  },
})
