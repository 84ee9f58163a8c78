import { render } from 'preact';
import './styles/tokens.css';
import './styles/base.css';
import { route, startRouter } from './app/router';
import { CameraPage } from './watch/CameraPage';
import { LivePage } from './watch/LivePage';

function App() {
  const at = route.value;
  return at.name === 'camera' ? <CameraPage id={at.id} /> : <LivePage />;
}

startRouter();
const place = document.getElementById('app');
if (place) render(<App />, place);
