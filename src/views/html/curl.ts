// A request as a command that a person can copy into a shell.

export interface Command {
  readonly method: 'PUT' | 'POST'
  readonly address: string
  readonly body?: object
  /** Names the variable of the shell that holds the key; null: none is needed. */
  readonly keyVariable: string | null
}

export function curlCommand({ method, address, body, keyVariable }: Command): string {
  const key = keyVariable === null ? '' : ` -H "authorization: Bearer $${keyVariable}"`
  const content = body === undefined ? '' : ` -H 'content-type: application/json' -d ${quoted(written(body))}`
  return `curl -X ${method} ${quotedAddress(address)}${key}${content}`
}

/** A line for each field, and for each item of a list. */
function written(body: object): string {
  const lines = Object.entries(body).map(([name, value]) => {
    if (!Array.isArray(value)) return `  ${JSON.stringify(name)}: ${spaced(value)}`
    return `  ${JSON.stringify(name)}: [\n${value.map(item => `    ${spaced(item)}`).join(',\n')}\n  ]`
  })
  return `{\n${lines.join(',\n')}\n}`
}

/** JSON on one line, with a space behind each comma and colon. */
function spaced(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(spaced).join(', ')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const fields = Object.entries(value).map(([name, field]) => `${JSON.stringify(name)}: ${spaced(field)}`)
  return `{${fields.join(', ')}}`
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}

function quotedAddress(address: string): string {
  return /^[\w:/.[\]-]+$/.test(address) ? address : quoted(address)
}
