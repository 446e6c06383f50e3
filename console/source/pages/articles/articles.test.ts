import { describe, expect, it } from 'vitest'
import { diffOf } from './diff'
import { parseHtml, type HtmlNode } from './html'

const textOf = (nodes: HtmlNode[]): string =>
  nodes.map((node) => (typeof node === 'string' ? node : textOf(node.children))).join('')

describe('the HTML of an article', () => {
  it('becomes a tree of its elements', () => {
    expect(parseHtml('<h2 id="x">A &amp; B</h2>\n<p>One <strong>two</strong> &#39;three&#39;<br>four</p>')).toEqual([
      { tag: 'h2', children: ['A & B'] }, '\n',
      { tag: 'p', children: ['One ', { tag: 'strong', children: ['two'] }, " 'three'", { tag: 'br', children: [] }, 'four'] },
    ])
    expect(parseHtml('<ol start="3"><li>x</li></ol>')).toEqual([{ tag: 'ol', start: 3, children: [{ tag: 'li', children: ['x'] }] }])
    expect(parseHtml('<td align="right">1</td>')).toEqual([{ tag: 'td', isRight: true, children: ['1'] }])
  })
  it('keeps only links to the web', () => {
    const href = (html: string) => (parseHtml(html)[0] as { href?: string }).href
    expect(href('<a href="https://example.com/?a=1&amp;b=2" rel="nofollow">x</a>')).toBe('https://example.com/?a=1&b=2')
    for (const bad of ['javascript:alert(1)', 'java&#115;cript:alert(1)', 'data:text/html,x', '//example.com', '/console/', '']) {
      expect(href(`<a href="${bad}">x</a>`), bad).toBeUndefined()
    }
  })
  it('drops what an article cannot have', () => {
    expect(parseHtml('<p onclick="alert(1)">a<script>alert(1)</script>b</p>')).toEqual([{ tag: 'p', children: ['a', 'b'] }])
    expect(parseHtml('<div><img src=x onerror=alert(1)><p>a</p></div>')).toEqual([{ tag: 'p', children: ['a'] }])
    expect(parseHtml('a<!-- <b>c</b> -->d')).toEqual(['a', 'd'])
    expect(textOf(parseHtml('<style>p{}</style><iframe src="x">y</iframe>z'))).toBe('z')
    expect(parseHtml('<constructor>x</constructor>')).toEqual(['x'])
  })
  it('survives what is not closed, not open or too deep', () => {
    expect(parseHtml('<p>a <em>b</p>c')).toEqual([{ tag: 'p', children: ['a ', { tag: 'em', children: ['b'] }] }, 'c'])
    expect(parseHtml('</p>a < b')).toEqual(['a < b'])
    expect(textOf(parseHtml('<blockquote>'.repeat(5000) + 'x'))).toBe('x')
    expect(parseHtml('&#0;&#xd800;&unknown;')).toEqual(['&unknown;'])
  })
})

describe('the difference of two texts', () => {
  const show = (before: string, after: string) => diffOf(before, after).map(({ kind, parts }) =>
    `${kind}: ${parts.map((part) => (part.kind === 'gone' ? `[-${part.text}]` : part.kind === 'new' ? `[+${part.text}]` : part.text)).join('')}`)
  it('is by lines and by words', () => {
    expect(show('a\nb', 'a\nb')).toEqual(['same: a', 'same: b'])
    expect(show('one\nthe quick brown fox\nend', 'one\nthe slow brown fox\nend')).toEqual([
      'same: one', 'changed: the [-quick][+slow] brown fox', 'same: end'])
    expect(show('one\nend', 'one\nnew\nend')).toEqual(['same: one', 'new: [+new]', 'same: end'])
    expect(show('one\nold\nend', 'one\nend')).toEqual(['same: one', 'gone: [-old]', 'same: end'])
    expect(show('alpha beta', 'gamma delta')).toEqual(['gone: [-alpha beta]', 'new: [+gamma delta]'])
    expect(show('', 'x')).toEqual(['gone: [-]', 'new: [+x]'])
  })
  it('puts both texts together again', () => {
    const [before, after] = ['# A\n\nfirst second\n\nthird\nfourth five', '# A\n\nfirst 2nd\nthird\n\nfour five six\nend']
    const side = (kind: 'gone' | 'new') => diffOf(before, after)
      .filter((line) => line.kind === 'same' || line.kind === 'changed' || line.kind === kind)
      .map((line) => line.parts.filter((part) => part.kind === 'same' || part.kind === kind).map((part) => part.text).join('')).join('\n')
    expect(side('gone')).toBe(before)
    expect(side('new')).toBe(after)
  })
})
