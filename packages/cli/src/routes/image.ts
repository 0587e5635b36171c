import { numberParser } from '@stricli/core'
import { command, group } from '../command.ts'
import { commonFlags, text } from '../flags.ts'
import { any, one, two } from './positional.ts'

const comment = {
  kind: 'parsed',
  parse: text,
  optional: true,
  brief: 'Why, for the record',
  placeholder: 'TEXT',
} as const
const image = one('IMAGE', 'Its name in the distribution')
const exportsDirectory = {
  kind: 'parsed',
  parse: text,
  optional: true,
  brief: 'Where exports lie [exports in the state directory]',
  placeholder: 'DIR',
} as const
const hazard = {
  kind: 'parsed',
  parse: text,
  optional: true,
  variadic: true,
  brief: 'A hazard of the difference that is accepted, by its id; each must be named by somebody',
  placeholder: 'ID',
} as const
const evidence = {
  kind: 'parsed',
  parse: text,
  optional: true,
  brief: 'What a script that reviews has seen: a file that is kept with the verdict',
  placeholder: 'FILE',
} as const
const diff = one('DIFF', 'The digest of the difference that was looked at, or its beginning')

export const imageRoutes = group('Lock, compose, compare and review images', {
  list: command({
    load: () => import('../commands/image/list.ts'),
    parameters: { flags: commonFlags },
    brief: 'List images, declared and composed',
  }),
  lock: command({
    load: () => import('../commands/image/lock.ts'),
    parameters: {
      flags: {
        ...commonFlags,
        keep: {
          kind: 'boolean',
          default: false,
          withNegated: false,
          brief: 'Keep the versions of the lock before wherever they still fit',
        },
        minimal: {
          kind: 'boolean',
          default: false,
          withNegated: false,
          brief: 'Keep the lock before but for what must move: of what it has, no package moves that could stay',
        },
        why: {
          kind: 'parsed',
          parse: text,
          optional: true,
          brief: 'Say why a package would be in, and write nothing',
          placeholder: 'NAME',
        },
        whyNot: {
          kind: 'parsed',
          parse: text,
          optional: true,
          brief: 'Say why a package, NAME or NAME=VERSION, would not be in, and write nothing',
          placeholder: 'NAME',
        },
        snapshot: {
          kind: 'parsed',
          parse: text,
          optional: true,
          variadic: true,
          brief: 'Resolve from this snapshot, NAME or UPSTREAM=NAME, not from the newest state',
          placeholder: 'SNAPSHOT',
        },
        allowMissingSonames: {
          kind: 'boolean',
          default: false,
          withNegated: false,
          brief: 'Write the lock although programs would lack libraries',
        },
      },
      positional: image,
    },
    brief: 'Resolve the packages of an image and write them down, by digest',
  }),
  compose: command({
    load: () => import('../commands/image/compose.ts'),
    parameters: {
      flags: {
        ...commonFlags,
        lock: {
          kind: 'parsed',
          parse: text,
          optional: true,
          brief: 'Another lock than the one beside the spec: a step of a migration',
          placeholder: 'FILE',
        },
      },
      positional: image,
    },
    brief: 'Make the file tree of an image from its lock and its spec',
  }),
  migrate: command({
    load: () => import('../commands/image/migrate.ts'),
    parameters: {
      flags: {
        ...commonFlags,
        from: {
          kind: 'parsed',
          parse: text,
          brief: 'The image that is there: its name in the distribution, or a file NAME.lock',
          placeholder: 'IMAGE',
        },
        to: { kind: 'parsed', parse: text, brief: 'The image that it becomes, likewise', placeholder: 'IMAGE' },
        write: {
          kind: 'parsed',
          parse: text,
          optional: true,
          brief: 'Write the lock of each step into this directory: 001.lock and on',
          placeholder: 'DIR',
        },
        diffs: {
          kind: 'boolean',
          default: false,
          withNegated: false,
          brief: 'Compose the image of each step, and compare it with the one before',
        },
        scripts: {
          kind: 'boolean',
          default: false,
          withNegated: false,
          brief: 'Convert packages with their scripts, which somebody has read',
        },
      },
    },
    brief: 'Cut the way from one image to another into small steps that each hold',
  }),
  diff: command({
    load: () => import('../commands/image/diff.ts'),
    parameters: {
      flags: {
        ...commonFlags,
        review: { kind: 'boolean', default: false, withNegated: false, brief: 'Hand it to the server for review' },
        html: {
          kind: 'parsed',
          parse: text,
          optional: true,
          brief: 'Write it as a page that stands alone',
          placeholder: 'FILE',
        },
        limit: {
          kind: 'parsed',
          parse: numberParser,
          default: '40',
          brief: 'How many packages and how many files are listed; 0 lists all',
          placeholder: 'N',
        },
      },
      positional: two(
        ['FROM', 'An image: a name (web), the one before (web~1), a digest or its beginning'],
        ['TO', 'An image, likewise'],
      ),
    },
    brief: 'Show what changes from one image to another, by risk',
  }),
  du: command({
    load: () => import('../commands/image/du.ts'),
    parameters: {
      flags: {
        ...commonFlags,
        depth: {
          kind: 'parsed',
          parse: numberParser,
          default: '1',
          brief: 'How many levels below the path are listed',
          placeholder: 'N',
        },
        from: {
          kind: 'parsed',
          parse: text,
          optional: true,
          brief: 'Show what changed since this image',
          placeholder: 'IMAGE',
        },
      },
      positional: {
        kind: 'tuple',
        parameters: [
          {
            brief: 'An image: a name (web), the one before (web~1), a digest or its beginning',
            parse: text,
            placeholder: 'IMAGE',
          },
          { brief: 'A path of it [/]', parse: text, placeholder: 'PATH', optional: true },
        ],
      },
    },
    brief: 'Say what each directory of an image takes, or by how much it changed',
  }),
  explain: command({
    load: () => import('../commands/image/explain.ts'),
    parameters: {
      flags: commonFlags,
      positional: two(
        ['IMAGE', 'An image: a name (web), the one before (web~1), a digest or its beginning'],
        ['WHAT', 'A path (/etc/motd), a package (dbus) or a unit (cron.service)'],
      ),
    },
    brief: 'Say what something in an image is, whose it is, and which line asks for it',
  }),
  cruft: command({
    load: () => import('../commands/image/cruft.ts'),
    parameters: {
      flags: {
        ...commonFlags,
        class: {
          kind: 'enum',
          values: ['packages', 'libraries', 'unowned', 'locales', 'man', 'info', 'docs'],
          optional: true,
          variadic: ',',
          brief: 'Only these classes, separated by commas [all]',
        },
        write: {
          kind: 'boolean',
          default: false,
          withNegated: false,
          brief: 'Write into images/NAME.yaml what leaves out all that is listed',
        },
        limit: {
          kind: 'parsed',
          parse: numberParser,
          default: '40',
          brief: 'How many items are shown; 0 shows all',
          placeholder: 'N',
        },
      },
      positional: one('IMAGE', 'An image: a name (web), the one before (web~1), a digest or its beginning'),
    },
    brief: 'List what an image could do without, with bytes and proof',
  }),
  approve: command({
    load: () => import('../commands/image/approve.ts'),
    parameters: { flags: { ...commonFlags, comment, hazard, evidence }, positional: diff },
    brief: 'Approve exactly the difference that was looked at',
  }),
  reject: command({
    load: () => import('../commands/image/reject.ts'),
    parameters: { flags: { ...commonFlags, comment, evidence }, positional: diff },
    brief: 'Reject a difference',
  }),
  review: command({
    load: () => import('../commands/image/review.ts'),
    parameters: { flags: commonFlags, positional: diff },
    brief: 'Show where a review stands: verdicts, what is missing, comments',
  }),
  comment: command({
    load: () => import('../commands/image/comment.ts'),
    parameters: {
      flags: {
        ...commonFlags,
        item: {
          kind: 'parsed',
          parse: text,
          default: '',
          brief: 'What it is about: package:NAME, file:/PATH or hazard:ID [the whole difference]',
          placeholder: 'ITEM',
        },
      },
      positional: two(['DIFF', 'The digest of the difference, or its beginning'], ['TEXT', 'What is to be said']),
    },
    brief: 'Comment on an item of a difference',
  }),
  reviewed: command({
    load: () => import('../commands/image/reviewed.ts'),
    parameters: {
      flags: {
        ...commonFlags,
        undo: { kind: 'boolean', default: false, withNegated: false, brief: 'Take the ticks away' },
      },
      positional: any('DIFF ITEM', 'The difference, then what was read: package:NAME, file:/PATH, hazard:ID'),
    },
    brief: 'Tick items of a difference as reviewed',
  }),
  export: command({
    load: () => import('../commands/image/export.ts'),
    parameters: {
      flags: {
        ...commonFlags,
        kind: {
          kind: 'enum',
          values: ['tar', 'oci', 'oci-archive', 'squashfs', 'erofs', 'raw', 'qcow2', 'vhd', 'vmdk', 'cloud'],
          variadic: true,
          brief: 'The form; may be given several times',
        },
        compression: {
          kind: 'enum',
          values: ['none', 'gz', 'zst'],
          optional: true,
          brief: 'Of a tar archive [zst], of OCI layers [gz]',
        },
        join: {
          kind: 'parsed',
          parse: text,
          optional: true,
          variadic: true,
          brief: 'The same image for another platform, to stand in the same OCI index',
          placeholder: 'IMAGE',
        },
        out: exportsDirectory,
      },
      positional: image,
    },
    brief: 'Write an image as files that machines boot from and tools load, signed',
  }),
  'boot-check': command({
    load: () => import('../commands/image/boot-check.ts'),
    parameters: {
      flags: {
        ...commonFlags,
        out: exportsDirectory,
        firmware: {
          kind: 'enum',
          values: ['bios', 'uefi'],
          optional: true,
          variadic: true,
          brief: 'Boot with this one [both]',
        },
        upgradeFrom: {
          kind: 'parsed',
          parse: text,
          optional: true,
          brief: 'Also bring a node of this image, booted from its own exported disk, to the one checked and back',
          placeholder: 'IMAGE',
        },
      },
      positional: image,
    },
    brief: 'Boot the exported raw disk in qemu and check it from inside',
  }),
  promote: command({
    load: () => import('../commands/image/promote.ts'),
    parameters: {
      flags: {
        ...commonFlags,
        out: exportsDirectory,
        image: {
          kind: 'parsed',
          parse: text,
          optional: true,
          brief: 'Which of the exported images [the candidate: the one exported last]',
          placeholder: 'IMAGE',
        },
      },
      positional: image,
    },
    brief: 'Make the exported candidate of a name its current image, if its signatures hold',
  }),
  boot: command({
    load: () => import('../commands/image/boot.ts'),
    parameters: {
      flags: {
        ...commonFlags,
        from: {
          kind: 'parsed',
          parse: text,
          optional: true,
          brief: 'Show what differs from this image',
          placeholder: 'IMAGE',
        },
        svg: { kind: 'parsed', parse: text, optional: true, brief: 'Draw it into this file', placeholder: 'FILE' },
      },
      positional: image,
    },
    brief: 'Show what starts at boot, in which order, and what in parallel',
  }),
  verify: command({
    load: () => import('../commands/image/verify.ts'),
    parameters: {
      flags: {
        ...commonFlags,
        store: {
          kind: 'parsed',
          parse: text,
          optional: true,
          brief: 'The second store, kept afterwards [a new one, thrown away]',
          placeholder: 'DIR',
        },
      },
      positional: image,
    },
    brief: 'Compose an image once more, in a second store, and compare',
  }),
})
