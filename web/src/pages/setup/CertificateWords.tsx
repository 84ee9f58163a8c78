import { appliance } from '../../api/appliance';
import { useLoaded } from '../../ui/useLoaded';

/** Why the browser warned, and how to be sure that this is the recorder before a password is typed. */
export function CertificateWords() {
  return (
    <details class="more-settings">
      <summary>Did the browser warn you?</summary>
      <div class="door-words">
        <p>
          That is to be expected: the recorder has made its certificate itself, and your browser does not know its
          authority yet. The connection is encrypted all the same.
        </p>
        <p>
          To be sure that nobody stands in between, compare fingerprints: click the warning beside the address, show the
          certificate, and compare its <strong>SHA-256 fingerprint</strong> with the one on the recorder’s console or
          label. They must be the same, sign for sign; if not, do not go on.
        </p>
        <Fingerprint />
        <p class="muted small">
          After setting up, <em>System → Service</em> has the authority to download; a computer that trusts it warns no
          more.
        </p>
      </div>
    </details>
  );
}

/** What the recorder says of itself: to be compared too, but never instead of what the browser shows. */
function Fingerprint() {
  const { value } = useLoaded((signal) => appliance.certificate(signal));
  if (!value) return null;
  return (
    <div>
      <p class="muted small">The recorder says that it is:</p>
      <code class="fingerprint">{value.fingerprint}</code>
    </div>
  );
}
