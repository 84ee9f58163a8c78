import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import type { Problem } from '../api/model';
import { Button } from './Button';

interface FieldProps {
  label: string;
  hint?: ComponentChildren;
  /** What is wrong with this input, if anything. */
  problem?: Problem | undefined;
}

interface FrameProps extends FieldProps {
  id: string;
  children: ComponentChildren;
}

function Frame({ id, label, hint, problem, children }: FrameProps) {
  return (
    <div class={problem ? 'field has-problem' : 'field'}>
      <label for={id}>{label}</label>
      {children}
      {problem && (
        <p class="field-problem" id={`${id}-problem`}>
          <strong>{problem.title}.</strong> {problem.remedy}
        </p>
      )}
      {hint && (
        <p class="field-hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
    </div>
  );
}

function described({ hint, problem }: FieldProps, id: string) {
  const ids = [problem && `${id}-problem`, hint && `${id}-hint`].filter(Boolean).join(' ');
  return { 'aria-describedby': ids || undefined, 'aria-invalid': problem ? true : undefined } as const;
}

interface TextFieldProps extends FieldProps {
  value: string;
  onValue: (value: string) => void;
  autocomplete?: 'username' | 'current-password' | 'new-password';
  required?: boolean;
  maxLength?: number;
  placeholder?: string;
  mono?: boolean;
  autofocus?: boolean;
  inputMode?: 'url' | 'text';
}

/** One line of text. */
export function TextField(props: TextFieldProps) {
  const id = useId();
  return (
    <Frame {...props} id={id}>
      <TextInput {...props} id={id} type="text" />
    </Frame>
  );
}

function TextInput(props: TextFieldProps & { id: string; type: 'text' | 'password' }) {
  const input = useRef<HTMLInputElement>(null);
  const { autofocus } = props;
  useEffect(() => {
    if (autofocus) input.current?.focus();
  }, [autofocus]);
  return (
    <input
      ref={input}
      id={props.id}
      type={props.type as 'text'} // the typings want one literal, either will do
      class={props.mono ? 'mono' : undefined}
      value={props.value}
      required={props.required}
      maxLength={props.maxLength}
      placeholder={props.placeholder}
      autocomplete={props.autocomplete ?? 'off'}
      autocapitalize="off"
      spellcheck={false}
      inputMode={props.inputMode}
      data-autofocus={props.autofocus || undefined}
      onInput={(event) => props.onValue(event.currentTarget.value)}
      {...described(props, props.id)}
    />
  );
}

/** A secret that the person may look at while typing; it never comes back from the recorder. */
export function PasswordField(props: TextFieldProps) {
  const id = useId();
  const [shown, setShown] = useState(false);
  return (
    <Frame {...props} id={id}>
      <div class="input-row">
        <TextInput {...props} id={id} type={shown ? 'text' : 'password'} />
        <Button
          kind="quiet"
          icon="eye"
          aria-label={`Show ${props.label.toLowerCase()}`}
          aria-pressed={shown}
          onClick={() => setShown(!shown)}
        />
      </div>
    </Frame>
  );
}

interface NumberFieldProps extends FieldProps {
  value: number;
  onValue: (value: number) => void;
  min: number;
  max: number;
  unit: string;
}

/** A whole number with its unit. */
export function NumberField(props: NumberFieldProps) {
  const id = useId();
  return (
    <Frame {...props} label={`${props.label} (${props.unit})`} id={id}>
      <input
        id={id}
        type="number"
        min={props.min}
        max={props.max}
        step={1}
        required
        value={Number.isNaN(props.value) ? '' : props.value}
        onInput={(event) => props.onValue(event.currentTarget.valueAsNumber)}
        {...described(props, id)}
      />
    </Frame>
  );
}

interface SelectFieldProps<T extends string> extends FieldProps {
  value: T;
  onValue: (value: T) => void;
  options: readonly (readonly [value: T, label: string])[];
}

/** One of a few. */
export function SelectField<T extends string>(props: SelectFieldProps<T>) {
  const id = useId();
  return (
    <Frame {...props} id={id}>
      <select
        id={id}
        value={props.value}
        onChange={(event) => props.onValue(event.currentTarget.value as T)}
        {...described(props, id)}
      >
        {props.options.map(([value, label]) => (
          <option key={value} value={value}>
            {label}
          </option>
        ))}
      </select>
    </Frame>
  );
}

interface CheckFieldProps extends FieldProps {
  checked: boolean;
  onChecked: (checked: boolean) => void;
}

/** Yes or no. */
export function CheckField(props: CheckFieldProps) {
  const id = useId();
  return (
    <div class="field check">
      <input
        id={id}
        type="checkbox"
        checked={props.checked}
        onChange={(event) => props.onChecked(event.currentTarget.checked)}
        {...described(props, id)}
      />
      <div>
        <label for={id}>{props.label}</label>
        {props.hint && (
          <p class="field-hint" id={`${id}-hint`}>
            {props.hint}
          </p>
        )}
      </div>
    </div>
  );
}
