// What is counted while the service serves. A call costs some tens of nanoseconds; what can be read
// off the state of things is read when somebody asks, in metrics-page.ts.
import type { Assigned } from '../../bandit/assign.ts'
import type { ErrorCode } from '../../bandit/errors.ts'
import type { StoredRewardStatus } from '../../bandit/facts.ts'
import type { Commit } from '../../store/port.ts'
import type { Family, Sample } from './exposition.ts'
import { Histogram } from './histogram.ts'
import { Labelled } from './labelled.ts'

interface Counter {
  value: number
}

const newCounter = (): Counter => ({ value: 0 })

export class Metrics {
  readonly #requests = new Labelled(() => new Histogram())
  readonly #assignments = new Labelled(newCounter)
  readonly #contextFaults = new Labelled(newCounter)
  readonly #rewards = new Labelled(newCounter)
  readonly #clipped = new Labelled(newCounter)
  readonly #rejections = new Labelled(newCounter)
  readonly #deliveries = new Labelled(newCounter)
  readonly #commits = new Histogram()
  #commands = 0
  #ignored = 0
  #overloads = 0

  /** A request was answered. `route`: as it is written in app.ts, never an address. */
  request(method: string, route: string, status: number, seconds: number): void {
    this.#requests.at(method, route, STATUS_CLASSES[Math.floor(status / 100)] ?? '5xx').observe(seconds)
  }

  /** A unit was given an arm. A fault of the whole context is one of the feature `''`. */
  assigned(experiment: string, { arm, reason, contextFaults }: Assigned): void {
    this.#assignments.at(experiment, arm.key, reason).value += 1
    for (const { feature, fault } of contextFaults) this.#contextFaults.at(experiment, feature ?? '', fault).value += 1
  }

  /**
   * A reward met an experiment; one that met none counts for the experiment it named, or for `''`.
   */
  rewarded(experiment: string, metric: string, status: StoredRewardStatus): void {
    this.#rewards.at(experiment, metric, status === 'clipped' ? 'recorded' : status).value += 1
    if (status === 'clipped') this.#clipped.at(experiment, metric, '').value += 1
  }

  /** An event of a list or a stream was rejected. */
  rejected(code: ErrorCode): void {
    this.#rejections.at('', '', code).value += 1
  }

  /** Events of SDKs were ignored: no experiment measures them. */
  ignored(events: number): void {
    this.#ignored += events
  }

  /** A request was refused because there were too many. */
  overloaded(): void {
    this.#overloads += 1
  }

  committed({ ms, commands }: Commit): void {
    this.#commits.observe(ms / 1_000)
    this.#commands += commands
  }

  delivered(isTaken: boolean): void {
    this.#deliveries.at('', '', isTaken ? 'taken' : 'failed').value += 1
  }

  families(): Family[] {
    return [
      {
        name: 'http_server_request_duration_seconds',
        type: 'histogram',
        help: 'Requests by method, route and class of status, and how long they took',
        samples: [...this.#requests.entries()].flatMap(([[method, route, status], histogram]) =>
          histogram.samples({ method, route, status }),
        ),
      },
      {
        name: 'pinwheel_overload_refusals_total',
        type: 'counter',
        help: 'Requests that were refused because there were too many',
        samples: [{ value: this.#overloads }],
      },
      {
        name: 'pinwheel_assignments_total',
        type: 'counter',
        help: 'Answers of /assign, /assign/batch and OFREP, a unit each',
        samples: counts(this.#assignments, ['experiment', 'arm', 'reason']),
      },
      {
        name: 'pinwheel_context_faults_total',
        type: 'counter',
        help: 'Values of features that could not be used as they came, of units that were assigned',
        samples: counts(this.#contextFaults, ['experiment', 'feature', 'fault']),
      },
      {
        name: 'pinwheel_rewards_total',
        type: 'counter',
        help: 'Rewards by what became of them; one that reached several experiments counts in each',
        samples: counts(this.#rewards, ['experiment', 'metric', 'status']),
      },
      {
        name: 'pinwheel_rewards_clipped_total',
        type: 'counter',
        help: 'Rewards that were recorded and left the unit’s total outside the range of the metric',
        samples: counts(this.#clipped, ['experiment', 'metric', null]),
      },
      {
        name: 'pinwheel_rewards_rejected_total',
        type: 'counter',
        help: 'Events of lists, streams and SDKs that were rejected, by code',
        samples: counts(this.#rejections, [null, null, 'code']),
      },
      {
        name: 'pinwheel_events_ignored_total',
        type: 'counter',
        help: 'Events of SDKs that no experiment measures',
        samples: [{ value: this.#ignored }],
      },
      {
        name: 'pinwheel_store_commit_duration_seconds',
        type: 'histogram',
        help: 'Commits, and how long they took',
        samples: this.#commits.samples(),
      },
      {
        name: 'pinwheel_store_commands_total',
        type: 'counter',
        help: 'Writes that these commits carried; many share one',
        samples: [{ value: this.#commands }],
      },
      {
        name: 'pinwheel_webhook_attempts_total',
        type: 'counter',
        help: 'Attempts to deliver a message, by result',
        samples: counts(this.#deliveries, [null, null, 'result']),
      },
    ]
  }
}

const STATUS_CLASSES = ['', '1xx', '2xx', '3xx', '4xx', '5xx'] as const

/** `names`: of the labels; null: not shown. */
function counts(children: Labelled<Counter>, names: readonly (string | null)[]): Sample[] {
  return [...children.entries()].map(([values, { value }]) => ({
    labels: Object.fromEntries(
      names.flatMap((name, place) => (name === null ? [] : [[name, values[place] as string]])),
    ),
    value,
  }))
}
