/** Why the browser warned, and how to be sure that this is the recorder before a password is typed. */
export function CertificateWords() {
  return (
    <details class="more-settings">
      <summary>The browser warned about the certificate?</summary>
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
        <p class="muted small">
          After setting up, <em>System → Service</em> has the authority to download; a computer that trusts it warns no
          more.
        </p>
      </div>
    </details>
  );
}
