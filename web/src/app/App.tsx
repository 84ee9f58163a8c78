import { CamerasPage } from '../pages/cameras/CamerasPage';
import { SetupPage } from '../pages/setup/SetupPage';
import { SignInPage } from '../pages/signin/SignInPage';
import { StoragePage } from '../pages/storage/StoragePage';
import { SystemPage } from '../pages/system/SystemPage';
import { EmptyState } from '../ui/EmptyState';
import { ProblemNotice } from '../ui/Notice';
import { Working } from '../ui/Progress';
import { CameraPage } from '../watch/CameraPage';
import { LivePage } from '../watch/LivePage';
import { Brand } from './Brand';
import { route } from './router';
import { Shell } from './Shell';
import { phase, startProblem } from './session';
import { Toasts } from './toasts';

export function App() {
  return (
    <>
      <Phase />
      <Toasts />
    </>
  );
}

function Phase() {
  switch (phase.value) {
    case 'starting':
      return <Starting />;
    case 'setup':
      return <SetupPage />;
    case 'sign-in':
      return <SignInPage />;
    case 'ready':
      return (
        <Shell>
          <Page />
        </Shell>
      );
  }
}

function Starting() {
  const problem = startProblem.value;
  return (
    <main class="door">
      <Brand />
      {problem ? (
        <ProblemNotice problem={problem}>
          <Working>Trying again</Working>
        </ProblemNotice>
      ) : (
        <Working>Reaching the recorder</Working>
      )}
    </main>
  );
}

function Page() {
  const at = route.value;
  switch (at.name) {
    case 'live':
      return <LivePage />;
    case 'camera':
      return <CameraPage key={at.id} id={at.id} />;
    case 'cameras':
      return <CamerasPage />;
    case 'storage':
      return <StoragePage />;
    case 'system':
      return <SystemPage tab={at.tab} />;
    case 'unknown':
      return (
        <EmptyState icon="info" title="There is no such page">
          <p>
            The address may be mistyped. <a href="#/">Go to the live view</a>.
          </p>
        </EmptyState>
      );
  }
}
