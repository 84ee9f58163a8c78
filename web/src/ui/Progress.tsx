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

/** How far something is, 0 to 1, drawn as a bar; without a share it moves, for an end that nobody knows. */
export function ProgressBar({ share, label }: { share: number | undefined; label: string }) {
  const percent = share === undefined ? undefined : Math.round(Math.min(1, Math.max(0, share)) * 100);
  return (
    <div
      class={percent === undefined ? 'progress unknown' : 'progress'}
      role="progressbar"
      aria-label={label}
      aria-valuenow={percent}
      aria-valuemin={0}
      aria-valuemax={100}
      tabIndex={-1}
    >
      <div class="progress-fill" style={{ width: percent === undefined ? '30%' : `${percent}%` }} />
    </div>
  );
}
