/** Backups in words. Pure. */
import type { BackupView } from '../../../api/appliance';

const KINDS = {
  user: 'Made by hand',
  nightly: 'Made at night',
  'before-update': 'Made before an update',
  'before-restore': 'Made before a restoration',
};

/** Why it was made, and by what: "Made at night · version 1.4.0". */
export function backupFacts(backup: BackupView): string {
  const { summary } = backup;
  if (!summary) return backup.id;
  return [KINDS[summary.kind], `version ${summary.version}`, summary.machine].filter(Boolean).join(' · ');
}

/** When it was made, as its summary or else its id ("20261125T030000Z-nightly") says. */
export function madeAt(backup: BackupView): string | undefined {
  if (backup.summary) return backup.summary.made;
  const parts = backup.id.match(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z/);
  if (!parts) return undefined;
  const [, year, month, day, hour, minute, second] = parts;
  return `${year}-${month}-${day}T${hour}:${minute}:${second}Z`;
}
