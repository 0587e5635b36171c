import { z } from 'zod'
import { absolutePath, duration, mode, rate } from '../values.ts'

/** The parts of an image's spec that set up the system in it. */

/** Numbers of users and groups that are none (chown(2), nobody) stay free. */
const ID_LAST = 4_294_967_294
const id = z.number().int().min(0).max(ID_LAST)

/** The name of a variable: the pattern that `${…}` must hold to be one. */
export const variableName = z
  .string()
  .regex(/^[a-z][a-z0-9_]{0,62}$/, 'a variable is lower-case letters, digits and _, and starts with a letter')

export const variableSchema = z.union([
  z.string().refine((text) => !/\$\{/.test(text), 'a variable does not refer to another'),
  z.number(),
  z.boolean(),
])

/** As useradd(8) accepts it. */
export const accountName = z
  .string()
  .regex(/^[a-z_][a-z0-9_-]{0,30}\$?$/, 'an account is at most 32 lower-case letters, digits, _ and -')
  .describe('an account')

/** Text of one field of passwd(5): neither colons nor line ends. */
const field = z.string().regex(/^[^:\n\0]*$/, 'a field of an account holds no colon and no line end')

export const fileSchema = z
  .strictObject({
    // A variable alone may be a number.
    content: z
      .union([z.string(), z.number().transform(String)])
      .optional()
      .describe('its text'),
    source: z.string().optional().describe('or a file of the distribution, relative to `images/`'),
    template: z.boolean().default(false).describe('whether `${NAME}` in the source stands for a variable'),
    link: z
      .string()
      .regex(/^[^\0]{1,4095}$/, 'a target is 1 to 4,095 characters')
      .optional()
      .describe('or what it is a symbolic link to'),
    directory: z.literal(true).optional().describe('or that it is a directory, which may be there already'),
    mode: mode.optional().describe("its permissions, in quotes; `'0644'`, of a directory `'0755'`"),
    user: accountName.optional().describe("its owner's name; `root`"),
    group: accountName.optional().describe("its group's name; `root`"),
    uid: id.optional().describe("or its owner's number"),
    gid: id.optional().describe("or its group's number"),
  })
  .refine(
    (file) => [file.content, file.source, file.link, file.directory].filter((one) => one !== undefined).length === 1,
    'give one of content, source, link and directory',
  )
  .refine((file) => file.user === undefined || file.uid === undefined, 'give either user or uid')
  .refine((file) => file.group === undefined || file.gid === undefined, 'give either group or gid')
  .refine((file) => file.link === undefined || file.mode === undefined, 'a symbolic link has no permissions')
  .refine((file) => !file.template || file.source !== undefined, 'a template has a source')

export const userSchema = z.strictObject({
  uid: id.describe('its number, the same on every node'),
  group: accountName
    .optional()
    .describe("its group; without it one of its own name, with the user's number if it is new"),
  groups: z.array(accountName).default([]).describe('the other groups it is in'),
  comment: field.default('').describe('who that is'),
  home: absolutePath.and(field).default('/nonexistent').describe('its home directory, which is not made'),
  shell: absolutePath.and(field).default('/usr/sbin/nologin').describe('its shell'),
  password: field
    .regex(/^(!|\*|\$[!-~]+)$/, 'a password is a hash as crypt(5) writes it, or ! or *')
    .default('!')
    .describe('the hash of its password; `!` locks it'),
})

export const groupSchema = z.strictObject({ gid: id.describe('its number, the same on every node') })

const unit = z
  .string()
  .regex(
    /^[A-Za-z0-9:_.@\\-]{1,255}$/,
    'a unit is letters, digits and : _ . @ - with its type at the end: nginx.service',
  )
  .describe('a unit')

export const unitsSchema = z
  .strictObject({
    enable: z.array(unit).default([]).describe('units that start at boot'),
    disable: z.array(unit).default([]).describe('units that do not, although their package enables them'),
    mask: z.array(unit).default([]).describe('units that cannot be started at all'),
  })
  .superRefine(({ enable, disable, mask }, context) => {
    for (const [key, units] of Object.entries({ disable, mask })) {
      const index = units.findIndex((one) => enable.includes(one))
      if (index < 0) continue
      const message = `"${units[index]}" is in units.enable too; take it out there, or by \`remove\``
      context.addIssue({ code: 'custom', path: [key, index], message })
    }
  })
  .prefault({})
  .describe('systemd units')

const moduleName = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,63}$/, 'a module is letters, digits, _ and -')
  .describe('a kernel module')

/** One line of a file that the kernel or kmod splits at spaces. */
const line = z
  .string()
  .regex(/^[ -~]{1,1024}$/, 'it is one line of printable ASCII')
  .describe('a line')

export const modulesSchema = z
  .strictObject({
    load: z.array(moduleName).default([]).describe('modules that are loaded at boot'),
    blacklist: z.array(moduleName).default([]).describe('modules that are not loaded for a device that is found'),
    options: z.record(moduleName, line).default({}).describe('their parameters, by module'),
  })
  .prefault({})
  .describe('kernel modules; the kernel itself is a package')

export const kernelSchema = z
  .strictObject({
    command_line: z
      .array(line.regex(/^\S+$/, 'a parameter holds no space'))
      .default([])
      .describe('its parameters, in this order: `/etc/kernel/cmdline`, and the boot loader of disks that are exported'),
  })
  .prefault({})
  .describe('the kernel')

/** A field of fstab(5). */
const fstabField = z
  .string()
  .regex(/^[^\0\n]{1,1024}$/, 'a field of fstab is one line')
  .describe('a field of fstab')

export const mountSchema = z.strictObject({
  source: fstabField.describe('what is mounted: `LABEL=data`, `/dev/vdb1`, `host:/path`'),
  type: fstabField.regex(/^\S+$/, 'a file system holds no space').describe('its file system: `ext4`, `nfs`'),
  options: z
    .array(fstabField.regex(/^[^\s,]+$/, 'an option holds no space and no comma'))
    .default(['defaults'])
    .describe('its options'),
  check: z.number().int().min(0).max(2).default(0).describe('when it is checked at boot: 1 first, 2 after, 0 never'),
})

export const timezoneSchema = z
  .string()
  .regex(/^[A-Za-z0-9_+-]+(\/[A-Za-z0-9_+-]+){0,2}$/, 'a time zone is a name like Europe/Paris')
  .describe('a time zone')

const port = z
  .string()
  .regex(/^(tcp|udp)\/([1-9]\d{0,4})$/, 'a port is tcp/443 or udp/53')
  .refine((text) => Number(text.slice(4)) <= 65_535, 'a port is at most 65535')
  .describe('a port')

/** What the boot check and an agent's health checks ask alike. */
const checks = {
  units: z.array(unit).default([]).describe('units that must be active'),
  ports: z.array(port).default([]).describe('ports that something must listen on'),
}

const checkedFor = (usual: string) =>
  duration
    .prefault(usual)
    .refine((seconds) => seconds >= 1 && seconds <= 3600, 'a check takes from 1s to 1h')
    .describe('how long it may take')

export const healthSchema = z
  .strictObject({
    ...checks,
    commands: z
      .array(
        z.strictObject({
          run: z.array(z.string()).min(1).describe('the program and its arguments; it must end with 0'),
          timeout: checkedFor('10s'),
        }),
      )
      .default([])
      .describe('programs of the node that must succeed, as root'),
    http: z
      .array(
        z.strictObject({
          url: z
            .url({ protocol: /^https?$/ })
            .max(1024)
            .describe('an address, as seen from the node: `http://127.0.0.1/health`'),
          status: z.number().int().min(100).max(599).default(200).describe('the status it must answer with'),
          timeout: checkedFor('5s'),
        }),
      )
      .default([])
      .describe('what must answer'),
    grace: duration
      .prefault('30s')
      .refine((seconds) => seconds <= 3600, 'a grace time is at most 1h')
      .describe('how long they may fail after the last trigger'),
  })
  .refine(({ units, ports, commands, http }) => {
    const count = units.length + ports.length + commands.length + http.length
    return count >= 1 && count <= 100
  }, 'give from 1 to 100 checks')
  .describe('what must hold on a node that came to this image from another: if not, it goes back there by itself')

export const bootChecksSchema = z
  .strictObject({
    ...checks,
    may_fail: z.array(unit).default([]).describe('units that may have failed; no other may'),
    other_ports: z
      .boolean()
      .default(false)
      .describe('whether others may be listened on, on other addresses than the loopback'),
    commands: z
      .array(
        z.strictObject({
          run: z.array(z.string()).min(1).describe('the program and its arguments; it must end with 0'),
          timeout: duration.prefault('30s').describe('how long it may run'),
        }),
      )
      .default([])
      .describe('programs that must succeed, as root'),
    timeout: duration.prefault('5m').describe('how long booting may take'),
  })
  .prefault({})
  .describe('what must hold after the image booted')

const percent = z
  .string()
  .regex(/^([1-9]\d?|100)%$/, 'a pressure is a whole percentage from 1% to 100%')
  .transform((text) => Number.parseInt(text, 10))
  .optional()

/** What is left out is left out of the image too: there the agent's own values hold. */
export const throttleSchema = z
  .strictObject({
    network: rate.optional().describe('what is fetched: `20MiB/s`'),
    disk: rate.optional().describe('what is read and written, together'),
    pressure: z
      .strictObject({
        cpu: percent.describe('of processor'),
        io: percent.describe('of disk'),
        memory: percent.describe('of memory'),
      })
      .optional()
      .describe(
        'the percentage of time in which others may wait before the agent slows down, at most to a tenth; `10%` each unless told, `100%`: it never does',
      ),
  })
  .describe('how an agent spares what else its node does')
