import type { ReactNode } from 'react'

export interface Option<T extends string> {
  readonly value: T
  readonly label: ReactNode
}

interface ChoiceProps<T extends string> {
  readonly legend: string
  readonly value: T
  readonly options: readonly Option<T>[]
  readonly onChange: (value: T) => void
}

/** One of a few, all in sight: native radio buttons, so that arrow keys and screen readers know them. */
export function Choice<T extends string>({ legend, value, options, onChange }: ChoiceProps<T>) {
  return (
    <fieldset className="choice">
      <legend className="visually-hidden">{legend}</legend>
      {options.map((option) => (
        <label key={option.value}>
          <input
            type="radio"
            name={legend}
            value={option.value}
            checked={option.value === value}
            onChange={() => onChange(option.value)}
          />
          <span>{option.label}</span>
        </label>
      ))}
    </fieldset>
  )
}
