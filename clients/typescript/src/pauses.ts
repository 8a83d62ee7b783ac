export const FIRST_PAUSE_MS = 100;
export const LONGEST_PAUSE_MS = 5_000;

/**
 * Pauses before new tries, in milliseconds. They double from the first to the longest, each shortened at random by
 * up to half: so that readers whom the same break has ended do not all come back at once.
 */
export class Pauses {
  #next: number;

  constructor(
    readonly first = FIRST_PAUSE_MS,
    readonly longest = LONGEST_PAUSE_MS,
  ) {
    this.#next = first;
  }

  /** How long to wait now; the pause after it is longer. */
  next(): number {
    const pause = this.#next * (0.5 + Math.random() / 2);
    this.#next = Math.min(2 * this.#next, this.longest);
    return pause;
  }

  /** After a success: the next pause is the first again. */
  reset(): void {
    this.#next = this.first;
  }
}
