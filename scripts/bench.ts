// npm run bench -- best-arm | report: what Pinwheel costs on this machine. Prints tables; --json prints the rows as JSON.
import { parseArgs } from 'node:util'
import { benchBestArm } from './bench/best-arm.ts'
import { benchReport } from './bench/report.ts'

const BENCHMARKS: Readonly<Record<string, () => Promise<readonly object[]> | readonly object[]>> = {
  'best-arm': benchBestArm,
  report: benchReport,
}

const HELP = `npm run bench -- [${Object.keys(BENCHMARKS).join(' | ')}] [--json]
Without a name, all of them. Absolute times are this machine's; compare rows of one run.\n`

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: 'boolean', default: false }, help: { type: 'boolean', short: 'h', default: false } },
})
const names = positionals.length === 0 ? Object.keys(BENCHMARKS) : positionals
const unknown = names.filter(name => !Object.hasOwn(BENCHMARKS, name))

if (values.help || unknown.length > 0) {
  if (unknown.length > 0) process.stderr.write(`There is no benchmark ${unknown.join(', ')}.\n`)
  process.stdout.write(HELP)
  process.exitCode = unknown.length > 0 ? 1 : 0
} else {
  for (const name of names) {
    const rows = (await BENCHMARKS[name]?.()) ?? []
    if (values.json) process.stdout.write(`${JSON.stringify({ benchmark: name, rows })}\n`)
    else {
      process.stdout.write(`\n${name}\n`)
      console.table(rows)
    }
  }
}
