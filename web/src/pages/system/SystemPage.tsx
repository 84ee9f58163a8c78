import { may } from '../../app/session';
import { EmptyState } from '../../ui/EmptyState';
import { Tabs } from '../../ui/Tabs';
import { AuditTab } from './AuditTab';
import { RevisionsTab } from './RevisionsTab';
import { TokensTab } from './TokensTab';
import { UnitsTab } from './UnitsTab';

const FOR_ALL = [['#/system/units', 'Units']] as const;
const FOR_ADMINISTRATORS = [
  ['#/system/audit', 'Audit log'],
  ['#/system/tokens', 'API tokens'],
  ['#/system/settings', 'Settings history'],
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

function Part({ tab }: { tab: string }) {
  switch (tab) {
    case 'audit':
      return <AuditTab />;
    case 'tokens':
      return <TokensTab />;
    case 'settings':
      return <RevisionsTab />;
    default:
      return <UnitsTab />;
  }
}

function NotHere() {
  return (
    <EmptyState icon="info" title="Nothing to see here">
      <p class="muted">This part does not exist, or is for administrators.</p>
    </EmptyState>
  );
}
