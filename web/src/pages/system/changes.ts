/** What a revision changed, in words. Pure. */
import type { FieldChange } from '../../api/model';

export interface RecordChange {
  record: string;
  what: 'added' | 'changed' | 'removed';
  fields: readonly FieldChange[];
}

/** The changes by record. A record that came or went has its `id` among its fields. */
export function byRecord(changes: readonly FieldChange[]): RecordChange[] {
  const groups = Map.groupBy(changes, (change) => change.record);
  return [...groups].map(([record, fields]) => {
    const id = fields.find((each) => each.field === 'id');
    const what = !id ? 'changed' : isNothing(id.before) ? 'added' : 'removed';
    return { record, what, fields: fields.filter((each) => each !== id) };
  });
}

const LABELS: Record<string, string> = {
  name: 'Name',
  enabled: 'Switched on',
  'recording.continuous': 'Recorded continuously',
  'recording.manual.max_duration_s': 'REC stops by itself after (s)',
  'recording.manual.postbuffer_s': 'REC goes on after (s)',
  'recording.manual.prebuffer_s': 'REC starts before (s)',
  'source.password': 'Password',
  'source.transport': 'Transport',
  'source.url': 'Address',
  'source.username': 'User name',
  'source.verify_tls': 'Certificate verified',
};

/** A field as the forms call it. */
export function fieldLabel(field: string): string {
  return LABELS[field] ?? field;
}

/** A setting's value as the history shows it. */
export function fieldWords(value: unknown): string {
  if (value === true) return 'yes';
  if (value === false) return 'no';
  if (isNothing(value)) return 'none';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** Whether the field was not there, or empty. */
export function isNothing(value: unknown): boolean {
  return value === null || value === undefined || value === '';
}
