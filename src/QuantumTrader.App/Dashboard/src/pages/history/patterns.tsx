import { useMemo } from 'preact/hooks';
import { calendarDay, compact, dateAndTime, fixed, percent, plain, signed, weekday } from '../../look/format';
import { code, t } from '../../look/words';
import { Fact, Panel, Scroll, toneOf } from '../../parts/basics';
import type { Patterns } from './documents';

/** What is usual: over the day, over the week, and in volatility. */
export function PatternsView(props: { patterns: Patterns }) {
  const { daily, volume, volatility, regimes, performance } = props.patterns;
  const hours = useMemo(() => (daily?.hours ?? []).map(h => ({ label: String(h.hour).padStart(2, '0'), value: h.volume })), [daily]);
  const week = useMemo(() => (volume?.weekdays ?? []).map(d => ({ label: weekday(d.weekday), value: d.mean })), [volume]);
  const unrest = useMemo(() => (volatility?.days ?? []).map(d => ({ label: calendarDay(d.date), value: d.volatility })), [volatility]);
  const changes = [...(regimes?.changes ?? [])].sort((a, b) => (a.time < b.time ? 1 : -1)).slice(0, 100);
  return (
    <>
      <Panel title={t('history.daily')} class="third" note={<span>{t('history.of_days', { days: props.patterns.days })}</span>}>
        <Bars label={t('history.volume_by_hour')} values={hours} format={compact} />
        <dl class="facts">
          <Fact name={t('history.most_active')} value={hourText(daily?.most_active_hour)} />
          <Fact name={t('history.least_active')} value={hourText(daily?.least_active_hour)} />
          <Fact name={t('history.mean_volume')} value={compact(daily?.mean_daily_volume)} />
          <Fact name={t('history.mean_range')} value={plain(daily?.mean_daily_range)} />
        </dl>
      </Panel>
      <Panel title={t('history.volume')} class="third">
        <Bars label={t('history.volume_by_weekday')} values={week} format={compact} />
        <dl class="facts">
          <Fact name={t('history.slope')} value={typeof volume?.slope === 'number' ? `${plain(volume.slope)} ${t('history.per_day')}` : '–'} />
          {(volume?.anomalies ?? []).slice(-5).map(a => <Fact key={a.date} name={`${t('history.anomaly')} ${calendarDay(a.date)}`} value={`${compact(a.volume)} (z ${fixed(a.z, 1)})`} tone="warn" />)}
          {(volume?.anomalies ?? []).length === 0 ? <Fact name={t('history.anomalies')} value={t('history.no_anomalies')} /> : null}
        </dl>
      </Panel>
      <Panel title={t('history.volatility')} class="third">
        <Bars label={t('history.volatility_by_day')} values={unrest} format={v => percent(v, 2)} />
        <dl class="facts">
          <Fact name={t('history.current')} value={code('volatility', volatility?.current)} />
          <Fact name={t('history.trend')} value={code('trend', volatility?.trend)} />
        </dl>
        {unrest.length < 2 ? <p class="quiet">{t('history.second_day')}</p> : null}
      </Panel>
      <Panel title={t('history.regimes')} class="half">
        {changes.length === 0 ? <p class="quiet">{t('history.no_changes')}</p> : (
          <Scroll label={t('history.regimes')} class="tall">
            <table>
              <thead><tr><th scope="col" class="text">{t('market.time')}</th><th scope="col" class="text">{t('history.from')}</th><th scope="col" class="text">{t('history.to')}</th><th scope="col">{t('model.confidence')}</th></tr></thead>
              <tbody>{changes.map(c => <tr key={c.time}><td class="text quiet">{dateAndTime(c.time)}</td><td class="text">{code('regime', c.from)}</td><td class="text">{code('regime', c.to)}</td><td>{percent(c.confidence)}</td></tr>)}</tbody>
            </table>
          </Scroll>
        )}
      </Panel>
      <Panel title={t('history.performance')} class="half">
        {performance ? (
          <dl class="facts">
            <Fact name={t('trading.profit')} value={signed(performance.profit, 2)} tone={toneOf(performance.profit)} />
            <Fact name={t('history.return')} value={percent(performance.return, 2)} />
            <Fact name="Sharpe" value={signed(performance.sharpe, 2)} />
            <Fact name={t('trading.max_drawdown')} value={fixed(performance.drawdown, 2)} />
            <Fact name={t('history.win_rate')} value={percent(performance.win_rate, 1)} />
          </dl>
        ) : <p class="quiet">{t('history.no_fills')}</p>}
      </Panel>
    </>
  );
}

/** A few bars with a number each: a list to a screen reader, a picture to everyone else. */
function Bars(props: { label: string; values: readonly { label: string; value: number }[]; format: (value: number) => string }) {
  const most = Math.max(1e-12, ...props.values.map(v => v.value));
  return props.values.length === 0 ? <p class="quiet">{t('history.none_known')}</p> : (
    <ul class="columns-chart" aria-label={props.label}>
      {props.values.map(v => (
        <li key={v.label} title={`${v.label}: ${props.format(v.value)}`}>
          <i aria-hidden="true" style={{ '--share': Math.max(0, v.value / most) }} />
          <span>{v.label}</span>
          <span class="hidden">{props.format(v.value)}</span>
        </li>
      ))}
    </ul>
  );
}

function hourText(hour: number | null | undefined): string {
  return typeof hour === 'number' ? `${String(hour).padStart(2, '0')}:00–${String((hour + 1) % 24).padStart(2, '0')}:00` : '–';
}
