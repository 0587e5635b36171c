import { defineErrors } from '@holotype/base'

/** The codes of `image`. */
export const fail = defineErrors({
  UNPACK_FAILED: {
    kind: 'input',
    when: 'a locked package file cannot be unpacked',
    hint: 'fetch it again; if its digest is right, the package itself is broken',
  },
  IMAGE_PATH_CONFLICT: {
    kind: 'conflict',
    when: 'two packages of a lock hold the same path and neither replaces the other (those of rpm may hold equal files)',
    hint: 'leave one of them out, or let one declare Replaces on the other',
  },
  IMAGE_SCRIPT_FAILED: {
    kind: 'input',
    when: 'the maintainer scripts of the locked packages do not run to their end in the sandbox',
    hint: "the last lines are the script's own; exclude the package or mend it by a recipe",
  },
  IMAGE_SCRIPT_EFFECT: {
    kind: 'conflict',
    when: 'a maintainer script made, changed or removed something below /usr, /opt or /boot that is no cache or register',
    hint: 'read the script (`dpkg-deb --ctrl-tarfile`); what is right may be allowed in the spec by `scripts.allow`',
  },
  IMAGE_BOOT_ORDER: {
    kind: 'conflict',
    when: 'what an image starts at boot waits for itself, or needs something that is not there',
    hint: 'mend the unit by a drop-in among the files of the spec, or mask it in `units`; `holotype image boot` shows the order',
  },
  IMAGE_NOT_CONFIGURED: {
    kind: 'input',
    when: 'after all maintainer scripts ran a package is not in the state installed',
    hint: 'see its maintainer scripts; a dependency may be missing from the lock',
  },
  IMAGE_SPEC_REFUSED: {
    kind: 'input',
    when: 'the image spec names something the image does not hold',
    hint: 'mend the spec; `holotype image lock` after changing packages',
  },
  IMAGE_ROOT_NEEDED: {
    kind: 'resource',
    when: 'composition is not run as root',
    hint: 'run as root (sudo): an image holds files of many owners, and its maintainer scripts need mounts',
  },
  IMAGE_ARCHITECTURE_FOREIGN: {
    kind: 'resource',
    when: 'an image is to be composed whose programs this machine cannot run: its maintainer scripts have to',
    hint: 'compose on a machine of that architecture, or install qemu-user-static and binfmt-support, which register a handler (binfmt_misc, with the flag F)',
  },
  IMAGE_MALFORMED: {
    kind: 'corrupt',
    when: 'an object that should describe an image has another form',
    hint: 'compose the image again',
  },
  HAZARD_FILES: {
    kind: 'input',
    when: 'the folder hazards/ of a distribution holds what is no rule, or more rules than are read',
    hint: 'each rule is a file hazards/NAME.yaml; what is none belongs elsewhere',
  },
  LOCK_SONAME_MISSING: {
    kind: 'conflict',
    when: 'a program of a resolved image needs a library that none of its packages has',
    hint: 'add the package that has the library, or hold its package at the version that had it; `--allow-missing-sonames` locks all the same',
  },
  MIGRATION_REFUSED: {
    kind: 'input',
    when: 'no way from one lock to another can be planned',
    hint: 'both locks must be for one architecture, and of one format or of deb and rpm',
  },
  EXPORT_FAILED: {
    kind: 'input',
    when: 'an image cannot be written in the form that was asked for',
    hint: 'the reason is the one named; another `--kind` may hold it',
  },
  EXPORT_NOT_BOOTABLE: {
    kind: 'input',
    when: 'a disk is asked for of an image without a kernel or without a boot loader',
    hint: 'add to the image: a kernel (linux-image-amd64), an initrd maker (initramfs-tools), and grub-pc-bin or grub-efi-amd64-bin',
  },
  EXPORT_BUSY: {
    kind: 'conflict',
    when: 'another process exports the same image, or moves its pointers',
    hint: 'wait until it has ended and run the command again',
  },
  EXPORT_MISSING: {
    kind: 'input',
    when: 'what is to be promoted or booted was not exported',
    hint: 'make it: `holotype image export NAME --kind raw`',
  },
  EXPORT_UNSIGNED: {
    kind: 'trust',
    when: 'an exported file is not what the signed list beside it says, or the list has no good signature',
    hint: 'export it again where the keys are',
  },
  BOOT_FAILED: {
    kind: 'input',
    when: 'a disk does not boot, or a virtual machine for it cannot be made',
    hint: 'the end of its console is in the log that the boot check keeps',
  },
  SITE_UNREADABLE: {
    kind: 'corrupt',
    when: "a site's own metadata or statements cannot be read, so that nobody can tell what of it is garbage",
    hint: 'nothing was removed: see `holotype repo verify`, and copy what is damaged back from a mirror',
  },
  ADVISORIES_MALFORMED: {
    kind: 'input',
    when: "a file of advisories that an upstream's `advisories` names holds no OSV records, or more than the limits allow",
    hint: 'take it anew from its publisher; packages/image/src/advisories/limits.ts has the limits',
  },
})
