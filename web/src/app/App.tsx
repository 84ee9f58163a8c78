import type { ComponentChildren } from 'preact';
import { useErrorBoundary } from 'preact/hooks';
import { toProblem } from '../api/problem';
import { CamerasPage } from '../pages/cameras/CamerasPage';
import { SetupPage } from '../pages/setup/SetupPage';
import { SignInPage } from '../pages/signin/SignInPage';
import { StoragePage } from '../pages/storage/StoragePage';
import { SystemPage } from '../pages/system/SystemPage';
import { Button } from '../ui/Button';
import { EmptyState } from '../ui/EmptyState';
import { ProblemNotice } from '../ui/Notice';
import { Working } from '../ui/Progress';
import { CameraPage } from '../watch/CameraPage';
import { LivePage } from '../watch/LivePage';
import { Brand } from './Brand';
import { RestartScreen } from './restart/RestartScreen';
import { restarting } from './restart/restart';
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
  if (restarting.value) return <RestartScreen restart={restarting.value} />;
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
          <Guarded key={route.value.name}>
            <Page />
          </Guarded>
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

/** Keeps a fault in one page from leaving the screen empty: the shell stays, and another page may be opened. */
function Guarded({ children }: { children: ComponentChildren }) {
  const [error, again] = useErrorBoundary();
  if (error === undefined) return <>{children}</>;
  return (
    <div class="page">
      <ProblemNotice problem={toProblem(error)}>
        <div class="button-row">
          <Button onClick={again}>Try again</Button>
          <Button onClick={() => location.reload()}>Reload the page</Button>
        </div>
      </ProblemNotice>
    </div>
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
