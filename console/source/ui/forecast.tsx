// What approved work will cost, beside the button that approves it.
import type { ForecastPartsFragment } from '../gql/graphql'
import { plural } from './format'

export function Forecast({ forecast }: { forecast: ForecastPartsFragment | null | undefined }) {
  if (!forecast) return null
  const isTooMuch = forecast.affordable < Math.max(1, forecast.articles)
  return (
    <p className={isTooMuch ? 'note warn' : 'forecast'}>
      {isTooMuch && '⚠ '}{forecast.sentence}
      {isTooMuch && (forecast.articles > 0
        ? ` The limits have room for ${plural(forecast.affordable, 'article')} of that cost.`
        : ' The limits have no room for the most of it.')}
    </p>
  )
}
