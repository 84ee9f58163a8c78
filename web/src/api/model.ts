/** The API's words, under short names. */
import type { components } from './schema';

type Schemas = components['schemas'];

/** An error with cause and remedy (RFC 9457). */
export type Problem = Pick<Schemas['Problem'], 'code' | 'title' | 'status' | 'remedy'> & {
  readonly field?: string | null;
  readonly detail?: string | null;
};
export type Session = Schemas['Me'];
export type Role = Schemas['Role'];
/** As the API sends it; its problem is described there as any object. */
export type CameraState = Omit<Schemas['CameraState'], 'problem'> & { readonly problem: Problem | null };
export type CameraView = Omit<Schemas['CameraView'], 'state'> & { readonly state: CameraState };

/** A camera as answers hold it, with the type of its problem. */
export function cameraFrom(answer: Schemas['CameraView']): CameraView {
  return answer as unknown as CameraView;
}

export type Source = Schemas['Source'];
export type Transport = Schemas['Transport'];
export type ManualRecording = Schemas['ManualRecording'];
export type ProbeResult = Schemas['ProbeAnswer'];
export type VolumeView = Schemas['VolumeView'];
export type AuditEntry = Schemas['AuditEntry'];
export type TokenView = Schemas['TokenView'];
export type RevisionView = Schemas['RevisionView'];
export type Timeline = Schemas['TimelineView'];
export type FieldChange = Schemas['FieldChangeView'];
