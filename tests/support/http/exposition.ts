// A reader of Prometheus' text format that accepts nothing but what the format allows.

export interface ReadSample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

export interface ReadFamily {
  readonly type: string
  readonly help: string
  readonly samples: ReadSample[]
}

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/
const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (NaN|[+-]Inf|[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)$/
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(,|$)/y
const SUFFIXES: Readonly<Record<string, readonly string[]>> = {
  histogram: ['_bucket', '_sum', '_count'],
  summary: ['', '_sum', '_count'],
}

/**
 * @throws Error at the first line that is not valid, that belongs to no family, or that was there
 * before
 */
export function readExposition(text: string): Map<string, ReadFamily> {
  if (!text.endsWith('\n')) throw new Error('The last line does not end')
  const families = new Map<string, ReadFamily>()
  const helps = new Map<string, string>()
  const seen = new Set<string>()
  let current: [name: string, family: ReadFamily] | null = null
  for (const line of text.slice(0, -1).split('\n')) {
    const [, keyword, name = '', rest = ''] = /^# (HELP|TYPE) (\S+) ?(.*)$/.exec(line) ?? []
    if (keyword === 'HELP') {
      if (!NAME.test(name) || helps.has(name)) throw new Error(`Cannot take: ${line}`)
      helps.set(name, rest)
    } else if (keyword === 'TYPE') {
      const help = helps.get(name)
      if (help === undefined || families.has(name)) throw new Error(`Cannot take: ${line}`)
      if (!['counter', 'gauge', 'histogram', 'summary', 'untyped'].includes(rest)) throw new Error(`No type: ${line}`)
      current = [name, { type: rest, help, samples: [] }]
      families.set(...current)
    } else if (line !== '') {
      const sample = readSample(line)
      const suffixes = SUFFIXES[current?.[1].type ?? ''] ?? ['']
      if (current === null || !suffixes.some(suffix => `${current?.[0]}${suffix}` === sample.name)) {
        throw new Error(`Belongs to no family: ${line}`)
      }
      const identity = `${sample.name} ${JSON.stringify(Object.entries(sample.labels).sort())}`
      if (seen.has(identity)) throw new Error(`Twice: ${line}`)
      seen.add(identity)
      current[1].samples.push(sample)
    }
  }
  return families
}

function readSample(line: string): ReadSample {
  const [, name, labels = '', value] = SAMPLE.exec(line) ?? []
  if (name === undefined || value === undefined) throw new Error(`No sample: ${line}`)
  return { name, labels: readLabels(labels), value: Number(value.replace('Inf', 'Infinity')) }
}

function readLabels(text: string): Record<string, string> {
  const labels: Record<string, string> = {}
  LABEL.lastIndex = 0
  while (LABEL.lastIndex < text.length) {
    const [, name, value] = LABEL.exec(text) ?? []
    if (name === undefined || value === undefined || name in labels) throw new Error(`No labels: ${text}`)
    labels[name] = value.replace(/\\(.)/g, (_, escaped) => (escaped === 'n' ? '\n' : escaped))
  }
  return labels
}
