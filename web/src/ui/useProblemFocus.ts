import { useEffect, useRef } from 'preact/hooks';
import type { Problem } from '../api/model';

/** A ref for a form: when a problem comes up, focus goes to the first input that shows it. */
export function useProblemFocus(problem: Problem | undefined) {
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => {
    if (problem) form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
  }, [problem]);
  return form;
}
