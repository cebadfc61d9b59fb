import type Database from 'better-sqlite3'
import type { CommandsOf, StoreCommands } from '../commands.ts'
import type { ExperimentStore, KeyStore, WebhookStore } from '../port.ts'
import { experimentScripts } from '../scripts/experiments.ts'
import { keyScripts } from '../scripts/keys.ts'
import type { Script } from '../scripts/script.ts'
import { readRule, readSums } from '../scripts/unit-sums.ts'
import { webhookScripts } from '../scripts/webhooks.ts'
import { sizeOf } from './database.ts'
import { factCommands } from './facts.ts'
import type { Ledger } from './ledger.ts'
import type { ScriptRunner } from './script-runner.ts'

/** What a connection can be asked, within a transaction or by itself. */
export function commandsOver(db: Database.Database, scripts: ScriptRunner, ledger: Ledger): StoreCommands {
  const written = Object.entries({ ...experimentScripts, ...keyScripts, ...webhookScripts }).map(([name, script]) => [
    name,
    (...args: never[]) => scripts.run((script as (...args: never[]) => Script<unknown>)(...args)),
  ])
  const commands = Object.fromEntries(written) as CommandsOf<ExperimentStore & KeyStore & WebhookStore>
  return {
    ...commands,
    ...factCommands(db, scripts, ledger),

    changeExperiment(experiment, state, change, snapshot) {
      const changed = commands.changeExperiment(experiment, state, change, snapshot)
      if (changed !== null && snapshot !== null) ledger.copySnapshot(experiment.id, snapshot)
      return changed
    },

    takeSnapshot(experimentId, snapshot) {
      const isTaken = scripts.run(experimentScripts.takeSnapshot(experimentId, snapshot))
      if (isTaken) ledger.copySnapshot(experimentId, snapshot)
      return isTaken
    },

    readRule: (...args) => scripts.run(readRule(...args)),
    readSums: experimentId => scripts.run(readSums(experimentId)),
    findSnapshots: experimentId => ledger.findSnapshots(experimentId),
    readLedger: (experimentId, metricPosition) => ledger.read(experimentId, metricPosition),
    readReportFacts: db.transaction((experimentId: number, metricPositions: readonly number[]) => ({
      snapshots: ledger.findSnapshots(experimentId),
      cells: metricPositions.map(position => ledger.read(experimentId, position).cells),
      changes: commands.findChanges(experimentId),
      sums: scripts.run(readSums(experimentId)),
    })),
    readPulse: () => ledger.readPulse(),
    ping: () => void db.prepare('SELECT 1 FROM migrations').get(),
    readSize: () => sizeOf(db),
  }
}
