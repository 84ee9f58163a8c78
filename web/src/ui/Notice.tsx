import type { ComponentChildren } from 'preact';
import type { Problem } from '../api/model';
import { Icon } from './Icon';

export type Tone = 'info' | 'ok' | 'warn' | 'bad';

/** A framed remark; `alert` makes screen readers say it at once. */
export function Notice({
  tone = 'info',
  alert,
  children,
}: {
  tone?: Tone;
  alert?: boolean;
  children: ComponentChildren;
}) {
  const icon = tone === 'ok' ? 'check' : tone === 'info' ? 'info' : 'warning';
  return (
    <div class={`notice ${tone}`} role={alert ? 'alert' : undefined}>
      <Icon name={icon} />
      <div class="notice-body">{children}</div>
    </div>
  );
}

/** Cause and remedy of a problem, with a way to try again where there is one. */
export function ProblemNotice({ problem, children }: { problem: Problem; children?: ComponentChildren }) {
  return (
    <Notice tone="bad" alert>
      <p>
        <strong>{problem.title}</strong>
      </p>
      <p>{problem.remedy}</p>
      {problem.detail && <p class="small muted">{problem.detail}</p>}
      {children && <div class="notice-actions">{children}</div>}
    </Notice>
  );
}
