// The text of an article as readers see it.
import { createElement, useMemo, type ReactNode } from 'react'
import { parseHtml, type HtmlNode } from './html'

function draw(node: HtmlNode, key: number): ReactNode {
  if (typeof node === 'string') return node
  const { tag, href, start, isRight, children } = node
  if (tag === 'a' && href === undefined) return children.map(draw)
  const props: Record<string, unknown> = { key }
  if (tag === 'a') Object.assign(props, { href, rel: 'noreferrer noopener nofollow', target: '_blank' })
  if (start !== undefined) props.start = start
  if (isRight) props.className = 'right'
  // A wide text scrolls by keyboard too.
  if (tag === 'pre') props.tabIndex = 0
  return createElement(tag, props, ...(children.length > 0 ? [children.map(draw)] : []))
}

export function Prose({ html }: { html: string }) {
  const nodes = useMemo(() => parseHtml(html), [html])
  return <div className="prose">{nodes.map(draw)}</div>
}
