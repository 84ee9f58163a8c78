import { useId, useRef, useState } from 'preact/hooks';
import { Button } from './Button';
import { Icon } from './Icon';

interface FileDropProps {
  /** What to drop here, "an update bundle". */
  what: string;
  /** Words on the button. */
  button: string;
  /** File name endings, as the file chooser takes them. */
  accept: string;
  onFile: (file: File) => void;
  disabled?: boolean;
}

/** A place to drop a file on, or to choose one by button. */
export function FileDrop({ what, button, accept, onFile, disabled = false }: FileDropProps) {
  const input = useRef<HTMLInputElement>(null);
  const [over, setOver] = useState(false);
  const id = useId();
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    const file = event.dataTransfer?.files[0];
    if (file && !disabled) onFile(file);
  };
  const hover = (event: DragEvent) => {
    event.preventDefault();
    setOver(!disabled);
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: dropping is a short cut; the button inside does the same
    <div class={over ? 'drop over' : 'drop'} onDragOver={hover} onDragLeave={() => setOver(false)} onDrop={drop}>
      <Icon name="upload" size={28} />
      <p id={id}>
        <span class="drop-hint">Drop {what} here, or choose it from this computer.</span>
        <span class="pick-hint">Choose {what} from this device.</span>
      </p>
      <input
        ref={input}
        type="file"
        class="visually-hidden"
        accept={accept}
        tabIndex={-1}
        aria-label={button}
        aria-hidden="true"
        onChange={(event) => {
          const file = event.currentTarget.files?.[0];
          event.currentTarget.value = ''; // so that the same file may be chosen again
          if (file) onFile(file);
        }}
      />
      <Button icon="upload" aria-describedby={id} disabled={disabled} onClick={() => input.current?.click()}>
        {button}
      </Button>
    </div>
  );
}
