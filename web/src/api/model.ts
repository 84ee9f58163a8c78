/** The API's words, under short names. */
import type { components } from './schema';

type Schemas = components['schemas'];

export type Problem = Schemas['Problem'];
export type Session = Schemas['Session'];
export type CameraView = Schemas['CameraView'];
export type CameraState = Schemas['CameraState'];
export type Timeline = Schemas['Timeline'];
