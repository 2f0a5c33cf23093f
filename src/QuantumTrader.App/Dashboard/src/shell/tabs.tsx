import { language, theme, zone, type Language, type Theme, type Zone } from '../look/preferences';
import { t } from '../look/words';
import { linkTo, titleOf, type Page } from '../route';

/** The six pages, and how they look. */
export function Tabs(props: { page: Page; pages: readonly Page[] }) {
  return (
    <div class="bar-top">
      <span class="brand"><b>Quantum</b>Trader</span>
      <nav aria-label={t('shell.pages')}>
        <ul>
          {props.pages.map(page => <li key={page}><a href={linkTo(page)} aria-current={page === props.page ? 'page' : undefined}>{titleOf(page)}</a></li>)}
        </ul>
      </nav>
      <div class="choices">
        <label><span class="hidden">{t('shell.zone')}</span>
          <select value={zone.value} title={t('shell.zone')} name="zone" onChange={event => (zone.value = event.currentTarget.value as Zone)}>
            <option value="exchange">{t('shell.zone.exchange')}</option>
            <option value="utc">UTC</option>
            <option value="local">{t('shell.zone.local')}</option>
          </select>
        </label>
        <label><span class="hidden">{t('shell.theme')}</span>
          <select value={theme.value} title={t('shell.theme')} name="theme" onChange={event => (theme.value = event.currentTarget.value as Theme)}>
            <option value="auto">{t('shell.theme.auto')}</option>
            <option value="light">{t('shell.theme.light')}</option>
            <option value="dark">{t('shell.theme.dark')}</option>
          </select>
        </label>
        <label><span class="hidden">{t('shell.language')}</span>
          <select value={language.value} title={t('shell.language')} name="language" onChange={event => (language.value = event.currentTarget.value as Language)}>
            <option value="en" lang="en">English</option>
            <option value="pt" lang="pt-BR">Português</option>
          </select>
        </label>
      </div>
    </div>
  );
}
