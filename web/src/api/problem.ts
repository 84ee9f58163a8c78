import type { Problem } from './model';

/** A refusal or failure with a cause and a remedy (RFC 9457), from the recorder or about reaching it. */
export class ProblemError extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(`${problem.code}: ${problem.title}`);
    this.name = 'ProblemError';
    this.problem = problem;
  }
}

export const NO_ANSWER: Problem = {
  code: 'no-answer',
  title: 'The recorder did not answer',
  status: 0,
  remedy: 'Check that it has power and that this computer can reach it, then try again.',
};

/** What to show a person for anything thrown. */
export function toProblem(error: unknown): Problem {
  if (error instanceof ProblemError) return error.problem;
  return {
    code: 'page-fault',
    title: 'Something went wrong in this page',
    status: 0,
    remedy: 'Reload the page. If it happens again, report it with the detail shown.',
    detail: String(error),
  };
}

/** The problem an answer carries; a body that is none (a proxy's error page, say) still gets words. */
export function problemFromBody(status: number, body: unknown): Problem {
  if (isProblem(body)) return body;
  return {
    code: 'unexpected-answer',
    title: `The recorder answered with status ${status}`,
    status,
    remedy: 'Try again; if it stays, look at the units on the System page.',
  };
}

function isProblem(body: unknown): body is Problem {
  if (typeof body !== 'object' || body === null) return false;
  const { code, title, remedy } = body as Record<string, unknown>;
  return typeof code === 'string' && typeof title === 'string' && typeof remedy === 'string';
}
