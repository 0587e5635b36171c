import { defineErrors } from '@holotype/base'

/** The codes of `build`. */
export const fail = defineErrors({
  BUILD_FAILED: {
    kind: 'input',
    when: "a recipe's build ends with an error inside the sandbox",
    hint: 'read the log named above; the first error is usually the one',
  },
  BUILD_SOURCE_MALFORMED: {
    kind: 'input',
    when: "a recipe's source lacks what its family needs",
    hint: 'a deb recipe holds debian/control, debian/changelog and debian/rules',
  },
  BUILD_NO_PACKAGES: {
    kind: 'input',
    when: 'a build ends well but leaves no package',
    hint: 'see debian/rules: binary must end in dh_builddeb',
  },
})
