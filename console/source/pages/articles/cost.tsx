// The money of an article, by the answers that it was made of.
import { Empty, Moment, Money } from '../../ui/basic'
import { words } from '../../ui/format'
import { Gauge } from '../../ui/gauge'
import { Rows } from '../../ui/table'
import type { Article } from './page'

export function Cost({ article: { spend, parts } }: { article: Article }) {
  return (
    <>
      <section className="card" aria-label="Money of the article">
        <Gauge settled={spend.settled} held={spend.held} limit={spend.cap} />
        <dl className="sums">
          <div><dt>Spent</dt><dd><Money amount={spend.settled} /></dd></div>
          <div><dt>Held</dt><dd><Money amount={spend.held} /></dd></div>
          <div><dt>At most</dt><dd><Money amount={spend.cap} /></dd></div>
          {spend.forecast && <div><dt>A new article probably</dt><dd><Money amount={spend.forecast} /></dd></div>}
        </dl>
      </section>
      <div className="spaced">
        {parts.length === 0 ? <Empty title="There is no answer yet" /> : (
          <Rows caption="Answers" columns={[{ label: 'Part', isHead: true }, { label: 'Model' }, { label: 'Cost', isRight: true }, { label: 'Time' }]}
            lines={parts.map((part, index) => ({
              key: index,
              cells: [
                words(part.kind), <span>{part.model || part.provider}{part.model && <span className="sub">{part.provider}</span>}</span>,
                <Money amount={part.cost} none="free" />, <Moment at={part.createdAt} />,
              ],
            }))} />
        )}
      </div>
    </>
  )
}
