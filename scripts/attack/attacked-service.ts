// A service of its own to attack: on a new file, with a key of each kind, as `npm start` starts it.
import { randomInt } from 'node:crypto'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createKey } from '../../src/access/change-keys.ts'
import { SCOPES, type Scope } from '../../src/access/key.ts'
import { newSecret } from '../../src/access/secret.ts'
import { openStore } from '../../src/store/open.ts'
import { onFile, ServiceProcess } from '../service/service-process.ts'
import type { Attacked } from './run-attacks.ts'

/** Files in memory: how long a disk takes to sync is not what an attack does. */
const MEMORY_FOLDER = '/dev/shm'

/** Rates would hide what a request costs. */
const RATE = '1000000/s'

export interface OwnService extends Attacked {
  /** What it has written to its log. */
  readonly told: () => string
  /** Ends the process, and removes its files. Resolves to its exit code. */
  readonly end: () => Promise<number | null>
}

/** @throws Failure when it does not start */
export async function startAttacked(workers: number): Promise<OwnService> {
  const folder = mkdtempSync(join(existsSync(MEMORY_FOLDER) ? MEMORY_FOLDER : tmpdir(), 'pinwheel-attack-'))
  const path = join(folder, 'pinwheel.db')
  const keys = await makeKeys(`sqlite:${path}`)
  const environment = { WORKERS: String(workers), WEBHOOK_PRIVATE_TARGETS: 'allow' }
  const service = new ServiceProcess({ ...onFile(path), environment })
  return {
    url: await service.started(),
    pid: service.pid,
    keys,
    told: () => service.told,
    end: async () => {
      const code = service.hasEnded ? await service.exitCode() : await service.stop()
      rmSync(folder, { recursive: true, force: true })
      return code
    },
  }
}

async function makeKeys(databaseUrl: string): Promise<Attacked['keys']> {
  const store = await openStore(databaseUrl)
  const make = async (name: string, kind: 'sk' | 'pk', scopes: readonly Scope[]) => {
    const secret = newSecret(kind, randomInt)
    const terms = { name, kind, scopes, rate: RATE, expiresAt: null }
    await createKey({ store }, terms, { actor: 'attack', now: Date.now(), secret })
    return secret
  }
  const secrets = await Promise.all(
    SCOPES.map(async scope => [scope, await make(`of-${scope}`, 'sk', scopesFor(scope))]),
  )
  const pk = await make('page', 'pk', ['assign', 'reward'])
  await store.close()
  return { ...Object.fromEntries(secrets), pk } as Attacked['keys']
}

/** An administrator's key prepares everything. */
function scopesFor(scope: Scope): readonly Scope[] {
  return scope === 'admin' ? SCOPES : [scope]
}
