// The controls of a form, each with its label, its note and what is wrong with it. The name of a
// field is its path in the definition, so a fault finds its field by itself.
import { type Content, type Markup, markup, NOTHING } from './markup.ts'

/** What stands in the fields of one part of a form, by the last part of their names. */
export type Fields = Readonly<Record<string, string>>

export interface Judged {
  readonly faults: readonly { readonly path: string; readonly message: string }[]
  /** The field that was just added. */
  readonly focus: string | null
}

interface FieldLook {
  /** What holds where it is left empty, or an example: it says which. */
  readonly note?: string
  readonly isRequired?: boolean
  /** Other paths whose faults stand here. */
  readonly also?: readonly string[]
}

export function field(page: Judged, path: string, label: string, value = '', look: FieldLook = {}): Markup {
  const required = look.isRequired ? markup` aria-required="true"` : NOTHING
  return labelled(
    page,
    path,
    label,
    look,
    state =>
      markup`<input id="${path}" name="${path}" value="${value}" spellcheck="false" autocapitalize="off"${required}${state}>`,
  )
}

export function choice(
  page: Judged,
  path: string,
  label: string,
  value: string | undefined,
  options: readonly (string | readonly [value: string, words: string])[],
  note = '',
): Markup {
  const listed = options.map(option => {
    const [own, words] = typeof option === 'string' ? [option, option] : option
    return markup`<option value="${own}"${own === value ? markup` selected` : NOTHING}>${words}</option>`
  })
  const select = (state: Markup) => markup`<select id="${path}" name="${path}"${state}>${listed}</select>`
  return labelled(page, path, label, { note }, select)
}

/** A control below its label, and above its note and what is wrong with it. */
export function labelled(
  { faults, focus }: Judged,
  path: string,
  label: string,
  { note = '', also = [] }: FieldLook,
  control: (state: Markup) => Markup,
): Markup {
  const own = faults.filter(fault => fault.path === path || also.includes(fault.path))
  const focused = focus === path ? markup` autofocus data-focus` : NOTHING
  const invalid = own.length === 0 ? NOTHING : markup` aria-invalid="true"`
  const tellers = [...(note === '' ? [] : [`${path}-note`]), ...(own.length === 0 ? [] : [`${path}-fault`])]
  const described = tellers.length === 0 ? NOTHING : markup` aria-describedby="${tellers.join(' ')}"`
  const noted = note === '' ? NOTHING : markup`<span class="soft" id="${path}-note">${note}</span>`
  const messages = own.map(({ message }) => message).join('; ')
  const fault = own.length === 0 ? NOTHING : markup`<span class="fault" id="${path}-fault">${messages}</span>`
  return markup`<div class="field"><label for="${path}">${label}</label>${control(markup`${focused}${invalid}${described}`)}${noted}${fault}</div>`
}

export function remover(deed: string, label: string, isPossible: boolean): Markup {
  if (!isPossible) return NOTHING
  return markup`<button class="plain remove" name="do" value="${deed}" aria-label="${label}">take out</button>`
}

export function faultsAt({ faults }: Pick<Judged, 'faults'>, paths: readonly string[]): Markup {
  return sentences(faults.filter(({ path }) => paths.includes(path)))
}

export function sentences(faults: Judged['faults']): Markup {
  const lines: Content[] = faults.map(
    ({ path, message }) => markup`<p class="fault"><code>${path}</code> ${message}</p>`,
  )
  return markup`${lines}`
}
