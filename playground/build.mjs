// Builds the files that the program embeds: page.html, and the compressed script, style and licenses. bundle.json has
// the digest of the sources, so that a test finds sources that were changed but not built.
import { createHash } from 'node:crypto'
import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'

const here = new URL('.', import.meta.url).pathname
const to = new URL('../internal/web/playground/', import.meta.url).pathname

const withoutFonts = {
  name: 'without-fonts', // GraphiQL's style has 370 kB of fonts; the reader's system has its own.
  setup: (b) => b.onLoad({ filter: /graphiql.*\.css$/ }, ({ path }) => ({
    contents: readFileSync(path, 'utf8').replace(/@font-face\s*\{[^}]*\}/g, ''),
    loader: 'css',
  })),
}
const adoptedStyles = {
  name: 'adopted-styles',
  setup: (b) => b.onResolve({ filter: /^react-style-singleton$/ }, () => ({ path: `${here}source/style-singleton.js` })),
}

const { metafile, outputFiles } = await build({
  absWorkingDir: here, entryPoints: { app: 'source/main.jsx' }, outdir: 'out', write: false, metafile: true,
  bundle: true, minify: true, format: 'esm', target: 'es2022', jsx: 'automatic', legalComments: 'none',
  logLevel: 'warning',
  define: { 'process.env.NODE_ENV': '"production"' }, plugins: [withoutFonts, adoptedStyles],
})

// licenses returns the notices of every package that is part of the output.
function licenses() {
  const parts = Object.values(metafile.outputs).flatMap((output) => Object.entries(output.inputs))
    .filter(([, input]) => input.bytesInOutput > 0)
  const folderOf = (path) => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1]
  const folders = new Set(parts.map(([path]) => folderOf(path)).filter(Boolean))
  const notices = [...folders].map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(`${here}${folder}/package.json`))
    const texts = readdirSync(here + folder).filter((one) => /^(licen[cs]e|copying|notice)/i.test(one)).sort()
      .map((one) => readFileSync(`${here}${folder}/${one}`, 'utf8').trim())
    const text = texts.join('\n\n') || 'The package names its license without the text.'
    return `${name} ${version} (${license})\n\n${text}\n`
  })
  const line = `\n${'-'.repeat(80)}\n\n`
  return 'The playground contains parts of these packages.\n\n' + [...new Set(notices)].sort().join(line)
}

// digest returns the SHA-256 of a list that has a line with the SHA-256 and the name of each file.
function digest() {
  const hash = (name) => createHash('sha256').update(readFileSync(here + name)).digest('hex')
  const written = readdirSync(`${here}source`).map((name) => `source/${name}`)
  const names = ['.npmrc', 'build.mjs', 'package-lock.json', 'package.json', ...written].sort()
  return createHash('sha256').update(names.map((name) => `${hash(name)}  ${name}\n`).join('')).digest('hex')
}

const pack = (content) => gzipSync(content, { level: 9 })
const files = { 'page.html': readFileSync(`${here}source/page.html`), 'licenses.txt.gz': pack(licenses()) }
for (const { path, contents } of outputFiles) files[`${path.split('/').pop()}.gz`] = pack(contents)
const sums = {}
for (const name of Object.keys(files).sort()) {
  rmSync(to + name, { force: true })
  writeFileSync(to + name, files[name])
  sums[name] = createHash('sha256').update(files[name]).digest('hex')
  console.log(`${name}: ${files[name].length} bytes`)
}
writeFileSync(`${to}bundle.json`, JSON.stringify({ sources: digest(), files: sums }, null, 2) + '\n')
