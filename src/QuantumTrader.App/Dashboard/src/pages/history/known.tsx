import { useMemo } from 'preact/hooks';
import type { Candle } from '../../live/documents';
import { dateAndTime, percent, plain, signed, timeOfDay } from '../../look/format';
import { code, t } from '../../look/words';
import { arrow, Fact, Panel, Scroll, toneOf } from '../../parts/basics';
import { Candles } from '../../parts/candles';
import { Ladder } from '../market/ladder';
import type { KnownAt } from './documents';

/** Market, features and decision as they were known at a moment. */
export function Known(props: { at: KnownAt }) {
  const { known, time } = props.at;
  const candles = useMemo(() => (known.candles ?? []).map(c => [c.time, c] as const satisfies readonly [string, Candle]).slice(-120), [known.candles]);
  const trades = [...(known.trades ?? [])].slice(-30).reverse();
  const digits = Math.min(4, Math.max(0, ...trades.slice(0, 10).map(x => (String(x.price).split('.')[1] ?? '').length)));
  return (
    <>
      <Panel title={t('history.candles')} class="history-chart" note={<time data-test="known-at">{dateAndTime(time)}</time>}>
        {candles.length === 0 ? <p class="quiet">{t('market.no_candles')}</p> : <Candles candles={candles} height={240} label={t('history.candles')} />}
      </Panel>
      <Panel title={t('history.decision')} class="history-decision">
        <dl class="facts">
          <Fact name={t('history.last_trade')} value={known.last_trade ? `${plain(known.last_trade.price)} × ${plain(known.last_trade.quantity)}` : '–'} />
          <Fact name={t('market.time')} value={timeOfDay(known.last_trade?.time, true)} />
        </dl>
        <h3>{t('field.last_prediction')}</h3>
        {known.prediction ? (
          <dl class="facts">
            <Fact name={t('model.direction')} value={`${arrow(known.prediction.direction)} ${signed(known.prediction.direction, 3)}`} tone={toneOf(known.prediction.direction)} />
            <Fact name={t('model.confidence')} value={percent(known.prediction.confidence, 1)} />
            <Fact name={t('market.time')} value={timeOfDay(known.prediction.time, true)} />
          </dl>
        ) : <p class="quiet">{t('history.none_known')}</p>}
        <h3>{t('history.signal')}</h3>
        {known.signal ? (
          <dl class="facts">
            <Fact name={t('market.side')} value={`${arrow(known.signal.side === 'buy' ? 1 : -1)} ${code('side', known.signal.side)}`} tone={known.signal.side === 'buy' ? 'good' : 'bad'} />
            <Fact name={t('market.price')} value={plain(known.signal.price)} />
            <Fact name={t('market.time')} value={timeOfDay(known.signal.time, true)} />
          </dl>
        ) : <p class="quiet">{t('history.none_known')}</p>}
      </Panel>
      <Panel title={t('market.ladder')} class="history-book"><Ladder book={known.book} digits={digits} sizes={0} /></Panel>
      <Panel title={t('history.trades')} class="history-trades">
        {trades.length === 0 ? <p class="quiet">{t('market.no_trades')}</p> : (
          <Scroll label={t('history.trades')} class="tall">
            <table>
              <thead><tr><th scope="col" class="text">{t('market.time')}</th><th scope="col">{t('market.price')}</th><th scope="col">{t('market.quantity')}</th><th scope="col" class="text">{t('market.side')}</th></tr></thead>
              <tbody>{trades.map((x, i) => <tr key={i}><td class="text quiet">{timeOfDay(x.time, true)}</td><td>{plain(x.price)}</td><td>{plain(x.quantity)}</td><td class={`text ${x.side === 'buy' ? 'good' : x.side === 'sell' ? 'bad' : 'quiet'}`}>{x.side === 'buy' ? '▲' : x.side === 'sell' ? '▼' : ''} {code('side', x.side)}</td></tr>)}</tbody>
            </table>
          </Scroll>
        )}
      </Panel>
      <Panel title={t('model.features')} class="history-features">
        {Object.keys(known.features ?? {}).length === 0 ? <p class="quiet">{t('history.none_known')}</p> : (
          <Scroll label={t('model.features')} class="tall">
            <table>
              <thead><tr><th scope="col" class="text">{t('model.feature')}</th><th scope="col">{t('model.value')}</th><th scope="col" class="text">{t('model.warm')}</th></tr></thead>
              {Object.entries(known.features ?? {}).map(([block, features]) => (
                <tbody key={block}>
                  <tr class="group"><th scope="rowgroup" colSpan={3} class="text">{block}</th></tr>
                  {Object.entries(features).slice(0, 200).map(([name, f]) => <tr key={name}><th scope="row" class="text">{name}</th><td>{plain(f.value)}</td><td class="text">{f.warm === false ? `○ ${t('word.cold')}` : `● ${t('word.warm')}`}</td></tr>)}
                </tbody>
              ))}
            </table>
          </Scroll>
        )}
      </Panel>
    </>
  );
}
