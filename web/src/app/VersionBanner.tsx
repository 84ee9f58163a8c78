import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { api } from '../api/client';
import { connection } from '../api/events';
import { Button } from '../ui/Button';
import { Notice } from '../ui/Notice';

/** The version this page was made by, and the one that answers now. */
const versions = signal<{ page: string; now: string } | undefined>(undefined);

/** Offers to load the page anew after an update that somebody else has started. */
export function VersionBanner() {
  const reachable = connection.value === 'open';
  useEffect(() => {
    if (reachable) void look().catch(() => undefined); // asked again at the next connection
  }, [reachable]);
  const known = versions.value;
  if (!known || known.now === known.page) return null;
  return (
    <div class="banner">
      <Notice tone="info">
        <p role="status">
          <strong>Gatehouse {known.now} runs now.</strong> This page is still that of {known.page}.
        </p>
        <div class="notice-actions">
          <Button icon="refresh" onClick={() => location.reload()}>
            Load the page again
          </Button>
        </div>
      </Notice>
    </div>
  );
}

async function look(): Promise<void> {
  const { version } = await api.get('/api/v1/health');
  versions.value = { page: versions.value?.page ?? version, now: version };
}
