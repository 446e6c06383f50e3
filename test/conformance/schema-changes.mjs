// Compares schema.graphqls with the schema of the last release and fails on a change that breaks clients, unless
// schema/breaking.txt records it. Also fails on a record that no longer describes a change.
import { readFileSync } from 'node:fs'
import { buildSchema, findBreakingChanges } from 'graphql'

const read = (path) => readFileSync(new URL(path, import.meta.url), 'utf8')

/** The descriptions of all breaking changes between two texts. */
const breaking = (before, after) =>
  findBreakingChanges(buildSchema(before), buildSchema(after)).map(({ type, description }) => `${type}: ${description}`)

const released = read('schema/released.graphqls')
const current = read('../../schema.graphqls')
const recorded = read('schema/breaking.txt').split('\n').filter((line) => line && !line.startsWith('#'))

// A comparison that finds nothing in a schema without a field proves nothing.
const without = released.replace('\n  viewer: Viewer!', '\n  caller: Viewer!')
if (without === released || breaking(released, without).length === 0) {
  console.error('The comparison does not find a removed field.')
  process.exit(1)
}

const found = breaking(released, current)
const unrecorded = found.filter((change) => !recorded.includes(change))
const outdated = recorded.filter((change) => !found.includes(change))
for (const change of unrecorded) console.error(`breaks clients, and schema/breaking.txt has no such line: ${change}`)
for (const change of outdated) console.error(`schema/breaking.txt records what is no change: ${change}`)
if (unrecorded.length + outdated.length > 0) process.exit(1)
console.log(`schema: ${found.length} recorded breaking changes since the last release`)
