/** Starts the page: clock, address, documents. */
import { render } from 'preact';
import { App } from './app.tsx';
import { followAddress } from './route.ts';
import { startClock } from './state/store.ts';
import { followNetwork, restart } from './state/stream.ts';
import { texts } from './texts.ts';

const place = document.getElementById('page');
if (place === null) throw new Error('index.html has no #page');
document.documentElement.lang = texts.language;
followAddress();
startClock();
followNetwork();
restart();
render(<App />, place);
