import { may } from '../../app/session';
import { EmptyState } from '../../ui/EmptyState';
import { Tabs } from '../../ui/Tabs';
import { AuditTab } from './AuditTab';
import { BackupsTab } from './backups/BackupsTab';
import { NetworkTab } from './network/NetworkTab';
import { OverviewTab } from './overview/OverviewTab';
import { RevisionsTab } from './RevisionsTab';
import { ServiceTab } from './service/ServiceTab';
import { SupportTab } from './support/SupportTab';
import { TokensTab } from './TokensTab';
import { UpdatesTab } from './updates/UpdatesTab';

const FOR_ALL = [['#/system/overview', 'Overview']] as const;
const FOR_ADMINISTRATORS = [
  ['#/system/updates', 'Updates'],
  ['#/system/network', 'Network'],
  ['#/system/service', 'Service'],
  ['#/system/backups', 'Backups'],
  ['#/system/audit', 'Audit log'],
  ['#/system/tokens', 'API tokens'],
  ['#/system/settings', 'Settings history'],
  ['#/system/support', 'Support'],
] as const;

export function SystemPage({ tab }: { tab: string }) {
  const tabs = may('administrator') ? [...FOR_ALL, ...FOR_ADMINISTRATORS] : FOR_ALL;
  const current = `#/system/${tab}`;
  return (
    <div class="page">
      <header class="page-head">
        <h1>System</h1>
      </header>
      <Tabs label="Parts of the system page" tabs={tabs} current={current} />
      {tabs.some(([href]) => href === current) ? <Part tab={tab} /> : <NotHere />}
    </div>
  );
}

const PARTS: Record<string, () => preact.JSX.Element> = {
  updates: UpdatesTab,
  network: NetworkTab,
  service: ServiceTab,
  backups: BackupsTab,
  audit: AuditTab,
  tokens: TokensTab,
  settings: RevisionsTab,
  support: SupportTab,
};

function Part({ tab }: { tab: string }) {
  const Shown = PARTS[tab] ?? OverviewTab;
  return <Shown key={tab} />;
}

function NotHere() {
  return (
    <EmptyState icon="info" title="Nothing to see here">
      <p class="muted">This part does not exist, or is for administrators.</p>
    </EmptyState>
  );
}
