// What a JSON text would become, told before it is parsed: a few bytes a level or a value make a
// parser take memory and time that grow far beyond the text.
import { BanditError } from '../../bandit/errors.ts'

/** Lists and objects within each other. */
const MAX_DEPTH = 64

const QUOTE = 0x22
const COMMA = 0x2c
const BACKSLASH = 0x5c
const OPEN_LIST = 0x5b
const CLOSE_LIST = 0x5d
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d

/** A shorter text that is valid cannot be nested too deep. */
const SHORTEST_TOO_DEEP = 2 * (MAX_DEPTH + 1)

/**
 * Judges a text in one pass, some ns a character (`what` it is, for its refusal); a text that is no
 * JSON passes or not, and is left to the parser.
 *
 * @throws BanditError `invalid_json` when it is nested deeper than `MAX_DEPTH`, `body_too_large`
 * when it may hold more than `maxValues` values (each item of a list, each field of an object)
 */
export function refuseLargeJson(text: string, maxValues: number, what: string): void {
  if (text.length < SHORTEST_TOO_DEEP && text.length <= maxValues) return
  let [depth, values] = [0, 0]
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case QUOTE:
        at = endOfString(text, at)
        break
      case COMMA:
        values += 1
        break
      case OPEN_LIST:
      case OPEN_OBJECT:
        values += 1
        depth += 1
        if (depth > MAX_DEPTH) {
          throw new BanditError('invalid_json', `${what} is nested deeper than ${MAX_DEPTH} levels`)
        }
        break
      case CLOSE_LIST:
      case CLOSE_OBJECT:
        depth -= 1
        break
    }
    if (values > maxValues) {
      throw new BanditError('body_too_large', `${what} has more than ${maxValues} values; send several smaller ones`)
    }
  }
}

/** Where the string that begins at a quote ends. */
function endOfString(text: string, start: number): number {
  let at = start + 1
  for (let code = text.charCodeAt(at); code !== QUOTE && at < text.length; code = text.charCodeAt(at)) {
    at += code === BACKSLASH ? 2 : 1
  }
  return at
}
