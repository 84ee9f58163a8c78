import { useState } from 'preact/hooks';
import { appliance, CA_PATH, type CertificateView } from '../../../api/appliance';
import { toast } from '../../../app/toasts';
import { Badge } from '../../../ui/Badge';
import { Button } from '../../../ui/Button';
import { Dialog } from '../../../ui/Dialog';
import { dateTime } from '../../../ui/format';
import { Icon } from '../../../ui/Icon';
import { ProblemNotice } from '../../../ui/Notice';
import { Working } from '../../../ui/Progress';
import { useLoaded } from '../../../ui/useLoaded';
import { useTask } from '../../../ui/useTask';
import { expiry } from './expiry';

/** The certificate browsers see, how to make them trust it, and how to get a new one. */
export function CertificateCard() {
  const { value, problem, reload } = useLoaded((signal) => appliance.certificate(signal));
  const [renewing, setRenewing] = useState(false);
  return (
    <section class="card" aria-labelledby="certificate-title">
      <h2 id="certificate-title">Certificate</h2>
      {problem && <ProblemNotice problem={problem} />}
      {!value && !problem && <Working>Asking for the certificate</Working>}
      {value && <Facts certificate={value} />}
      <p class="muted small">
        The recorder signs its certificate itself, so browsers warn until they know its authority. Download the
        authority and add it to the browser or the computer: then the warning goes, and stays away when the certificate
        is renewed.
      </p>
      <div class="button-row">
        <a class="button plain" href={CA_PATH} download="gatehouse-ca.crt">
          <Icon name="download" size={18} /> Download the authority
        </a>
        <Button icon="refresh" onClick={() => setRenewing(true)}>
          Renew now
        </Button>
      </div>
      {renewing && <RenewDialog onRenewed={reload} onClose={() => setRenewing(false)} />}
    </section>
  );
}

function Facts({ certificate }: { certificate: CertificateView }) {
  const { label, tone } = expiry(certificate.not_after, Date.now());
  return (
    <dl class="facts-list">
      <div>
        <dt>Fingerprint (SHA-256)</dt>
        <dd>
          <code class="fingerprint">{certificate.fingerprint}</code>
          <p class="muted small">The same as the browser shows for this page, and as the console and the label say.</p>
        </dd>
      </div>
      <div>
        <dt>Valid until</dt>
        <dd>
          {dateTime(certificate.not_after)} <Badge tone={tone}>{label}</Badge>
        </dd>
      </div>
      {certificate.names.length > 0 && (
        <div>
          <dt>For</dt>
          <dd>{certificate.names.join(', ')}</dd>
        </div>
      )}
    </dl>
  );
}

function RenewDialog({ onRenewed, onClose }: { onRenewed: () => void; onClose: () => void }) {
  const { busy, problem, run } = useTask();
  const renew = async () => {
    const done = await run(async () => void (await appliance.renewCertificate()));
    if (!done) return;
    onRenewed();
    onClose();
    toast('The certificate is renewed');
  };
  return (
    <Dialog title="Renew the certificate?" onClose={onClose}>
      <p>
        It is renewed by itself thirty days before its end; renewing now is for a key that others may know. Browsers
        that trust the authority notice nothing; others warn again, and the fingerprint is another one.
      </p>
      {problem && <ProblemNotice problem={problem} />}
      <div class="button-row end">
        <Button onClick={onClose} data-autofocus>
          Cancel
        </Button>
        <Button kind="primary" icon="refresh" busy={busy} onClick={() => void renew()}>
          Renew
        </Button>
      </div>
    </Dialog>
  );
}
