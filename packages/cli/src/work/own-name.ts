/** The name locks give to our own repository. */
export const OWN = 'own'
