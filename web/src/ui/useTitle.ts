import { useEffect } from 'preact/hooks';

/** Name the tab after what is shown. */
export function useTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} – Gatehouse`;
  }, [title]);
}
