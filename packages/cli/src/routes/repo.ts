import { numberParser } from '@stricli/core'
import { command, group } from '../command.ts'
import { commonFlags, text } from '../flags.ts'
import { formatFlag } from '../commands/repo/format-flag.ts'
import { any, maybe, one, two } from './positional.ts'

export const repoRoutes = group('Repositories: your own, and snapshots of those you build on', {
  list: command({
    load: () => import('../commands/repo/list.ts'),
    parameters: { flags: commonFlags },
    brief: 'List the snapshots of upstreams: when they were taken, what keeps them',
  }),
  snapshot: command({
    load: () => import('../commands/repo/snapshot.ts'),
    parameters: {
      flags: {
        ...commonFlags,
        name: {
          kind: 'parsed',
          parse: text,
          optional: true,
          brief: 'What it is called [the upstream and the day]',
          placeholder: 'NAME',
        },
      },
      positional: one('UPSTREAM', 'Its name in holotype.yaml'),
    },
    brief: 'Take an upstream as it is now, and keep that state under a name',
  }),
  diff: command({
    load: () => import('../commands/repo/diff.ts'),
    parameters: {
      flags: {
        ...commonFlags,
        limit: {
          kind: 'parsed',
          parse: numberParser,
          default: '40',
          brief: 'How many packages are listed; 0 lists all',
          placeholder: 'N',
        },
      },
      positional: two(
        ['FROM', 'A snapshot: its name, its digest or the beginning of it, latest, or IMAGE.lock'],
        ['TO', 'A snapshot, likewise; with several upstreams latest:UPSTREAM, IMAGE.lock:UPSTREAM'],
      ),
    },
    brief: 'Show which packages differ from one snapshot to another',
  }),
  drop: command({
    load: () => import('../commands/repo/drop.ts'),
    parameters: { flags: commonFlags, positional: one('NAME', 'The name of a snapshot') },
    brief: 'Drop the name of a snapshot that no lock needs',
  }),
  show: command({
    load: () => import('../commands/repo/show.ts'),
    parameters: {
      flags: commonFlags,
      positional: one('SNAPSHOT', 'An upstream, as it was last locked from, or a snapshot'),
    },
    brief: 'Show the packages of a snapshot',
  }),
  get: command({
    load: () => import('../commands/repo/get.ts'),
    parameters: {
      flags: {
        ...commonFlags,
        image: { kind: 'parsed', parse: text, brief: 'The image it is or was locked in', placeholder: 'NAME' },
        output: {
          kind: 'parsed',
          parse: text,
          default: '.',
          brief: 'The directory it is copied to',
          placeholder: 'DIR',
        },
      },
      positional: one('PACKAGE', 'Its name, or NAME=VERSION'),
    },
    brief: 'Copy a package file out of the store: upstream keeps no past, a store does',
  }),
  add: command({
    load: () => import('../commands/repo/add.ts'),
    parameters: {
      flags: {
        ...commonFlags,
        payload: {
          kind: 'enum',
          values: ['checked', 'unread'],
          default: 'checked',
          brief:
            'unread: take .debs that another repository served already in without unpacking them; what is damaged inside goes in',
        },
      },
      positional: any('FILE', 'Package files: .deb, .dsc with the files it names beside it, .pkg.tar.zst, .rpm, .xbps'),
    },
    brief: 'Take package files into your own repository of their format, and publish it',
  }),
  withdraw: command({
    load: () => import('../commands/repo/withdraw.ts'),
    parameters: {
      flags: { ...commonFlags, ...formatFlag },
      positional: one('PACKAGE', 'NAME=VERSION; the version stays taken'),
    },
    brief: 'Take a version out of your own repository, and publish it',
  }),
  publish: command({
    load: () => import('../commands/repo/publish.ts'),
    parameters: { flags: { ...commonFlags, ...formatFlag } },
    brief: 'Publish your own repository as it is now',
  }),
  gc: command({
    load: () => import('../commands/repo/gc.ts'),
    parameters: {
      flags: {
        ...commonFlags,
        ...formatFlag,
        format: { ...formatFlag.format, brief: "Which format's own repository [all]" },
        store: {
          kind: 'boolean',
          default: false,
          withNegated: false,
          brief: 'Clean the store of the state directory instead of the site',
        },
        dryRun: { kind: 'boolean', default: false, withNegated: false, brief: 'Remove nothing, and say what would be' },
        grace: {
          kind: 'parsed',
          parse: text,
          optional: true,
          brief: 'How long what was used stays [7d a withdrawn package, 14d anything else]',
          placeholder: 'TIME',
        },
      },
    },
    brief: 'Remove what nobody needs any more from the site, or from the store',
  }),
  mirror: command({
    load: () => import('../commands/repo/mirror.ts'),
    parameters: {
      flags: {
        ...commonFlags,
        keep: {
          kind: 'boolean',
          default: false,
          withNegated: false,
          brief: 'Go on until stopped: at once where the origin tells of news, else by asking',
        },
        poll: {
          kind: 'parsed',
          parse: text,
          default: '1m',
          brief: 'With --keep: how often an origin is asked that cannot tell',
          placeholder: 'TIME',
        },
        endpoint: {
          kind: 'parsed',
          parse: text,
          optional: true,
          brief: "Of a bucket: the store's address [AWS_ENDPOINT_URL_S3]",
          placeholder: 'URL',
        },
        quota: {
          kind: 'parsed',
          parse: text,
          optional: true,
          brief: 'What the mirror may hold, 500G [what the disk has room for, but for a twentieth]',
          placeholder: 'SIZE',
        },
        check: {
          kind: 'boolean',
          default: false,
          withNegated: false,
          brief: 'Read all that is there, and fetch what is damaged',
        },
      },
      positional: two(
        ['ORIGIN', 'A site or another mirror: its address, or its directory'],
        ['PLACE', 'Where the mirror is, or is to be made: a directory, or s3://BUCKET'],
      ),
    },
    brief: 'Make a mirror of a site, byte for byte, or bring it up to date',
  }),
  verify: command({
    load: () => import('../commands/repo/verify.ts'),
    parameters: {
      flags: {
        ...commonFlags,
        root: {
          kind: 'parsed',
          parse: text,
          optional: true,
          brief: "A root file that is trusted [the site's first]",
          placeholder: 'FILE',
        },
      },
      positional: maybe('SITE', 'A site or a mirror: its address, or its directory [the site of the state directory]'),
    },
    brief: 'Read a site or a mirror, all of it, and say what is not as it should be',
  }),
  convert: command({
    load: () => import('../commands/repo/convert.ts'),
    parameters: {
      flags: {
        ...commonFlags,
        scripts: {
          kind: 'boolean',
          default: false,
          withNegated: false,
          brief: 'Take its scripts over too: read them first',
        },
        output: {
          kind: 'parsed',
          parse: text,
          default: '.',
          brief: 'The directory the new file goes to',
          placeholder: 'DIR',
        },
      },
      positional: one('FILE', 'A .deb or an .rpm'),
    },
    brief: 'Convert a .deb to an rpm, or an rpm to a .deb',
  }),
})
