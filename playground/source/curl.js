// Writes an operation as a command for a terminal.

const quote = (text) => `'${text.replaceAll("'", "'\\''")}'`

/** Returns a command that sends the operation. Variables that are no JSON are left out. */
export function curlOf(query, variables, url) {
  const body = { query }
  try {
    if (variables.trim() !== '') body.variables = JSON.parse(variables)
  } catch {
    // The server would refuse them.
  }
  return [
    `curl ${quote(url)}`, '-H "Authorization: Bearer $TOKEN"', "-H 'Content-Type: application/json'",
    `--data-binary ${quote(JSON.stringify(body))}`,
  ].join(' \\\n  ')
}
