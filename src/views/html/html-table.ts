// Tables of the page: arms (or what `corner` says) down, numbers across, each with a caption, in a
// box of its own that scrolls when the page is narrow.

import { keyPieces } from '../text/prose.ts'
import { type Markup, markup, NOTHING } from './markup.ts'

/** A number, or text of a kind (a class). */
export type Cell = string | { readonly text: string; readonly kind: string }

/** Columns under a common head; empty: none. */
export interface Group {
  readonly head: string
  readonly columns: readonly string[]
}

export interface HtmlTable {
  readonly caption: string
  /** What the rows are; arms unless given. */
  readonly corner?: string
  readonly groups: readonly Group[]
  readonly rows: readonly { readonly name: Markup; readonly cells: readonly Cell[] }[]
}

const LONGEST_WHOLE = 16

/** Absent or unbounded. */
const NOTHING_SAID = /^(?:–|[−+]?∞)?$/

/** Columns that say nothing in any row are left out. */
export function htmlTable({ caption, corner = 'arm', groups, rows }: HtmlTable): Markup {
  const columns = groups.flatMap(({ head, columns }, group) => columns.map(name => ({ group, head, name })))
  const kept = columns.map((_, place) => rows.some(({ cells }) => !NOTHING_SAID.test(textOf(cells[place] ?? ''))))
  const shown = <T>(list: readonly T[]) => list.filter((_, place) => kept[place])
  const heads = groups.map(({ head }, group) => {
    const count = shown(columns).filter(column => column.group === group).length
    if (count === 0) return NOTHING
    return head === ''
      ? markup`<td colspan="${count}"></td>`
      : markup`<th colspan="${count}" scope="colgroup"><span>${head}</span></th>`
  })
  const hasGroups = shown(columns).some(({ head }) => head !== '')
  const names = shown(columns.map(({ name }, place) => headOf(name, rows[0]?.cells[place])))
  const body = rows.map(({ name, cells }) => markup`<tr><th scope="row">${name}</th>${shown(cells).map(cellOf)}</tr>\n`)
  return markup`<div class="scroll" role="region" tabindex="0" aria-label="${caption}"><table><caption><span>${caption}</span></caption>
<thead>${hasGroups ? markup`<tr><th></th>${heads}</tr>` : NOTHING}<tr><th scope="col">${corner}</th>${names}</tr></thead>
<tbody>
${body}</tbody></table></div>`
}

/** A key that, when long, wraps: behind its marks where it can. */
export function named(key: string): Markup {
  if (key.length <= LONGEST_WHOLE) return markup`${key}`
  const pieces = keyPieces(key).map((piece, place) => (place === 0 ? piece : markup`<wbr>${piece}`))
  return markup`<span class="long">${pieces}</span>`
}

function headOf(name: string, cell: Cell | undefined): Markup {
  if (name === '') return markup`<td></td>`
  return markup`<th scope="col"${classOf(kindOf(cell).split(' ')[0] ?? '')}>${name}</th>`
}

function cellOf(cell: Cell): Markup {
  return markup`<td${classOf(kindOf(cell))}>${textOf(cell)}</td>`
}

function classOf(kind: string): Markup {
  return kind === '' ? NOTHING : markup` class="${kind}"`
}

function kindOf(cell: Cell | undefined): string {
  return typeof cell === 'object' ? cell.kind : ''
}

function textOf(cell: Cell): string {
  return typeof cell === 'object' ? cell.text : cell
}
