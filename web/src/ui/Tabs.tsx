import { useEffect, useRef } from 'preact/hooks';

/** Links between the parts of one page; each part has an address of its own. */
export function Tabs({
  label,
  tabs,
  current,
}: {
  label: string;
  tabs: readonly (readonly [href: string, text: string])[];
  current: string;
}) {
  const frame = useRef<HTMLElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another part is another place to scroll to
  useEffect(() => {
    const shown = frame.current?.querySelector<HTMLElement>('[aria-current]');
    if (shown)
      frame.current?.scrollTo({ left: shown.offsetLeft - (frame.current.clientWidth - shown.offsetWidth) / 2 });
  }, [current]);
  return (
    <nav class="tabs" aria-label={label} ref={frame}>
      {tabs.map(([href, text]) => (
        <a key={href} href={href} aria-current={href === current ? 'page' : undefined}>
          {text}
        </a>
      ))}
    </nav>
  );
}
