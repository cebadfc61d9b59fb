// A request as bytes, made once; only the places of its names are written anew each time.

export interface Template {
  /** A copy for one connection. */
  readonly bytes: Buffer
  /** Where the bytes of each name begin. */
  readonly places: readonly number[]
}

/** Stands in a template for each name that changes: as long as a UUID. */
export const NAME = '@'.repeat(36)

export function requestTemplate(path: string, body: string, type = 'application/json'): Template {
  const head = `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: ${type}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n`
  const bytes = Buffer.from(head + body)
  const places: number[] = []
  for (let at = bytes.indexOf(NAME); at !== -1; at = bytes.indexOf(NAME, at + NAME.length)) places.push(at)
  return { bytes, places }
}
