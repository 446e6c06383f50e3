// The difference of two texts, by lines and then by words. Pure.

export type Part = { kind: 'same' | 'gone' | 'new'; text: string }
/** A line that is the same, or a change: the parts of a line, or whole lines that went or came. */
export type DiffLine = { kind: 'same' | 'gone' | 'new' | 'changed'; parts: Part[] }

/** The most cells of a table of comparison; larger texts are compared as a whole. */
const largest = 4_000_000

/** The longest common subsequence as pairs of positions. */
function common(a: string[], b: string[]): [number, number][] {
  let [head, tail] = [0, 0]
  while (head < a.length && head < b.length && a[head] === b[head]) head += 1
  while (tail < a.length - head && tail < b.length - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail += 1
  const [rows, columns] = [a.length - head - tail, b.length - head - tail]
  const pairs: [number, number][] = Array.from({ length: head }, (_, index) => [index, index])
  if (rows * columns <= largest) {
    const width = columns + 1
    const length = new Uint32Array((rows + 1) * width)
    for (let i = rows - 1; i >= 0; i--) {
      for (let j = columns - 1; j >= 0; j--) {
        length[i * width + j] = a[head + i] === b[head + j]
          ? length[(i + 1) * width + j + 1]! + 1
          : Math.max(length[(i + 1) * width + j]!, length[i * width + j + 1]!)
      }
    }
    for (let [i, j] = [0, 0]; i < rows && j < columns;) {
      if (a[head + i] === b[head + j]) pairs.push([head + i++, head + j++])
      else if (length[(i + 1) * width + j]! >= length[i * width + j + 1]!) i += 1
      else j += 1
    }
  }
  for (let index = tail; index > 0; index--) pairs.push([a.length - index, b.length - index])
  return pairs
}

/** The parts of both lists in order: what is the same, what went, what came. */
function align(a: string[], b: string[]): { kind: Part['kind']; text: string }[] {
  const all: { kind: Part['kind']; text: string }[] = []
  let [i, j] = [0, 0]
  for (const [x, y] of [...common(a, b), [a.length, b.length] as [number, number]]) {
    while (i < x) all.push({ kind: 'gone', text: a[i++]! })
    while (j < y) all.push({ kind: 'new', text: b[j++]! })
    if (x < a.length) all.push({ kind: 'same', text: a[x]! })
    i = x + 1
    j = y + 1
  }
  return all
}

const wordsOf = (line: string) => line.match(/\s+|[^\s]+/g) ?? []

function join(parts: Part[]): Part[] {
  const joined: Part[] = []
  for (const part of parts) {
    const last = joined.at(-1)
    if (last?.kind === part.kind) last.text += part.text
    else joined.push({ ...part })
  }
  return joined
}

/** Whether two lines have enough in common to be shown as one line that changed. */
const isLike = (parts: Part[]) => {
  const size = (kind: Part['kind']) => parts.filter((part) => part.kind === kind).reduce((sum, part) => sum + part.text.length, 0)
  return size('same') * 2 >= Math.max(size('gone'), size('new'))
}

export function diffOf(before: string, after: string): DiffLine[] {
  const lines: DiffLine[] = []
  const whole = align(before.split('\n'), after.split('\n'))
  for (let at = 0; at < whole.length;) {
    const { kind, text } = whole[at]!
    if (kind === 'same') {
      lines.push({ kind, parts: [{ kind, text }] })
      at += 1
      continue
    }
    const gone: string[] = []
    const come: string[] = []
    for (; at < whole.length && whole[at]!.kind !== 'same'; at++) (whole[at]!.kind === 'gone' ? gone : come).push(whole[at]!.text)
    for (let index = 0; index < Math.max(gone.length, come.length); index++) {
      const [old, now] = [gone[index], come[index]]
      const parts = old !== undefined && now !== undefined ? join(align(wordsOf(old), wordsOf(now))) : []
      if (parts.length > 0 && isLike(parts)) lines.push({ kind: 'changed', parts })
      else {
        if (old !== undefined) lines.push({ kind: 'gone', parts: [{ kind: 'gone', text: old }] })
        if (now !== undefined) lines.push({ kind: 'new', parts: [{ kind: 'new', text: now }] })
      }
    }
  }
  return lines
}
