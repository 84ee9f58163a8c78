import type { Problem, Transport } from '../../api/model';
import { CheckField, NumberField, PasswordField, SelectField, TextField } from '../../ui/Field';
import { about } from '../../ui/useTask';
import { type Draft, isRtsp, isTls, withoutCredentials } from './draft';

/** The inputs that show a problem themselves, as the API names them. */
export const FIELDS: readonly string[] = [
  'name',
  'source.url',
  'source.username',
  'source.password',
  'recording.manual.prebuffer_s',
  'recording.manual.postbuffer_s',
  'recording.manual.max_duration_s',
];

interface PartProps {
  draft: Draft;
  onDraft: (draft: Draft) => void;
  problem: Problem | undefined;
}

/** Where the stream comes from and who may have it. */
export function SourceFields({ draft, onDraft, problem, hasPassword }: PartProps & { hasPassword: boolean }) {
  const set = (change: Partial<Draft>) => onDraft({ ...draft, ...change });
  return (
    <>
      <TextField
        label="Address"
        hint="rtsp:// or rtsps://, http(s):// for M-JPEG, or file:NAME.mkv for a prerecorded video."
        placeholder="rtsp://192.168.1.20/stream1"
        value={draft.url}
        onValue={(url) => onDraft(withoutCredentials({ ...draft, url }))}
        problem={about(problem, 'source.url', 'source')}
        required
        autofocus
        maxLength={2000}
        inputMode="url"
        mono
      />
      <div class="form-columns">
        <TextField
          label="User name"
          value={draft.username}
          onValue={(username) => set({ username })}
          problem={about(problem, 'source.username')}
          maxLength={200}
        />
        <PasswordField
          label="Password"
          hint={
            hasPassword
              ? 'One is stored. Leave this empty to keep it.'
              : 'Stored on the recorder, and never shown again.'
          }
          value={draft.password}
          onValue={(password) => set({ password })}
          problem={about(problem, 'source.password')}
          autocomplete="new-password"
          maxLength={200}
        />
      </div>
      <ConnectionFields draft={draft} onDraft={onDraft} problem={problem} />
    </>
  );
}

const TRANSPORTS: readonly (readonly [Transport, string])[] = [
  ['auto', 'Automatic (TCP first)'],
  ['tcp', 'TCP'],
  ['udp', 'UDP'],
];

function ConnectionFields({ draft, onDraft }: PartProps) {
  return (
    <>
      {isRtsp(draft.url) && (
        <SelectField
          label="Transport"
          value={draft.transport}
          options={TRANSPORTS}
          onValue={(transport) => onDraft({ ...draft, transport })}
        />
      )}
      {isTls(draft.url) && (
        <CheckField
          label="Verify the camera's certificate"
          hint="Switch this off for a camera whose certificate no authority has signed: the stream stays encrypted, but another device could pose as the camera."
          checked={draft.verifyTls}
          onChecked={(verifyTls) => onDraft({ ...draft, verifyTls })}
        />
      )}
    </>
  );
}

/** What is recorded of it. */
export function RecordingFields({ draft, onDraft, problem }: PartProps) {
  const setManual = (change: Partial<Draft['manual']>) => onDraft({ ...draft, manual: { ...draft.manual, ...change } });
  return (
    <>
      <CheckField
        label="Record continuously"
        hint="Without it, only manual recordings are kept."
        checked={draft.continuous}
        onChecked={(continuous) => onDraft({ ...draft, continuous })}
      />
      <fieldset class="fieldset">
        <legend>Manual recording (REC)</legend>
        <div class="form-columns">
          <NumberField
            label="Start before"
            unit="s"
            min={0}
            max={60}
            value={draft.manual.prebuffer_s}
            onValue={(prebuffer_s) => setManual({ prebuffer_s })}
            problem={about(problem, 'recording.manual.prebuffer_s')}
          />
          <NumberField
            label="Go on after"
            unit="s"
            min={0}
            max={3600}
            value={draft.manual.postbuffer_s}
            onValue={(postbuffer_s) => setManual({ postbuffer_s })}
            problem={about(problem, 'recording.manual.postbuffer_s')}
          />
          <NumberField
            label="Stop by itself after"
            unit="s"
            hint="0 means never."
            min={0}
            max={86_400}
            value={draft.manual.max_duration_s}
            onValue={(max_duration_s) => setManual({ max_duration_s })}
            problem={about(problem, 'recording.manual.max_duration_s')}
          />
        </div>
      </fieldset>
    </>
  );
}
