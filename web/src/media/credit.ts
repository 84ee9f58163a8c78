/**
 * How many further fragments a playback lets the server send. Pure: the buffer is kept at some seconds of what will be
 * played (more when it plays faster), and never more fragments are under way than were granted.
 */

export const FIRST_CREDIT = 4;
const AHEAD_S = 8;
const BATCH = 4;

export class Credit {
  /** Fragments granted and not yet received. */
  outstanding = FIRST_CREDIT;

  reset(): void {
    this.outstanding = FIRST_CREDIT;
  }

  /** A fragment has come. */
  received(): void {
    this.outstanding = Math.max(0, this.outstanding - 1);
  }

  /** How many to grant now, given the seconds buffered ahead and the playing speed. */
  grant(aheadS: number, speed: number): number {
    if (aheadS >= AHEAD_S * Math.max(1, speed) || this.outstanding > BATCH / 2) return 0;
    const more = BATCH - this.outstanding;
    this.outstanding += more;
    return more;
  }
}
