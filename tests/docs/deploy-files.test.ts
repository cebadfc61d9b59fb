// The image, the Compose file and the manifests speak of a service that there is. No engine runs
// them here: their words are held against the code, and what they ask is asked of a started
// service.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { readConfig } from '../../src/server/config.ts'
import { type ReadFamily, readExposition } from '../support/http/exposition.ts'
import { type Service, startExperiment, startService } from '../support/http/service.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const read = (path: string) => readFileSync(join(root, path), 'utf8')

// biome-ignore lint/suspicious/noExplicitAny: a test reads the fields that it expects, and fails where they are not
type Yaml = any

/** @throws Error for what is not plain YAML */
function documentsIn(path: string): Yaml[] {
  return [...parseAllDocuments(read(path), { strict: true })].map(document => {
    const [fault] = [...document.errors, ...document.warnings]
    if (fault !== undefined) throw new Error(`${path}: ${fault.message}`)
    return document.toJS()
  })
}

const manifests = documentsIn('docs/operate/deploy/kubernetes.yaml')
const ofKind = (kind: string) => manifests.find(manifest => manifest.kind === kind)
const pod = ofKind('Deployment').spec.template
const container = pod.spec.containers[0]
const [compose] = documentsIn('docs/operate/deploy/compose.yaml')
const [monitor] = documentsIn('docs/operate/deploy/service-monitor.yaml')
const [adapter] = documentsIn('docs/operate/deploy/prometheus-adapter.yaml')
const proxy = read('docs/operate/deploy/haproxy.cfg')

/** The Dockerfile's last stage, a line an instruction. */
const instructions = read('Dockerfile')
  .replaceAll(/^#.*\n/gm, '')
  .replaceAll(/\\\n\s*/g, ' ')
  .split(/^FROM .*$/m)
  .at(-1)
  ?.trim()
  .split('\n') as string[]
const saysOf = (keyword: string) =>
  instructions.flatMap(line => (line.startsWith(`${keyword} `) ? line.slice(keyword.length + 1) : []))
const imageEnvironment = Object.fromEntries(
  [
    ...saysOf('ENV')
      .join(' ')
      .matchAll(/(\w+)=(\S+)/g),
  ].map(([, k, v]) => [k, v]),
)

const milliseconds = (text: string) => Number.parseFloat(text) * 1_000
const graceMs = Number(/SHUTDOWN_GRACE_MS = ([\d_]+)/.exec(read('src/server/serve.ts'))?.[1]?.replaceAll('_', ''))

let service: Service
let families: Map<string, ReadFamily>

beforeAll(async () => {
  service = await startService()
  await startExperiment(service)
  families = readExposition((await service.call('GET', '/metrics')).text)
})

afterAll(() => service.close())

describe('docs/operate/deploy/', () => {
  it('has only files that are checked here', () => {
    expect(
      readdirSync(join(root, 'docs/operate/deploy'))
        .filter(name => name !== '.env')
        .sort(),
    ).toEqual([
      'compose.yaml',
      'haproxy.cfg',
      'kubernetes.yaml',
      'pinwheel.env.example',
      'prometheus-adapter.yaml',
      'service-monitor.yaml',
    ])
  })

  it('sets variables that config.ts reads, to valid values', () => {
    const known = [...read('src/server/config.ts').matchAll(/\benvironment\.([A-Z_]+)/g)].map(([, name]) => name)
    const ofSecret = [...read('docs/operate/deploy/kubernetes.yaml').matchAll(/--from-literal=(\w+)/g)].map(
      ([, name]) => name,
    )
    const { NODE_ENV: _, ...ofImage } = imageEnvironment
    const ofPod = Object.fromEntries(container.env.map(({ name, value }: Yaml) => [name, value]))
    const ofCompose = compose.services.pinwheel.environment
    expect(ofSecret).toEqual(['DATABASE_URL', 'PINWHEEL_ADMIN_KEY'])
    for (const name of [ofImage, ofPod, ofCompose].flatMap(Object.keys).concat(ofSecret as string[])) {
      expect(known, name).toContain(name)
    }
    expect(readConfig({ ...ofImage, ...ofPod })).toMatchObject({ host: '0.0.0.0', port: 8080, workers: 1 })
    const asked = [...read('docs/operate/deploy/compose.yaml').matchAll(/\$\{(\w+)/g)].map(([, name]) => name)
    const offered = [...read('docs/operate/deploy/pinwheel.env.example').matchAll(/^(\w+)=/gm)].map(([, name]) => name)
    expect(new Set(asked)).toEqual(new Set(offered))
    expect(read('.dockerignore').split('\n')).toContain('**/.env')
  })

  it('uses paths that answer', async () => {
    const probes = ['startupProbe', 'readinessProbe', 'livenessProbe'].map(probe => container[probe].httpGet)
    const ofProxy = [...proxy.matchAll(/ uri (\S+)/g)].map(([, path]) => path as string)
    const ofImage = [
      ...saysOf('HEALTHCHECK')
        .join()
        .matchAll(/PORT \+ '([^']+)'/g),
    ].map(([, path]) => path as string)
    const ofScrape = monitor.spec.endpoints.map(({ path }: Yaml) => path)
    const paths = [...probes.map(({ path }) => path), ...ofProxy, ...ofImage, ...ofScrape]
    expect(paths).toHaveLength(7)
    for (const path of paths) expect((await service.call('GET', path)).status, path).toBe(200)
  })

  it('uses one port, and one for probes', () => {
    const { PORT } = imageEnvironment
    expect(saysOf('EXPOSE')).toEqual([PORT])
    const probePort = Number(container.env.find(({ name }: Yaml) => name === 'PROBE_PORT').value)
    expect(container.ports).toEqual([
      { name: 'http', containerPort: Number(PORT) },
      { name: 'probes', containerPort: probePort },
    ])
    for (const probe of ['startupProbe', 'readinessProbe', 'livenessProbe']) {
      expect(container[probe].httpGet.port).toBe('probes')
    }
    expect(ofKind('Service').spec.ports[0]).toMatchObject({ name: 'http', targetPort: 'http' })
    expect(ofKind('NetworkPolicy').spec.ingress[0].ports).toEqual([{ port: 'http' }])
    expect(monitor.spec.endpoints[0].port).toBe('http')
    const targets = [...proxy.matchAll(/^ +server-template \w+ \d+ (\w+):(\d+)/gm)].map(([, host, port]) => [
      host,
      port,
    ])
    expect(targets).toEqual([
      ['pinwheel', PORT],
      ['pinwheel', PORT],
    ])
    expect(Object.keys(compose.services)).toContain('pinwheel')
  })

  it('gives the balancer fewer connections than a service accepts, so that its checks get one', () => {
    const most = Number(/MAX_CONNECTIONS = ([\d_]+)/.exec(read('src/http/server.ts'))?.[1]?.replaceAll('_', ''))
    const ofProxy = [...proxy.matchAll(/^ +server-template .* maxconn (\d+)/gm)].map(([, count]) => Number(count))
    expect(ofProxy).toHaveLength(2)
    for (const count of ofProxy) expect(count).toBeLessThan(0.95 * most)
  })

  it('selects by labels that the pods and the service have', () => {
    const { labels } = pod.metadata
    for (const kind of ['Deployment', 'PodDisruptionBudget']) {
      expect(labels, kind).toMatchObject(ofKind(kind).spec.selector.matchLabels)
    }
    expect(labels).toMatchObject(ofKind('Service').spec.selector)
    expect(labels).toMatchObject(ofKind('NetworkPolicy').spec.podSelector.matchLabels)
    for (const { labelSelector } of pod.spec.topologySpreadConstraints) {
      expect(labels).toMatchObject(labelSelector.matchLabels)
    }
    expect(ofKind('Service').metadata.labels).toMatchObject(monitor.spec.selector.matchLabels)
    expect(ofKind('HorizontalPodAutoscaler').spec.scaleTargetRef.name).toBe(ofKind('Deployment').metadata.name)
  })

  it('scales by an existing metric, through the adapter', async () => {
    const wanted = ofKind('HorizontalPodAutoscaler').spec.metrics.flatMap(({ pods }: Yaml) => pods?.metric.name ?? [])
    expect(wanted).toEqual(adapter.rules.custom.map(({ name }: Yaml) => name.as))
    for (const { seriesQuery, metricsQuery } of adapter.rules.custom) {
      const [, series = ''] = /^(\w+)\{/.exec(seriesQuery) ?? []
      const samples = [...families.values()].flatMap(family => family.samples.filter(({ name }) => name === series))
      expect(samples, series).not.toEqual([])
      const [, label = '', routes = ''] = /(\w+)!~"([^"]+)"/.exec(metricsQuery) ?? []
      expect(samples[0]?.labels).toHaveProperty(label)
      for (const route of routes.split('|')) expect((await service.call('GET', route)).status, route).toBe(200)
    }
  })

  it('allows the time that the service needs to stop', () => {
    expect(graceMs).toBeGreaterThan(0)
    const wait = milliseconds(container.lifecycle.preStop.exec.command[1])
    expect(pod.spec.terminationGracePeriodSeconds * 1_000).toBeGreaterThan(wait + graceMs)
    expect(milliseconds(compose.services.pinwheel.stop_grace_period)).toBeGreaterThan(graceMs)
    const idle = /timeout http-keep-alive (\d+)s/.exec(proxy)?.[1] ?? ''
    expect(milliseconds(idle)).toBeLessThan(service.server.keepAliveTimeout)
  })
})

describe('Dockerfile', () => {
  const copied = saysOf('COPY')
    .filter(line => !line.startsWith('--from'))
    .flatMap(line => line.split(' ').slice(0, -1))
  const isCopied = (path: string) => copied.some(from => path === from || path.startsWith(`${from}/`))
  const { dependencies, scripts } = JSON.parse(read('package.json')) as {
    dependencies: Record<string, string>
    scripts: { start: string }
  }

  /** Every file of ours that a file leads to, and every package. Types are no imports. */
  function reachedFrom(entry: string, reached = new Set<string>()): Set<string> {
    if (reached.has(entry)) return reached
    reached.add(entry)
    const text = read(entry)
    const named = /^(?:import|export) (?!type )[^'"]*?\bfrom '([^']+)'|\bimport\('([^']+)'\)|new URL\('([^']+\.ts)'/gm
    for (const [, from, lazy, thread] of text.matchAll(named)) {
      const target = from ?? lazy ?? thread ?? ''
      if (target.startsWith('.')) reachedFrom(normalize(join(dirname(entry), target)), reached)
      else if (!target.startsWith('node:')) reached.add(target)
    }
    return reached
  }

  const command = (line: string) => (JSON.parse(line) as string[]).join(' ')
  const commands = saysOf('CMD').map(command)
  const [, entry = ''] = /^node .*?(\S+\.js) serve$/.exec(scripts.start) ?? []

  it('copies everything that its command imports, and installs its packages', () => {
    const reached = [...reachedFrom(entry)]
    expect(reached.length).toBeGreaterThan(300)
    for (const name of reached) {
      if (/\.[jt]s$/.test(name)) expect(isCopied(name), name).toBe(true)
      else expect(Object.keys(dependencies)).toContain(name)
    }
  })

  it('starts the service as npm start does', () => {
    expect(commands).toContain(scripts.start)
  })

  it('(control) detects a file that is not copied', () => {
    expect(isCopied('scripts/fuzz.ts')).toBe(false)
    expect(isCopied('bin/pinwheel.js')).toBe(true)
  })

  it('copies only existing files, including the migrations and the version', () => {
    for (const path of copied) expect(existsSync(join(root, path)), path).toBe(true)
    for (const path of ['migrations/postgres', 'package.json', 'src/views/assets/page.js']) {
      expect(isCopied(path), path).toBe(true)
    }
  })
})
