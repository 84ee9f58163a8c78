import { appliance } from '../../../api/appliance';
import { useLoaded } from '../../../ui/useLoaded';

/** What of this appliance can be reached from the network. */
export function PortsCard() {
  const { value } = useLoaded((signal) => appliance.system(signal));
  const isImage = value?.slot != null;
  return (
    <section class="card" aria-labelledby="ports-title">
      <h2 id="ports-title">Open to the network</h2>
      <dl class="ports">
        <Port number={location.port || '443'} kind="TCP" what="This page and the API, over HTTPS only" />
        {isImage && <Port number="5353" kind="UDP" what="Its name on the local network (mDNS)" />}
      </dl>
      <p class="muted small">
        {isImage
          ? 'The firewall drops everything else that comes in. There is no SSH, and nothing with a password of the factory.'
          : 'This runs from a source tree: what else is open is up to the machine below it.'}
      </p>
    </section>
  );
}

function Port({ number, kind, what }: { number: string; kind: string; what: string }) {
  return (
    <div>
      <dt>
        <code>{number}</code> <span class="muted small">{kind}</span>
      </dt>
      <dd>{what}</dd>
    </div>
  );
}
