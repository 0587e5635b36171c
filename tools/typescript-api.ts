import { registerHooks } from 'node:module'

/*
 * TypeScript 7, which checks the types, has no JavaScript interface; tools that need one get TypeScript 6, which is installed under the name
 * `typescript-api`.
 */
registerHooks({
  resolve(specifier, context, next) {
    return next(specifier.replace(/^typescript(?=$|\/)/, 'typescript-api'), context)
  },
})
