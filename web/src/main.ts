import { CallEngine } from './call/engine.ts';
import { browserEnvironment } from './call/environment.ts';
import { inspection } from './inspect.ts';
import { mountApp } from './ui/app.ts';

const call = new CallEngine(browserEnvironment());
Object.defineProperty(window, 'parley', { value: inspection(call) });
mountApp(document.getElementById('app')!, call);
