/** Something goes on, of unknown length. */
export function Working({ children }: { children: string }) {
  return (
    <p class="working" role="status">
      <span class="spinner" /> {children}
    </p>
  );
}

/** A share of a whole, 0 to 1, drawn as a bar and said as a percentage. */
export function Meter({
  share,
  label,
  tone = 'accent',
}: {
  share: number;
  label: string;
  tone?: 'accent' | 'warn' | 'bad';
}) {
  const percent = Math.round(Math.min(1, Math.max(0, share)) * 100);
  return (
    // biome-ignore lint/a11y/useSemanticElements: browsers draw <meter> each in their own way
    <div
      class={`meter ${tone}`}
      role="meter"
      aria-label={label}
      aria-valuenow={percent}
      aria-valuemin={0}
      aria-valuemax={100}
    >
      <div class="meter-fill" style={{ width: `${percent}%` }} />
    </div>
  );
}
