/** What a pool must offer to share a budget. */
export interface WorkerClaimant {
  /** Whether a claim made earlier is still worth a new worker. */
  needsWorker(): boolean;
  /** A claim is granted. */
  startWorker(): void;
  /** A claim is dropped, since no worker is needed for it any more. */
  dropClaim(): void;
  /** `performance.now()` since when its longest idle worker has had nothing to do. */
  longestIdleSinceMs(): number | undefined;
  /** Stops that worker, to make room for another pool. */
  evictLongestIdle(): void;
}

export interface WorkerBudgetOptions {
  /** Workers over all pools: they share one machine's memory. Default 100. */
  readonly maxWorkers?: number;
  /** Workers that may start at the same time: more only slow each other down. Default 2. */
  readonly maxColdStarts?: number;
}

/** Bounds the workers of all pools that share it, first come, first served. */
export class WorkerBudget {
  readonly #maxWorkers: number;
  readonly #maxColdStarts: number;
  readonly #claimants = new Set<WorkerClaimant>();
  readonly #claims: WorkerClaimant[] = [];
  #workers = 0;
  #coldStarts = 0;

  constructor({ maxWorkers = 100, maxColdStarts = 2 }: WorkerBudgetOptions = {}) {
    this.#maxWorkers = maxWorkers;
    this.#maxColdStarts = maxColdStarts;
  }

  get workers(): number {
    return this.#workers;
  }

  join(claimant: WorkerClaimant): void {
    this.#claimants.add(claimant);
  }

  leave(claimant: WorkerClaimant): void {
    this.#claimants.delete(claimant);
    this.grant();
  }

  /** Asks for one worker; `startWorker` or `dropClaim` answers, at once or later. */
  claim(claimant: WorkerClaimant): void {
    this.#claims.push(claimant);
    this.grant();
  }

  /** A cold start is over: the worker is ready, or gone before it was. */
  started(): void {
    this.#coldStarts -= 1;
    this.grant();
  }

  /** A worker is gone or going. */
  release(): void {
    this.#workers -= 1;
    this.grant();
  }

  /** Serves waiting claims as far as the caps allow. Also to be called when a worker became idle, which may make room. */
  grant(): void {
    for (let head = this.#claims[0]; head !== undefined; head = this.#claims[0]) {
      if (!head.needsWorker()) {
        this.#claims.shift();
        head.dropClaim();
      } else if (this.#coldStarts >= this.#maxColdStarts) {
        return;
      } else if (this.#workers < this.#maxWorkers) {
        this.#claims.shift();
        this.#workers += 1;
        this.#coldStarts += 1;
        head.startWorker();
      } else if (!this.#evictOne()) {
        return;
      }
    }
  }

  #evictOne(): boolean {
    let owner: WorkerClaimant | undefined;
    let sinceMs = Number.POSITIVE_INFINITY;
    for (const claimant of this.#claimants) {
      const candidateMs = claimant.longestIdleSinceMs();
      if (candidateMs !== undefined && candidateMs < sinceMs) {
        owner = claimant;
        sinceMs = candidateMs;
      }
    }
    if (owner === undefined) return false;
    // Its release calls back into `grant`, which finds the room.
    owner.evictLongestIdle();
    return true;
  }
}
