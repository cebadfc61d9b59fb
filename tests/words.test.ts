// Words that nobody who enters the code would understand, and comments that are too long to read.
// This file alone may have them.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../', import.meta.url))

const BANNED =
  /\bhearers?\b|knock|Allowance|\bSheet\b|[Pp]ortrait|[Pp]ortray|[Ll]ookout|\bdiets?\b|[Ee]rrand|[Rr]eckon|tellAddress|\b[Ww]hoever\b|Sentences\b|SentenceName|SentencesOf/

const MOST_COLUMNS = 100

const files = ['bin', 'src', 'scripts', 'tests']
  .flatMap(folder =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map(file => join(folder, file)),
  )
  .filter(file => /\.(ts|js)$/.test(file) && !file.includes('node_modules') && file !== join('tests', 'words.test.ts'))
const lines = files.flatMap(file =>
  readFileSync(join(root, file), 'utf8')
    .split('\n')
    .map((text, index) => ({ place: `${file}:${index + 1}`, text })),
)

/** An address, or an instruction to the linter, stays on its line. */
function isLongComment(text: string): boolean {
  return /^\s*(\/\/|\/?\*)/.test(text) && text.length > MOST_COLUMNS && !/https?:\/\/\S+$|biome-ignore/.test(text)
}

describe('the code', () => {
  it('has no banned word in names of files, identifiers or comments', () => {
    expect(files.filter(file => BANNED.test(file))).toEqual([])
    expect(
      lines
        .filter(({ text }) => BANNED.test(text.replace(/'[^']*'/g, '')))
        .map(({ place, text }) => `${place} ${text.trim()}`),
    ).toEqual([])
  })

  it(`has no line of a comment beyond ${MOST_COLUMNS} columns`, () => {
    expect(lines.filter(({ text }) => isLongComment(text)).map(({ place }) => place)).toEqual([])
  })

  it('(control) detects both', () => {
    expect(BANNED.test('const lookout = new Lookout()')).toBe(true)
    expect(isLongComment(`  // ${'x'.repeat(MOST_COLUMNS)}`)).toBe(true)
  })
})
