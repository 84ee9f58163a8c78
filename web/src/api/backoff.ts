/** Growing, jittered waits between attempts, so that many pages do not knock at once when a recorder returns. */
export class Backoff {
  readonly #first_ms: number;
  readonly #longest_ms: number;
  readonly #random: () => number;
  #attempts = 0;

  constructor(first_ms: number, longest_ms: number, random: () => number = Math.random) {
    this.#first_ms = first_ms;
    this.#longest_ms = longest_ms;
    this.#random = random;
  }

  /** Milliseconds to wait before the next attempt: doubling, between half and all of the step. */
  next(): number {
    const step = Math.min(this.#first_ms * 2 ** this.#attempts, this.#longest_ms);
    this.#attempts += 1;
    return step * (0.5 + 0.5 * this.#random());
  }

  /** Start from the shortest wait again. */
  reset(): void {
    this.#attempts = 0;
  }
}
