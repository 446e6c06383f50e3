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
  const latest = useRef(onChange)
  latest.current = onChange
  useEffect(() => setText(value), [value])
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  const send = () => {
    clearTimeout(timer.current)
    if (text.trim() !== value) latest.current(text.trim() || undefined)
  }
  useEffect(() => {
    if (text.trim() === value) return
    timer.current = setTimeout(() => latest.current(text.trim() || undefined), 250)
    return () => clearTimeout(timer.current)
  }, [text, value])
  return (
    <label>{label}
      <input id={id} type={type} min={type === 'number' ? 0 : undefined} maxLength={200} value={text}
        onChange={(event) => setText(event.target.value)}
        onBlur={send /* What follows the text, such as a click on a link, must not be undone by it. */} />
    </label>
  )
}
