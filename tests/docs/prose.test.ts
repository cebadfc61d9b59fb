// The documents: plain words, lines that fit an editor, links and anchors that lead somewhere, and
// an index of decisions that agrees with the entries.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../../', import.meta.url))

const MOST_COLUMNS = 100

/** Expressions that readers stumbled over. */
const BANNED =
  /\b(who(ever|soever)|so many|tells of|put away|books balance|given up|is heard of|nobody is answered|what came of it)\b/i

const names = [
  ...readdirSync(root).filter(name => name.endsWith('.md')),
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.md'))
    .map(name => join('docs', name)),
]
/** Without code blocks. */
const documents = new Map(
  names.map(name => [name, readFileSync(join(root, name), 'utf8').replaceAll(/^ *```.*?^ *```$/gms, '')]),
)

/** A table, an image, an address or an example stays on its line. */
function isTooLong(line: string): boolean {
  return line.length > MOST_COLUMNS && !/^(\||!\[| {4})|https?:/.test(line)
}

/** As GitHub makes it from a heading. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\- _]/gu, '')
    .replaceAll(' ', '-')
}

function anchorsIn(text: string): string[] {
  return [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => anchorOf(heading))
}

/** The links of a document that lead nowhere. */
function brokenLinks(name: string, text: string): string[] {
  const links = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link)
  return links.filter(link => {
    if (/^https?:/.test(link)) return false
    const [path = '', anchor] = link.split('#')
    const target = path === '' ? name : normalize(join(dirname(name), path))
    if (!existsSync(join(root, target))) return true
    return anchor !== undefined && !anchorsIn(documents.get(target) ?? '').includes(anchor)
  })
}

describe('the documents', () => {
  it.each(names)('%s has no banned expression, no long line and no broken link', name => {
    const text = documents.get(name) as string
    expect(text.match(BANNED)).toBeNull()
    expect(text.split('\n').filter(isTooLong)).toEqual([])
    expect(brokenLinks(name, text)).toEqual([])
  })

  it('(control) would fail for each of them', () => {
    expect(BANNED.test('so many units')).toBe(true)
    expect(isTooLong('x'.repeat(MOST_COLUMNS + 1))).toBe(true)
    expect(brokenLinks('README.md', '[a](docs/none.md) [b](#none)')).toEqual(['docs/none.md', '#none'])
  })

  it('docs/decisions/README.md lists every decision once, with its file', () => {
    const index = documents.get(join('docs', 'decisions', 'README.md')) as string
    const listed = [...index.matchAll(/^\| (\d+) \| (.*?) \| \[.*?\]\((.*?)\)/gm)].map(match => match.slice(1, 4))
    const entries = names
      .filter(name => name.startsWith(join('docs', 'decisions')))
      .flatMap(name =>
        [...(documents.get(name) as string).matchAll(/^## (\d+)\. (.*)$/gm)].map(([, number = '', title = '']) => [
          number,
          title,
          name.slice(join('docs', 'decisions', '/').length),
        ]),
      )
    expect(listed).toEqual(entries.sort(([one], [other]) => Number(one) - Number(other)))
    expect(new Set(listed.map(([number]) => number)).size).toBe(listed.length)
  })
})
