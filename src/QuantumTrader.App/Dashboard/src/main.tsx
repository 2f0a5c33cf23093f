import { render } from 'preact';
import './styles/font.css';
import './styles/tokens.css';
import './styles/base.css';
import './styles/parts.css';
import './styles/pages.css';
import 'uplot/dist/uPlot.min.css';
import { App } from './app';

render(<App />, document.getElementById('app')!);
