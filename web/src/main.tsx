import { render } from 'preact';
import './styles/tokens.css';
import './styles/base.css';
import './styles/components.css';
import './styles/shell.css';
import './styles/pages.css';
import './styles/system.css';
import { App } from './app/App';
import { startRouter } from './app/router';
import { startSession } from './app/session';
import { startTheme } from './app/theme';

startTheme();
startRouter();
void startSession();
const place = document.getElementById('app');
if (place) render(<App />, place);
