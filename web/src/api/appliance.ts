/** The machine itself, its updates, network and backups: the calls of the System page. */
import { untyped } from './client';
import type { Problem } from './model';
import { sendFile } from './transfer';

export interface UnitView {
  name: string;
  state: string;
  since: string | null;
  restarts: number;
  memory_bytes: number | null;
}

export interface SystemView {
  name: string;
  version: string;
  slot: string | null;
  identity: { serial: string; hostname: string; mdns_name: string | null };
  data_problem: Problem | null;
  data: { total_bytes: number; free_bytes: number } | null;
  uptime_s: number;
  time_synchronised: boolean | null;
  units: readonly UnitView[];
}

export interface NetworkSettings {
  mode: 'dhcp' | 'static';
  address: string | null;
  gateway: string | null;
  dns: readonly string[];
  ntp: readonly string[];
  hostname: string;
}

export interface NetworkView extends NetworkSettings {
  /** Seconds left until the settings of before come back, unless confirmed. */
  confirm_within_s?: number | null;
}

export interface SlotView {
  name: 'a' | 'b';
  state: 'running' | 'good' | 'trial' | 'bad' | 'empty';
  version: string | null;
  tries_left: number;
}

export interface UpdateTask {
  state: 'idle' | 'receiving' | 'checking' | 'downloading' | 'installing' | 'restart-needed' | 'failed';
  percent: number | null;
  version: string | null;
  problem: Problem | null;
}

export interface UpdatesView {
  running: { version: string; slot: string | null };
  floor: string | null;
  slots: readonly SlotView[];
  task: UpdateTask;
  source: {
    url: string | null;
    automatic: boolean;
    checked_at: string | null;
    offered: { version: string; notes: string; size_bytes: number | null } | null;
  };
}

export interface BackupView {
  id: string;
  size_bytes: number;
  /** Whether a password is needed to read it. */
  sealed: boolean;
  /** null where it cannot be read. */
  summary: {
    kind: string;
    made: string;
    version: string;
    machine: string;
    damaged: readonly string[];
  } | null;
}

export interface BackupsView {
  /** Newest first. */
  backups: readonly BackupView[];
  /** What became of the last restoration: `problem` says why nothing changed. */
  outcome: {
    summary: { made: string };
    applied: string;
    kept: string | null;
    problem: string | null;
  } | null;
}

export interface CertificateView {
  /** SHA-256, in capitals with colons, as browsers show it. */
  fingerprint: string;
  not_after: string;
  names: readonly string[];
}

export type ResetScope = 'users' | 'everything';

type Signal = AbortSignal | undefined;
const get = <T>(path: string, signal: Signal): Promise<T> =>
  untyped('get', path, signal ? { signal } : {}) as Promise<T>;

export const appliance = {
  system: (signal?: Signal) => get<SystemView>('/api/v1/system', signal),
  restart: (what: 'units' | 'machine') => untyped('post', '/api/v1/system/restart', { body: { what } }),
  powerOff: () => untyped('post', '/api/v1/system/power-off', { body: {} }),
  reset: (scope: ResetScope, confirm: string) => untyped('post', '/api/v1/system/reset', { body: { scope, confirm } }),
  renewCertificate: () => untyped('post', '/api/v1/system/certificate/renew', { body: {} }),
  certificate: (signal?: Signal) => get<CertificateView>('/api/v1/system/certificate', signal),
  network: (signal?: Signal) => get<NetworkView>('/api/v1/system/network', signal),
  setNetwork: (settings: NetworkSettings) =>
    untyped('put', '/api/v1/system/network', { body: settings }) as Promise<{ confirm_within_s?: number | null }>,
  confirmNetwork: () => untyped('post', '/api/v1/system/network/confirm', { body: {} }),
  updates: (signal?: Signal) => get<UpdatesView>('/api/v1/updates', signal),
  checkForUpdate: () => untyped('post', '/api/v1/updates/check', { body: {} }),
  installOffered: () => untyped('post', '/api/v1/updates/install', { body: {} }),
  cancelUpdate: () => untyped('post', '/api/v1/updates/cancel', { body: {} }),
  setUpdateSource: (url: string | null, automatic: boolean) =>
    untyped('put', '/api/v1/updates/source', { body: { url, automatic } }),
  backups: (signal?: Signal) => get<BackupsView>('/api/v1/backups', signal),
  deleteBackup: (id: string) => untyped('delete', '/api/v1/backups/{id}', { path: { id } }),
  restoreKept: (id: string, password: string | null) =>
    untyped('post', '/api/v1/backups/{id}/restore', { path: { id }, body: { password } }),
  makeBackup: (password: string | null) => untyped('post', '/api/v1/backups', { body: { password } }),
};

/** Where the certificate authority is downloaded. */
export const CA_PATH = '/api/v1/system/certificate/authority.crt';

/** Where a backup is downloaded. */
export function backupPath(id: string): string {
  return `/api/v1/backups/${encodeURIComponent(id)}`;
}

/** Put a backup in the place of the present settings; throws a ProblemError. */
export function restoreBackup(file: File, password: string): Promise<unknown> {
  return sendFile('/api/v1/backups/restore', file, { headers: { 'X-Backup-Password': encodeURIComponent(password) } });
}
