import type { LostSoname } from '@holotype/image'
import { LONG_LIST } from '../limits.ts'
import { FirstOf } from '../ui/first-of.tsx'
import { Section } from '../ui/page.tsx'
import { Text } from '../ui/text.tsx'
import { RISK, StatusWord } from '../ui/word.tsx'

/** Libraries that programs of the new image need and that it does not hold. */
export function LostSonames({ sonames }: { readonly sonames: readonly LostSoname[] }) {
  if (sonames.length === 0) return null
  return (
    <div id="sonames" className="findings">
      <Section
        title="Libraries without a provider"
        aside="The dynamic linker will not find them: these programs do not start."
      >
        <FirstOf all={sonames} count={LONG_LIST} noun="library" plural="libraries">
          {(shown) => (
            <ul className="finding-list">
              {shown.map(({ soname, neededBy, providedBefore }) => (
                <li key={soname} className="finding">
                  <h3 className="finding-title">
                    <StatusWord of={RISK.high}>
                      <Text>{soname}</Text>
                    </StatusWord>
                  </h3>
                  <dl className="finding-facts">
                    <dt>Needed by</dt>
                    <dd>
                      {neededBy.map(({ package: name, paths }) => (
                        <div key={name}>
                          <Text className="strong">{name}</Text>
                          {paths.length === 0 ? null : (
                            <>
                              {' '}
                              <code>
                                <Text>{paths.join(', ')}</Text>
                              </code>
                            </>
                          )}
                        </div>
                      ))}
                    </dd>
                    {providedBefore.length === 0 ? null : (
                      <>
                        <dt>Was in</dt>
                        <dd>
                          <Text>{providedBefore.join(', ')}</Text>
                        </dd>
                      </>
                    )}
                  </dl>
                </li>
              ))}
            </ul>
          )}
        </FirstOf>
      </Section>
    </div>
  )
}
