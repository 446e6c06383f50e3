// The names of places, languages and sources of keywords.
import type { AnalysisMode } from '../gql/graphql'

export const modes: AnalysisMode[] = ['BEST', 'DATAFORSEO', 'CRAWL', 'MODEL']
export const modeLabels: Record<AnalysisMode, string> = {
  BEST: 'The best that this server has', DATAFORSEO: 'Search data of DataForSEO', CRAWL: 'Pages of the competitors',
  MODEL: 'A language model alone',
}

/** The places that most organizations search in, by the numbers of DataForSEO and Google Ads. */
export const places: [number, string][] = [
  [2036, 'Australia'], [2040, 'Austria'], [2124, 'Canada'], [2250, 'France'], [2276, 'Germany'], [2356, 'India'],
  [2372, 'Ireland'], [2380, 'Italy'], [2392, 'Japan'], [2528, 'Netherlands'], [2724, 'Spain'], [2756, 'Switzerland'],
  [2826, 'United Kingdom'], [2840, 'United States'],
]

export const placeOf = (code: number) => places.find(([one]) => one === code)?.[1] ?? `Place ${code}`
export const languageOf = (code: string) => {
  try {
    return new Intl.DisplayNames(['en'], { type: 'language', fallback: 'code' }).of(code) ?? code
  } catch { // A person is in the middle of writing it.
    return code
  }
}
