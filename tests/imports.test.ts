// The folders of src/ and who may import whom: cli → server → http → bandit → stats; the store and
// the views know the domain's types. No cycle anywhere, and no folder that is too full to overlook.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../', import.meta.url))

/** Which folders of src/ a folder may import from, itself always among them. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  cli: ['server', 'http', 'access', 'webhooks', 'bandit', 'store', 'simulation', 'stats', 'views'],
  server: ['http', 'access', 'webhooks', 'bandit', 'store'],
  http: ['access', 'webhooks', 'bandit', 'simulation', 'stats', 'views'],
  webhooks: ['bandit'],
  access: ['bandit'],
  bandit: ['stats'],
  stats: [],
  store: ['bandit', 'webhooks'],
  simulation: ['bandit', 'stats'],
  views: ['bandit'],
}

/** What a folder may import beyond these, as types only. */
const ALLOWED_TYPES: Readonly<Record<string, readonly string[]>> = {
  http: ['server', 'store'],
  webhooks: ['stats', 'store'],
  access: ['store'],
  bandit: ['store'],
  store: ['access'],
  views: ['access', 'stats', 'simulation'],
}

/** Packages and modules of Node that a folder may use. */
const PACKAGES: Readonly<Record<string, RegExp>> = {
  cli: /^(node:|better-sqlite3$|csv-parse$|d3-array$|hyparquet|yaml$|zod$)/,
  server: /^(node:|pino$)/,
  http: /^(node:|express$|helmet$|zod$|zod-openapi$)/,
  webhooks: /^node:/,
  access: /^node:(crypto|zlib)$/,
  bandit: /^(node:crypto|zod)$/,
  stats: /^jstat$/,
  store: /^(node:|better-sqlite3$|pg$)/,
  simulation: /^d3-array$/,
  views: /^d3-array$/,
}

const MOST_FILES = 20

interface Import {
  readonly from: string
  readonly to: string
  readonly isTypeOnly: boolean
}

const files = ['bin', 'src', 'scripts', 'tests'].flatMap(folder =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter(file => file.endsWith('.ts') && !file.includes('node_modules'))
    .map(file => join(folder, file)),
)
const imports = files.flatMap(file => importsIn(file, readFileSync(join(root, file), 'utf8')))
/** Without what a test generates for itself. */
const inner = imports.filter(({ to }) => !isPackage(to) && !to.endsWith('/pinwheel.d.ts'))
const ofSrc = imports.filter(({ from }) => from.startsWith('src/'))

function importsIn(file: string, text: string): Import[] {
  return [...text.matchAll(/^(?:import|export)\s([^'"]*?)\bfrom\s+'([^']+)'|^import\s+'([^']+)'/gm)].map(match => {
    const [, names = '', named, bare] = match
    const to = named ?? bare ?? ''
    return { from: file, to: to.startsWith('.') ? normalize(join(dirname(file), to)) : to, isTypeOnly: areTypes(names) }
  })
}

function areTypes(names: string): boolean {
  if (names.trim().startsWith('type ')) return true
  const listed =
    /\{([^}]*)\}/
      .exec(names)?.[1]
      ?.split(',')
      .filter(name => name.trim() !== '') ?? []
  return listed.length > 0 && listed.every(name => name.trim().startsWith('type '))
}

function isPackage(to: string): boolean {
  return !/^(bin|src|scripts|tests|migrations)\/|^package\.json$/.test(to)
}

function folderOf(file: string): string {
  return file.split('/')[1] as string
}

describe('the imports', () => {
  it('are all found', () => {
    expect(files.length).toBeGreaterThan(400)
    expect(inner.filter(({ to }) => !existsSync(join(root, to)))).toEqual([])
  })

  it('of src/ point one way', () => {
    const wrong = ofSrc.filter(({ from, to, isTypeOnly }) => {
      if (isPackage(to) || to === 'package.json') return false
      const [own, other] = [folderOf(from), folderOf(to)]
      const allowed = [own, ...(ALLOWED[own] ?? []), ...(isTypeOnly ? (ALLOWED_TYPES[own] ?? []) : [])]
      return !to.startsWith('src/') || !allowed.includes(other)
    })
    expect(wrong).toEqual([])
  })

  it('of src/ bring in the packages of their folder only', () => {
    const wrong = ofSrc.filter(({ from, to }) => isPackage(to) && !PACKAGES[folderOf(from)]?.test(to))
    expect(wrong).toEqual([])
  })

  it('never lead from scripts/ to tests/', () => {
    expect(inner.filter(({ from, to }) => from.startsWith('scripts/') && to.startsWith('tests/'))).toEqual([])
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

describe('the folders', () => {
  it('of src/ are those that the rules know', () => {
    expect(readdirSync(join(root, 'src')).sort()).toEqual(Object.keys(ALLOWED).sort())
  })

  it(`have at most ${MOST_FILES} files each`, () => {
    const full = Map.groupBy(files, file => dirname(file))
    expect([...full].filter(([, own]) => own.length > MOST_FILES).map(([folder]) => folder)).toEqual([])
  })
})

describe('pure code', () => {
  it.each(['stats', 'bandit', 'simulation', 'views', 'access'])('%s/ knows no clock, chance or environment', folder => {
    const impure =
      /\bDate\.now\(|\bnew Date\(\)|\bMath\.random\(|\bprocess\.|\bperformance\.|\bsetTimeout\(|\bsetInterval\(/
    const found = files.filter(
      file => file.startsWith(`src/${folder}/`) && impure.test(readFileSync(join(root, file), 'utf8')),
    )
    expect(found).toEqual([])
  })

  it('server/start.ts alone reads the environment of a service', () => {
    const readers = files.filter(
      file =>
        /^src\/(?!cli\/)/.test(file) &&
        /\bprocess\.env\b/.test(readFileSync(join(root, file), 'utf8').replace(/^\/\/.*$/gm, '')),
    )
    expect(readers).toEqual(['src/server/start.ts'])
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
