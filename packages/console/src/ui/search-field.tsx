import { type ReactNode, useEffect, useRef, useState } from 'react'
import { QUERY_CHARACTERS } from '../limits.ts'
import { useKeys } from './keys.ts'

interface SearchFieldProps {
  readonly label: string
  readonly placeholder: string
  /** As the address has it. */
  readonly value: string
  readonly onChange: (value: string) => void
  readonly describedBy?: string
  readonly children?: ReactNode
}

/** The query bar: `/` goes there, Escape leaves it, what is typed goes to the address as it is typed. */
export function SearchField({ label, placeholder, value, onChange, describedBy, children }: SearchFieldProps) {
  const field = useRef<HTMLInputElement>(null)
  const [typed, setTyped] = useState(value)
  useEffect(() => {
    // The address moved by itself: back, forward, or a link. While one types, what is typed leads.
    if (document.activeElement !== field.current) setTyped(value)
  }, [value])
  useKeys({
    '/': () => {
      field.current?.focus()
      field.current?.select()
    },
  })
  return (
    <div className="search">
      <input
        ref={field}
        type="search"
        aria-label={label}
        aria-describedby={describedBy}
        placeholder={placeholder}
        value={typed}
        maxLength={QUERY_CHARACTERS}
        spellCheck={false}
        autoComplete="off"
        onChange={(event) => {
          setTyped(event.currentTarget.value)
          onChange(event.currentTarget.value)
        }}
        onKeyDown={(event) => {
          if (event.key === 'Escape' || event.key === 'Enter') event.currentTarget.blur()
        }}
      />
      <kbd aria-hidden="true">/</kbd>
      {children}
    </div>
  )
}
