/** How well a password resists guessing: a hint while typing; the recorder decides. */

export interface Strength {
  /** 0 (would be guessed first) to 1. */
  share: number;
  tone: 'bad' | 'warn' | 'accent';
  words: string;
}

/** The shortest password the recorder takes. */
export const SHORTEST = 12;
const STRONG_BITS = 70;

/** Estimated from length, variety and repetition. */
export function strengthOf(password: string, username: string): Strength {
  if (password.length < SHORTEST) {
    const missing = SHORTEST - password.length;
    return {
      share: password.length / SHORTEST / 3,
      tone: 'bad',
      words: `${missing} more ${missing === 1 ? 'character' : 'characters'} needed`,
    };
  }
  if (isEasy(password, username)) return { share: 0.2, tone: 'bad', words: 'Too easy to guess' };
  const share = Math.min(1, bits(password) / STRONG_BITS);
  return share < 0.8
    ? { share, tone: 'warn', words: 'Fair; another word makes it strong' }
    : { share, tone: 'accent', words: 'Strong' };
}

function isEasy(password: string, username: string): boolean {
  const folded = password.toLowerCase();
  return new Set(folded).size < 5 || (username !== '' && folded.replace(/[\d\W_]/g, '') === username.toLowerCase());
}

function bits(password: string): number {
  const kinds = [/[a-z]/, /[A-Z]/, /\d/, /[^a-zA-Z\d]/].filter((kind) => kind.test(password)).length;
  const perCharacter = 2.2 + 0.7 * kinds; // words are far from random letters
  return distinctRuns(password) * perCharacter;
}

/** The length, counting a sign that repeats the one before it once. */
function distinctRuns(password: string): number {
  return [...password].filter((sign, at, all) => sign !== all[at - 1]).length;
}
