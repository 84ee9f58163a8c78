/** The machine itself, its updates, network and backups: the calls of the System page. */
import { api } from './client';
import type { Problem } from './model';
import type { components } from './schema';
import { sendFile } from './transfer';

type Schemas = components['schemas'];

export type SystemView = Schemas['SystemView'];
export type UnitView = Schemas['UnitView'];
export type NetworkView = Schemas['NetworkView'];
export type NetworkSettings = Omit<NetworkView, 'confirm_within_s'>;
export type CertificateView = Schemas['CertificateFactsView'];
export type BackupsView = Schemas['BackupList'];
export type BackupView = Schemas['Stored'];
export type ResetScope = 'users' | 'everything';
export type SlotView = Schemas['SlotView'];
/** As the API sends it; its problem is described there as any object. */
export type UpdateTask = Omit<Schemas['Task'], 'problem'> & { readonly problem: Problem | null };
export type UpdatesView = Omit<Schemas['Status'], 'task'> & { readonly task: UpdateTask };

type Signal = AbortSignal | undefined;
const asking = (signal: Signal) => (signal ? { signal } : {});

export const appliance = {
  system: (signal?: Signal) => api.get('/api/v1/system', asking(signal)),
  restart: (what: 'units' | 'machine') => api.post('/api/v1/system/restart', { body: { what } }),
  powerOff: () => api.post('/api/v1/system/power-off', { body: {} }),
  reset: (scope: ResetScope, confirm: string) => api.post('/api/v1/system/reset', { body: { scope, confirm } }),
  certificate: (signal?: Signal) => api.get('/api/v1/system/certificate', asking(signal)),
  renewCertificate: () => api.post('/api/v1/system/certificate/renew', { body: {} }),

  network: (signal?: Signal) => api.get('/api/v1/system/network', asking(signal)),
  setNetwork: (settings: NetworkSettings) => api.put('/api/v1/system/network', { body: settings }),
  confirmNetwork: () => api.post('/api/v1/system/network/confirm', { body: {} }),

  updates: async (signal?: Signal) => updatesFrom(await api.get('/api/v1/updates', asking(signal))),
  checkForUpdate: () => api.post('/api/v1/updates/check', { body: {} }),
  installOffered: () => api.post('/api/v1/updates/install', { body: {} }),
  cancelUpdate: () => api.post('/api/v1/updates/cancel', { body: {} }),
  setUpdateSource: (url: string | null, automatic: boolean) =>
    api.put('/api/v1/updates/source', { body: { url, automatic } }),

  backups: (signal?: Signal) => api.get('/api/v1/backups', asking(signal)),
  makeBackup: (password: string | null) => api.post('/api/v1/backups', { body: { password } }),
  deleteBackup: (id: string) => api.delete('/api/v1/backups/{id}', { path: { id } }),
  restoreKept: (id: string, password: string | null) =>
    api.post('/api/v1/backups/{id}/restore', { path: { id }, body: { password } }),
};

/** The state of the updates as answers hold it, with the type of its problem. */
function updatesFrom(answer: Schemas['Status']): UpdatesView {
  return answer as unknown as UpdatesView;
}

/** Where the certificate authority is downloaded. */
export const CA_PATH = '/api/v1/system/certificate/authority.crt';

/** Where a backup is downloaded. */
export function backupPath(id: string): string {
  return `/api/v1/backups/${encodeURIComponent(id)}`;
}

/** Put a file's backup in the place of the present settings; throws a ProblemError. */
export function restoreBackup(file: File, password: string): Promise<unknown> {
  return sendFile('/api/v1/backups/restore', file, { headers: { 'X-Backup-Password': encodeURIComponent(password) } });
}
