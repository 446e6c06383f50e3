// The server's sanitised HTML as a tree. The policy of the page permits no script to make HTML out of text, so this
// reads the few elements that an article can have, and drops every other tag and attribute.

export type Tag = keyof typeof allowed
export type HtmlNode = string | { tag: Tag; href?: string; start?: number; isRight?: boolean; children: HtmlNode[] }

/** The elements of an article. The value says whether the element has no end tag. */
const allowed = {
  p: false, h2: false, h3: false, h4: false, h5: false, h6: false, ul: false, ol: false, li: false, a: false,
  strong: false, em: false, del: false, code: false, pre: false, blockquote: false, br: true, hr: true,
  table: false, thead: false, tbody: false, tr: false, th: false, td: false,
} as const

/** The elements whose text is not for people. */
const silent = new Set(['script', 'style', 'template', 'iframe', 'object', 'svg', 'math', 'noscript', 'title'])
const deepest = 32

const names: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: ' ' }

function decode(text: string): string {
  return text.replace(/&(#x[0-9a-f]{1,6}|#[0-9]{1,7}|[a-z]{2,8});/gi, (whole, name: string) => {
    if (!name.startsWith('#')) return names[name.toLowerCase()] ?? whole
    const code = /^#x/i.test(name) ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1))
    return code > 0 && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff) ? String.fromCodePoint(code) : ''
  })
}

const token = /<!--[\s\S]*?-->|<(\/?)([a-z][a-z0-9]*)((?:\s+[a-z-]+(?:\s*=\s*(?:"[^"]*"|'[^']*'|[^\s"'<>]*))?)*)\s*\/?>/gi
const attribute = /([a-z-]+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'<>]*))/gi

function attributesOf(text: string): Map<string, string> {
  const found = new Map<string, string>()
  for (const [, name = '', a, b, c] of text.matchAll(attribute)) found.set(name.toLowerCase(), decode(a ?? b ?? c ?? ''))
  return found
}

/** Only addresses of the web and of mail, as on the server. */
const isSafe = (href: string) => /^(https?:\/\/|mailto:)[^\s]/i.test(href)

function elementOf(tag: Tag, attributes: Map<string, string>): Exclude<HtmlNode, string> {
  const node: Exclude<HtmlNode, string> = { tag, children: [] }
  const href = attributes.get('href')
  if (tag === 'a' && href !== undefined && isSafe(href)) node.href = href
  const start = Number(attributes.get('start'))
  if (tag === 'ol' && Number.isInteger(start) && start > 1) node.start = start
  if ((tag === 'td' || tag === 'th') && /right/i.test(`${attributes.get('align')} ${attributes.get('style')}`)) node.isRight = true
  return node
}

export function parseHtml(html: string): HtmlNode[] {
  const roots: HtmlNode[] = []
  const open: Exclude<HtmlNode, string>[] = []
  let [at, muted] = [0, 0]
  const add = (node: HtmlNode) => (open.at(-1)?.children ?? roots).push(node)
  const addText = (text: string) => { if (text !== '' && muted === 0) add(decode(text)) }
  for (const match of html.matchAll(token)) {
    addText(html.slice(at, match.index))
    at = match.index + match[0].length
    const name = match[2]?.toLowerCase().replace(/^h1$/, 'h2') // The title is the page's own first heading.
    if (name === undefined) continue // a comment
    const isEnd = match[1] === '/'
    if (silent.has(name)) { muted = Math.max(0, muted + (isEnd ? -1 : 1)); continue }
    if (!Object.hasOwn(allowed, name) || muted > 0) continue
    const tag = name as Tag
    if (isEnd) {
      const index = open.findLastIndex((one) => one.tag === tag)
      if (index >= 0) open.length = index
      continue
    }
    const element = elementOf(tag, attributesOf(match[3] ?? ''))
    add(element)
    if (!allowed[tag] && open.length < deepest) open.push(element)
  }
  addText(html.slice(at))
  return roots
}
