import { buildCommand, buildRouteMap, type Command, type RouteMap, type TypedCommandParameters } from '@stricli/core'
import type { Context } from './context.ts'
import type { CommonFlags } from './flags.ts'
import type { Launch } from './launch.ts'
import type { View } from './view/view.ts'

/** One command: `run` does the work and returns plain data, `show` puts that data in words. `--json` prints the data itself. */
export interface CommandModule<Flags extends CommonFlags, Args extends readonly unknown[], Result> {
  readonly run: (context: Context, flags: Flags, ...args: Args) => Promise<Result>
  readonly show: (result: Result, view: View) => string
  /** The result where it is known already: then nothing else is loaded and nobody is waited for. It must not change anything. */
  readonly known?: (context: Context, flags: Flags) => Result | undefined
  /** True for what changes the state directory in more than one step: one such command at a time. */
  readonly exclusive?: boolean
}

/** How a command stands in the route map. */
export interface CommandSpec<Flags extends CommonFlags, Args extends readonly unknown[], Result> {
  /** Loads the command's code when it is run and not before: `--help` stays fast. */
  readonly load: () => Promise<CommandModule<Flags, Args, Result>>
  /** Its flags (`commonFlags` among them) and arguments. */
  readonly parameters: NoInfer<TypedCommandParameters<Flags, Args, Launch>>
  readonly brief: string
}

/** A command for the route map. */
export function command<Flags extends CommonFlags, Args extends readonly unknown[], Result>(
  spec: CommandSpec<Flags, Args, Result>,
): Command<Launch> {
  return buildCommand<Flags, Args, Launch>({
    parameters: spec.parameters,
    docs: { brief: spec.brief },
    loader: async () => {
      const { execute } = await import('./execute.ts')
      return function (this: Launch, flags: Flags, ...args: Args) {
        return execute(this, flags, async (context) => {
          const { run, show, known, exclusive } = await spec.load()
          const work = () => run(context, flags, ...args)
          const result =
            known?.(context, flags) ??
            (exclusive ? await (await import('./work/alone.ts')).alone(context, work) : await work())
          return { result, show: (view) => show(result, view) }
        })
      }
    },
  })
}

type Routes = Readonly<Record<string, Command<Launch> | RouteMap<Launch>>>

/** A group of commands: `holotype GROUP COMMAND`. */
export function group(brief: string, routes: Routes): RouteMap<Launch> {
  return buildRouteMap<string, Launch>({ routes, docs: { brief } })
}
