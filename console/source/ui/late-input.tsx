// A text that counts when the person pauses.
import { useEffect, useRef, useState } from 'react'

type LateInputProps = {
  id?: string
  label: string
  type?: 'search' | 'number'
  value?: string
  onChange: (value: string | undefined) => void
}

export function LateInput({ id, label, type = 'search', value = '', onChange }: LateInputProps) {
  const [text, setText] = useState(value)
  // The last value that this input sent or was given. Its own value may come back late, when the person has gone on.
  const last = useRef(value)
  const latest = useRef(onChange)
  latest.current = onChange
  useEffect(() => {
    if (value === last.current) return
    last.current = value
    setText(value)
  }, [value])
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  const send = (written: string) => {
    clearTimeout(timer.current)
    if (written.trim() === last.current) return
    last.current = written.trim()
    latest.current(last.current || undefined)
  }
  useEffect(() => () => clearTimeout(timer.current), [])
  return (
    <label>{label}
      <input id={id} type={type} min={type === 'number' ? 0 : undefined} maxLength={200} value={text}
        onChange={({ target }) => {
          setText(target.value)
          clearTimeout(timer.current)
          timer.current = setTimeout(() => send(target.value), 250)
        }}
        onBlur={() => send(text) /* What follows the text, such as a click on a link, must not be undone by it. */} />
    </label>
  )
}
