// The rooms of the house and the doors between them: main → http → bandit → stats; store and dashboard know the bandit's nouns.
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const src = fileURLToPath(new URL('../src/', import.meta.url))

/** Which rooms a room may import from, itself always among them. Files beside the rooms are the lobby. */
const DOORS: Readonly<Record<string, readonly string[]>> = {
  lobby: ['lobby', 'http', 'bandit', 'store', 'delivery'],
  http: ['http', 'bandit', 'simulation', 'stats', 'dashboard', 'delivery'],
  delivery: ['delivery'],
  simulation: ['simulation', 'bandit', 'stats'],
  bandit: ['bandit', 'stats'],
  stats: ['stats'],
  store: ['store', 'bandit'],
  dashboard: ['dashboard', 'bandit'],
}

/** What a room may import beyond the doors, as types only. */
const TYPE_DOORS: Readonly<Record<string, readonly string[]>> = { http: ['lobby'], dashboard: ['stats', 'simulation'] }

/** Packages and modules of Node that a room may use. */
const PACKAGES: Readonly<Record<string, RegExp>> = {
  lobby: /^(node:|pino$)/,
  http: /^(node:|express$|helmet$|zod$|zod-openapi$)/,
  delivery: /^node:/,
  bandit: /^node:(crypto|zlib)$/,
  simulation: /^$/,
  stats: /^$/,
  store: /^(node:|better-sqlite3$|pg$)/,
  dashboard: /^$/,
}

interface Import {
  readonly from: string
  readonly to: string
  readonly isTypeOnly: boolean
}

const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter(file => file.endsWith('.ts'))
const imports = files.flatMap(importsOf)
const inner = imports.filter(({ to }) => !isPackage(to))

function importsOf(file: string): Import[] {
  const text = readFileSync(join(src, file), 'utf8')
  return [...text.matchAll(/^(?:import|export)\s([^'"]*?)\bfrom\s+'([^']+)'|^import\s+'([^']+)'/gm)].map(match => {
    const [, names = '', named, bare] = match
    const to = named ?? bare ?? ''
    return {
      from: file,
      to: isPackage(to) ? to : relative(src, join(src, dirname(file), to)),
      isTypeOnly: isTypeImport(names),
    }
  })
}

function isTypeImport(names: string): boolean {
  if (names.trim().startsWith('type ')) return true
  const listed =
    /\{([^}]*)\}/
      .exec(names)?.[1]
      ?.split(',')
      .filter(name => name.trim() !== '') ?? []
  return listed.length > 0 && listed.every(name => name.trim().startsWith('type '))
}

function isPackage(to: string): boolean {
  return !to.startsWith('.') && !to.endsWith('.ts')
}

function roomOf(file: string): string {
  return file.includes('/') ? (file.split('/')[0] as string) : 'lobby'
}

describe('the imports of src/', () => {
  it('are all found', () => {
    expect(files.length).toBeGreaterThan(40)
    expect(inner.length).toBeGreaterThan(100)
    expect(inner.filter(({ to }) => !files.includes(to))).toEqual([])
  })

  it('point one way', () => {
    const wrong = inner.filter(({ from, to, isTypeOnly }) => {
      const [room, other] = [roomOf(from), roomOf(to)]
      const doors = [...(DOORS[room] ?? []), ...(isTypeOnly ? (TYPE_DOORS[room] ?? []) : [])]
      return !doors.includes(other)
    })
    expect(wrong).toEqual([])
  })

  it('bring in the packages of their room only', () => {
    const wrong = imports.filter(({ from, to }) => isPackage(to) && !PACKAGES[roomOf(from)]?.test(to))
    expect(wrong).toEqual([])
  })

  it('make no cycles', () => {
    expect(cyclesIn(inner)).toEqual([])
  })

  it('would show a cycle if there were one', () => {
    const edge = (from: string, to: string): Import => ({ from, to, isTypeOnly: false })
    expect(
      cyclesIn([edge('a.ts', 'b.ts'), edge('b.ts', 'c.ts'), edge('c.ts', 'a.ts'), edge('c.ts', 'd.ts')]),
    ).not.toEqual([])
  })
})

describe('the rooms without windows', () => {
  it.each(['stats', 'bandit', 'simulation', 'dashboard'])('%s/ knows no clock, no chance and no environment', room => {
    const windows =
      /\bDate\.now\(|\bnew Date\(\)|\bMath\.random\(|\bprocess\.|\bperformance\.|\bsetTimeout\(|\bsetInterval\(/
    const open = files.filter(file => roomOf(file) === room && windows.test(readFileSync(join(src, file), 'utf8')))
    expect(open).toEqual([])
  })

  it('config.ts alone, called by start.ts, reads the environment', () => {
    const readers = files.filter(file =>
      /\bprocess\.env\b(?!\.NODE_COMPILE_CACHE \?\?=)/.test(
        readFileSync(join(src, file), 'utf8').replace(/^\/\/.*$/gm, ''),
      ),
    )
    expect(readers).toEqual(['start.ts'])
  })
})

/** The cycles of a graph, each as the path that closes it. */
function cyclesIn(edges: readonly Import[]): string[] {
  const next = Map.groupBy(edges, ({ from }) => from)
  const cycles: string[] = []
  const done = new Set<string>()
  const walk = (file: string, path: readonly string[]) => {
    if (path.includes(file)) cycles.push([...path.slice(path.indexOf(file)), file].join(' → '))
    if (done.has(file) || path.includes(file)) return
    for (const { to } of next.get(file) ?? []) walk(to, [...path, file])
    done.add(file)
  }
  for (const file of next.keys()) walk(file, [])
  return cycles
}
