import { command } from '../command.ts'
import { commonFlags } from '../flags.ts'
import { any } from './positional.ts'

export const buildCommand = command({
  load: () => import('../commands/build/build.ts'),
  parameters: { flags: commonFlags, positional: any('RECIPE', 'Recipes to build; without any, all that changed') },
  brief: 'Build recipes into packages of your own repository',
})
