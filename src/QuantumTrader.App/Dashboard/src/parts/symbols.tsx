import { t } from '../look/words';
import { linkTo, type Page } from '../route';

/** The pipeline's symbols, where there is more than one to choose from. */
export function Symbols(props: { page: Page; symbol: string; symbols: readonly string[] }) {
  return props.symbols.length < 2 ? null : (
    <nav class="symbols" aria-label={t('shell.symbols')}>
      {props.symbols.map(s => <a key={s} href={linkTo(props.page, s)} aria-current={s === props.symbol ? 'true' : undefined}>{s}</a>)}
    </nav>
  );
}
