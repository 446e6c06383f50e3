// Builds the files that the program embeds: index.html, the compressed scripts and styles, and the operations. bundle.json
// has the digest of the sources, so that a test finds sources that were changed but not built.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { build } from 'vite'

const here = new URL('.', import.meta.url).pathname
const to = new URL('../internal/web/console/', import.meta.url).pathname
const firstLoad = 170 * 1024 // bytes that a page needs before it shows anything, compressed
const lazyPage = 40 * 1024

process.chdir(here)
for (const [program, ...words] of [['graphql-codegen', '--config', 'codegen.ts', '--silent'], ['tsc', '--noEmit']]) {
  const { status } = spawnSync(`node_modules/.bin/${program}`, words, { stdio: 'inherit' })
  if (status !== 0) process.exit(1)
}
await build({ logLevel: 'warn' })

const sha256 = (content) => createHash('sha256').update(content).digest('hex')
const filesIn = (folder) => readdirSync(here + folder, { recursive: true })
  .map((name) => `${folder}/${name}`).filter((name) => statSync(here + name).isFile())

// digest returns the SHA-256 of a list that has a line with the SHA-256 and the name of each file. The types in
// source/gql come from the schema and are no part of the output.
function digest() {
  const tops = ['.npmrc', 'build.mjs', 'codegen.ts', 'index.html', 'package-lock.json', 'package.json', 'tsconfig.json',
    'vite.config.ts']
  const names = [...tops, ...filesIn('source').filter((name) => !name.startsWith('source/gql/'))].sort()
  return sha256(names.map((name) => `${sha256(readFileSync(here + name))}  ${name}\n`).join(''))
}

// licenses returns the notices of every package that is part of the output.
function licenses() {
  const { packages } = JSON.parse(readFileSync(`${here}package-lock.json`))
  const shipped = Object.entries(packages).filter(([path, { dev, optional, peer }]) =>
    path !== '' && !dev && !optional && !peer)
  const notices = shipped.map(([path, { version, license }]) => {
    const texts = readdirSync(here + path).filter((one) => /^(licen[cs]e|copying|notice)/i.test(one)).sort()
      .map((one) => readFileSync(`${here}${path}/${one}`, 'utf8').trim())
    const text = texts.join('\n\n') || 'The package names its license without the text.'
    return `${path.slice(path.lastIndexOf('node_modules/') + 13)} ${version} (${license})\n\n${text}\n`
  })
  return `The console contains parts of these packages.\n\n${notices.sort().join(`\n${'-'.repeat(80)}\n\n`)}`
}

const page = readFileSync(`${here}out/index.html`, 'utf8')
const files = { 'index.html': page, 'assets/licenses.txt.gz': gzipSync(licenses(), { level: 9 }) }
for (const name of filesIn('out')) {
  if (name !== 'out/index.html') files[`${name.slice(4)}.gz`] = gzipSync(readFileSync(here + name), { level: 9 })
}
const documents = JSON.parse(readFileSync(`${here}source/gql/persisted-documents.json`))
for (const [hash, text] of Object.entries(documents)) {
  if (`sha256:${sha256(text)}` !== hash) throw new Error(`the hash ${hash} is not that of its operation`)
  files[`documents/console.${/(?:query|mutation|subscription) (\w+)/.exec(text)[1]}.graphql`] = text
}

rmSync(to, { recursive: true, force: true })
for (const folder of ['assets', 'documents']) mkdirSync(to + folder, { recursive: true })
const sums = {}
for (const name of Object.keys(files).sort()) {
  writeFileSync(to + name, files[name])
  sums[name] = sha256(files[name])
}
writeFileSync(`${to}bundle.json`, `${JSON.stringify({ sources: digest(), files: sums }, null, 2)}\n`)

// The budgets.
const manifest = Object.keys(files).filter((name) => name.endsWith('.js.gz') || name.endsWith('.css.gz'))
const isFirst = (name) => page.includes(name.replace(/\.gz$/, ''))
const sizes = manifest.map((name) => ({ name, bytes: files[name].length, first: isFirst(name) }))
const first = sizes.filter((one) => one.first).reduce((sum, one) => sum + one.bytes, 0)
const kib = (bytes) => `${(bytes / 1024).toFixed(1)} KiB`
for (const one of sizes.filter((size) => !size.first)) console.log(`${kib(one.bytes)}  ${one.name}`)
console.log(`first load ${kib(first)} of ${kib(firstLoad)}; largest other file ` +
  `${kib(Math.max(0, ...sizes.filter((size) => !size.first).map((size) => size.bytes)))} of ${kib(lazyPage)}`)
if (first > firstLoad || sizes.some((one) => !one.first && one.bytes > lazyPage)) {
  console.error('The build exceeds a budget.')
  process.exit(1)
}
