import { defineErrors } from '@holotype/base'

/** The codes of `distribution`. */
export const fail = defineErrors({
  DISTRIBUTION_NOT_FOUND: {
    kind: 'input',
    when: 'the directory holds no holotype.yaml',
    hint: 'run it in a distribution, name one with --directory, or make one with `holotype init`',
  },
  DISTRIBUTION_EXISTS: {
    kind: 'conflict',
    when: 'a new distribution would overwrite files that are there already',
    hint: 'choose an empty directory, or work with the distribution that is there',
  },
  DISTRIBUTION_UNKNOWN_IMAGE: {
    kind: 'input',
    when: 'a channel or a command names an image that the distribution does not have',
    hint: 'correct the name, or add images/NAME.yaml',
  },
  DISTRIBUTION_UNKNOWN_CHANNEL: {
    kind: 'input',
    when: 'a command names a channel that the distribution does not have',
    hint: 'correct the name, or add channels/NAME.yaml',
  },
  DISTRIBUTION_UNKNOWN_RECIPE: {
    kind: 'input',
    when: 'a command names a recipe that the distribution does not have',
    hint: 'correct the name, or add recipes/NAME/recipe.yaml',
  },
  DISTRIBUTION_BAD_NAME: {
    kind: 'input',
    when: 'the name of a file, directory or distribution is no name that Holotype accepts',
    hint: 'a name is 1 to 63 lower-case letters, digits, "+", "." and "-", and starts with a letter or a digit',
  },
  DISTRIBUTION_DUPLICATE: {
    kind: 'input',
    when: 'two things that need different names have the same one',
    hint: 'rename one of them',
  },
  DISTRIBUTION_SOURCE_MISSING: {
    kind: 'input',
    when: 'a spec names a file or directory that the distribution does not have',
    hint: 'add it, or correct the path',
  },
  DISTRIBUTION_SOURCE_OUTSIDE: {
    kind: 'input',
    when: 'a spec names a path that leads out of the distribution, by ".." or through a symbolic link',
    hint: 'copy the file into the distribution: what is declared must be in its git repository',
  },
  DISTRIBUTION_TOO_LARGE: {
    kind: 'resource',
    when: 'the distribution has more files or larger ones than the limits allow',
    hint: 'see packages/distribution/src/limits.ts for the limits',
  },
  DISTRIBUTION_UNKNOWN_UPSTREAM: {
    kind: 'input',
    when: 'an image pins a package to an upstream that the distribution does not have',
    hint: 'correct the name, or add the upstream to holotype.yaml',
  },
  DISTRIBUTION_UNKNOWN_PROFILE: {
    kind: 'input',
    when: 'an image names a profile that the distribution does not have',
    hint: 'correct the name, or add profiles/NAME.yaml',
  },
  DISTRIBUTION_UNKNOWN_VARIABLE: {
    kind: 'input',
    when: 'a value or a template refers to a variable that the image does not have',
    hint: 'add it to `variables`, or write `$${NAME}` where the text itself is meant',
  },
  DISTRIBUTION_CYCLE: {
    kind: 'input',
    when: 'an image starts from itself, through its base or its layers',
    hint: 'put what both need into an image or a profile of its own',
  },
  DISTRIBUTION_NOTHING_TO_REMOVE: {
    kind: 'input',
    when: 'an image removes something that what it starts from does not have',
    hint: 'drop it from `remove`: perhaps the base does not have it any more',
  },
  DISTRIBUTION_NO_GROUPS: {
    kind: 'input',
    when: "an image asks for a group, and groups of the distribution's package format are not read: only pacman's are, not those of rpm's comps.xml",
    hint: 'name the packages',
  },
  DISTRIBUTION_ROLE_EMPTY: {
    kind: 'input',
    when: 'the policy asks for approvals from a role that too few people have',
    hint: 'give the role to more people in access/people.yaml, or ask for fewer',
  },
  DISTRIBUTION_NOT_GIT: {
    kind: 'input',
    when: 'the distribution is not in a git repository with at least one commit',
    hint: 'run `git init`, `git add -A` and `git commit` in it: every decision records its commit',
  },
})
