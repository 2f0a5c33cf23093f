import { useMemo } from 'preact/hooks';
import type { Limit, TradingDocument } from '../../live/documents';
import { dateAndTime, fixed, integer, percent, plain, signed, timeOfDay } from '../../look/format';
import { code, t } from '../../look/words';
import { arrow, Badge, Bar, Fact, Panel, Scroll, toneOf, type Tone } from '../../parts/basics';
import { Chart, type Columns } from '../../parts/chart';
import { ChangeButton } from '../../parts/confirmation';
import { newest } from '../market/tape';

/** Whether money is safe: what is held, what is allowed, and the switch that stops all of it. */
export function TradingPage(props: { trading: TradingDocument }) {
  const { trading } = props;
  const equity = useMemo(() => equityOf(trading.equity), [trading.equity]);
  const orders = newest(trading.orders, 50);
  const fills = newest(trading.fills, 50);
  return (
    <div class="page trading">
      <KillSwitch trading={trading} />
      <Panel title={t('trading.equity')} class="equity" note={<span>{t('trading.after_fees')}</span>}>
        <dl class="facts headline-facts">
          <Fact name={t('trading.profit')} value={`${arrow(trading.profit)} ${signed(trading.profit, 2)}`} tone={toneOf(trading.profit)} />
          <Fact name={t('trading.max_drawdown')} value={fixed(trading.max_drawdown, 2)} />
          <Fact name={t('trading.max_exposure')} value={fixed(trading.max_exposure, 2)} />
        </dl>
        {equity[0].length < 2 ? <p class="quiet">{t('trading.no_equity')}</p> : <Chart label={t('trading.equity_chart', { profit: signed(trading.profit, 2) })} columns={equity} height={180} series={[{ label: t('trading.profit'), colour: '--accent', kind: 'area' }]} />}
      </Panel>
      <Panel title={t('trading.limits')} class="limits">
        <ul class="limit-list">{Object.entries(trading.limits ?? {}).map(([name, limit]) => <LimitRow key={name} name={name} limit={limit} />)}</ul>
        {trading.refusals && Object.keys(trading.refusals).length > 0 ? (
          <>
            <h3>{t('trading.refusals')}</h3>
            <dl class="facts">{Object.entries(trading.refusals).map(([reason, count]) => <Fact key={reason} name={reason} value={integer(count)} />)}</dl>
          </>
        ) : null}
      </Panel>
      <Panel title={t('trading.positions')} class="wide">
        <Scroll label={t('trading.positions')}>
          <table>
            <thead><tr><th scope="col">{t('trading.symbol')}</th><th scope="col">{t('market.quantity')}</th><th scope="col">{t('trading.average_price')}</th><th scope="col">{t('trading.last_price')}</th><th scope="col">{t('trading.realised')}</th><th scope="col">{t('trading.unrealised')}</th><th scope="col">{t('trading.fees')}</th><th scope="col">{t('trading.profit')}</th><th scope="col">{t('trading.exposure')}</th></tr></thead>
            <tbody>
              {Object.entries(trading.positions ?? {}).map(([symbol, p]) => (
                <tr key={symbol}>
                  <th scope="row">{symbol}</th>
                  <td>{p.quantity > 0 ? `▲ ${t('trading.long')} ` : p.quantity < 0 ? `▼ ${t('trading.short')} ` : ''}{p.quantity === 0 ? t('trading.flat') : plain(Math.abs(p.quantity))}</td>
                  <td>{plain(p.average_price || null)}</td><td>{plain(p.last_price)}</td>
                  <td>{signed(p.realised, 2)}</td><td>{signed(p.unrealised, 2)}</td><td>{fixed(p.fees, 2)}</td>
                  <td class={toneOf(p.profit)}>{signed(p.profit, 2)}</td><td>{fixed(p.exposure, 2)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
      </Panel>
      <Panel title={t('trading.orders')} class="orders">
        {orders.length === 0 ? <p class="quiet">{t('trading.no_orders')}</p> : (
          <Scroll label={t('trading.orders')} class="tall">
            <table>
              <thead><tr><th scope="col" class="text">{t('market.time')}</th><th scope="col" class="text">{t('trading.order')}</th><th scope="col" class="text">{t('trading.symbol')}</th><th scope="col" class="text">{t('market.side')}</th><th scope="col">{t('market.quantity')}</th><th scope="col">{t('trading.filled')}</th><th scope="col" class="text">{t('trading.state')}</th></tr></thead>
              <tbody>
                {orders.map(([id, o]) => (
                  <tr key={id}><td class="text quiet">{timeOfDay(o.time)}</td><td class="text">{id} <span class="quiet">{o.type}</span></td><td class="text">{o.symbol}</td><td class={`text ${sideTone(o.side)}`}>{sideText(o.side)}</td><td>{plain(o.quantity)}</td><td>{plain(o.filled)}{o.average_price ? ` @ ${plain(o.average_price)}` : ''}</td><td class="text">{code('order', o.state)} <span class="quiet">{o.reason}</span></td></tr>
                ))}
              </tbody>
            </table>
          </Scroll>
        )}
      </Panel>
      <Panel title={t('trading.fills')} class="fills">
        {fills.length === 0 ? <p class="quiet">{t('trading.no_fills')}</p> : (
          <Scroll label={t('trading.fills')} class="tall">
            <table>
              <thead><tr><th scope="col" class="text">{t('market.time')}</th><th scope="col" class="text">{t('trading.symbol')}</th><th scope="col" class="text">{t('market.side')}</th><th scope="col">{t('market.quantity')}</th><th scope="col">{t('market.price')}</th><th scope="col">{t('trading.fees')}</th></tr></thead>
              <tbody>
                {fills.map(([sequence, f]) => (
                  <tr key={sequence}><td class="text quiet">{timeOfDay(f.time)}</td><td class="text">{f.symbol}</td><td class={`text ${sideTone(f.side)}`}>{sideText(f.side)}</td><td>{plain(f.quantity)}</td><td>{plain(f.price)}</td><td>{fixed(f.fee, 2)}</td></tr>
                ))}
              </tbody>
            </table>
          </Scroll>
        )}
      </Panel>
    </div>
  );
}

function KillSwitch(props: { trading: TradingDocument }) {
  const { kill, orders_live: isLive } = props.trading;
  const isEngaged = kill?.engaged ?? false;
  return (
    <section class={`kill wide ${isEngaged ? 'engaged' : ''}`} aria-label={t('trading.kill')}>
      <Badge tone={isLive ? 'warn' : 'quiet'}>{t(isLive ? 'trading.live' : 'trading.paper')}</Badge>
      <span class="kill-state" role="status" data-test="kill">
        <b>{isEngaged ? `■ ${t('trading.stopped')}` : `▶ ${t('trading.allowed')}`}</b>
        {isEngaged ? <span> {kill?.reason} <span class="quiet">{kill?.since ? dateAndTime(kill.since) : ''} {kill?.actor ?? ''}</span></span> : <span class="quiet"> {t('trading.kill_note')}</span>}
      </span>
      {isEngaged
        ? <ChangeButton data-verb="resume" change={{ sentence: t('trading.confirm_resume'), verb: t('trading.resume'), path: 'api/trading/resume', body: {} }}>{t('trading.resume')}</ChangeButton>
        : <ChangeButton class="danger solid" data-verb="kill" change={{ sentence: t('trading.confirm_kill'), verb: t('trading.kill_now'), path: 'api/trading/kill', body: {}, isDangerous: true }}>{t('trading.kill_now')}</ChangeButton>}
    </section>
  );
}

function LimitRow(props: { name: string; limit: Limit }) {
  const { used, limit } = props.limit;
  const share = typeof used === 'number' && typeof limit === 'number' && limit > 0 ? Math.abs(used) / limit : null;
  const tone: Tone = share === null ? '' : share > 1 ? 'bad' : share >= 0.75 ? 'warn' : '';
  return (
    <li>
      <span class="name">{props.name.split('.')[0]!.replaceAll('_', ' ')} {props.limit.scope ? <span class="quiet">{props.limit.scope}</span> : null}</span>
      <Bar share={share} tone={tone} />
      <span class={tone}>{plain(used)} / {plain(limit)} <span class="quiet">{code('unit', props.limit.unit)} · {percent(share)}</span></span>
    </li>
  );
}

function sideText(side: string | null | undefined): string {
  return `${side === 'buy' ? '▲' : side === 'sell' ? '▼' : ''} ${code('side', side)}`;
}

function sideTone(side: string | null | undefined): Tone {
  return side === 'buy' ? 'good' : side === 'sell' ? 'bad' : '';
}

function equityOf(equity: TradingDocument['equity']): Columns {
  const points = Object.entries(equity ?? {}).map(([time, profit]) => [Date.parse(time) / 1000, profit] as const).sort(([a], [b]) => a - b);
  return [points.map(p => p[0]), points.map(p => p[1])];
}
