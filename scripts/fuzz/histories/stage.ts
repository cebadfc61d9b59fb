// Where a history is played: a real store of its own, opened again at every restart, and a clock
// that is set.
import { randomUUID } from 'node:crypto'
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Catalogue } from '../../../src/bandit/catalogue.ts'
import { openStore } from '../../../src/store/open.ts'
import type { Store } from '../../../src/store/port.ts'
import { AT_REST } from '../../../src/store/sqlite/database.ts'

/** 2026-01-05T12:00:00Z */
const BEGIN = Date.UTC(2026, 0, 5, 12)

/** A database for one history. */
export interface Site {
  open(): Promise<Store>
  /**
   * What is opened next is what a process that was killed now would have left. Unless there is such
   * a thing: the same database.
   */
  crash?(): void
  destroy(): Promise<void>
}

export class Stage {
  readonly #site: Site
  readonly #wrapStore: (store: Store) => Store
  readonly #abandoned: Store[] = []
  now = BEGIN
  store: Store
  catalogue: Catalogue

  private constructor(site: Site, wrapStore: (store: Store) => Store) {
    this.#site = site
    this.#wrapStore = wrapStore
    this.store = NOT_OPEN
    this.catalogue = new Catalogue()
  }

  /** `site`: an SQLite file, unless it is another one. */
  static async open(wrapStore: (store: Store) => Store, site?: Site): Promise<Stage> {
    const stage = new Stage(site ?? (await sqliteSite()), wrapStore)
    await stage.#begin()
    return stage
  }

  /** `isCrash`: the store is left as it is, and another is opened on what it has written. */
  async restart(isCrash: boolean): Promise<void> {
    if (isCrash) {
      this.#abandoned.push(this.store)
      this.#site.crash?.()
    } else await this.store.close()
    await this.#begin()
  }

  async close(): Promise<void> {
    for (const store of [...this.#abandoned, this.store]) await store.close()
    await this.#site.destroy()
  }

  async #begin(): Promise<void> {
    this.store = this.#wrapStore(await this.#site.open())
    this.catalogue = await Catalogue.load(this.store)
  }
}

const NOT_OPEN = {} as Store

async function sqliteSite(): Promise<Site> {
  const folder = scratchFolder()
  let path = join(folder, 'pinwheel.db')
  blank ??= blankDatabase()
  writeFileSync(path, await blank)
  return {
    open: () => openStore(`sqlite:${path}`),
    crash() {
      const left = path
      path = join(folder, `${randomUUID()}.db`)
      for (const suffix of AT_REST) if (existsSync(left + suffix)) copyFileSync(left + suffix, path + suffix)
    },
    destroy: async () => rmSync(folder, { recursive: true, force: true }),
  }
}

let blank: Promise<Buffer> | null = null

/**
 * The bytes of a database that was migrated and not used: a copy of it opens sooner than a new one.
 */
async function blankDatabase(): Promise<Buffer> {
  const folder = scratchFolder()
  const path = join(folder, 'blank.db')
  await (await openStore(`sqlite:${path}`)).close()
  const bytes = readFileSync(path)
  rmSync(folder, { recursive: true, force: true })
  return bytes
}

const MEMORY = '/dev/shm'

/** Empty, in memory where the system has such a place, and the caller's to remove. */
export function scratchFolder(): string {
  return mkdtempSync(join(existsSync(MEMORY) ? MEMORY : tmpdir(), 'pinwheel-fuzz-'))
}
