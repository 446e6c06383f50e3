// The filter of the keyword review, as the address has it.
import type { KeywordChoice, KeywordFilter, KeywordOrderField, SearchIntent } from '../gql/graphql'

export const intents: SearchIntent[] = ['INFORMATIONAL', 'NAVIGATIONAL', 'COMMERCIAL', 'TRANSACTIONAL']
export const choices: KeywordChoice[] = ['SELECTED', 'REJECTED', 'CLEARED']
export const fields: KeywordOrderField[] = ['SCORE', 'VOLUME', 'DIFFICULTY', 'TEXT']

export type KeywordSearch = {
  text?: string
  intent?: SearchIntent
  language?: string
  competitor?: string
  choice?: KeywordChoice
  volume?: number
  difficulty?: number
  order?: KeywordOrderField
  after?: string
}

const textIn = (value: unknown, most = 200) => {
  const text = typeof value === 'string' ? value : typeof value === 'number' ? String(value) : ''
  return text.trim() === '' ? undefined : text.slice(0, most)
}
const numberIn = (value: unknown) => {
  const number = Number(value)
  return value !== undefined && value !== '' && Number.isInteger(number) && number >= 0 && number < 2 ** 31
    ? number : undefined
}
const oneOf = <T extends string>(value: unknown, allowed: readonly T[]) => allowed.find((one) => one === value)

export function readKeywordSearch(raw: Record<string, unknown>): KeywordSearch {
  return {
    text: textIn(raw.text), intent: oneOf(raw.intent, intents), language: textIn(raw.language, 35),
    competitor: textIn(raw.competitor, 253), choice: oneOf(raw.choice, choices), volume: numberIn(raw.volume),
    difficulty: numberIn(raw.difficulty), order: oneOf(raw.order, fields), after: textIn(raw.after, 1000),
  }
}

export function keywordFilterOf(search: KeywordSearch): KeywordFilter {
  return {
    ...(search.text && { search: search.text }),
    ...(search.intent && { intents: [search.intent] }),
    ...(search.language && { languages: [search.language] }),
    ...(search.competitor && { competitor: search.competitor }),
    ...(search.choice && { choices: [search.choice] }),
    ...(search.volume !== undefined && { volume: { min: search.volume } }),
    ...(search.difficulty !== undefined && { difficulty: { max: search.difficulty } }),
  }
}
