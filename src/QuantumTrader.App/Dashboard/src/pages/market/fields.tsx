import type { MarketDocument } from '../../live/documents';
import { compact, fixed, integer, percent, signed, timeOfDay } from '../../look/format';
import { t } from '../../look/words';
import { arrow, Fact, toneOf } from '../../parts/basics';

/** Every number of the last five minutes, and what the models said in them. */
export function Fields(props: { market: MarketDocument; digits: number; sizes: number }) {
  const f = props.market.fields ?? {};
  const ml = props.market.ml;
  const price = (name: string) => fixed(f[name], props.digits);
  return (
    <>
      <dl class="facts columns">
        <Fact name={t('field.last_price')} value={price('last_price')} />
        <Fact name={t('field.volume_5min')} value={fixed(f['volume_5min'], props.sizes)} />
        <Fact name={t('field.trades_5min')} value={integer(f['trades_5min'])} />
        <Fact name={t('field.avg_trade_size')} value={fixed(f['avg_trade_size'], props.sizes + 2)} />
        <Fact name={t('field.price_change_5min')} value={`${arrow(f['price_change_5min'])} ${signed(f['price_change_5min'], props.digits)}`} tone={toneOf(f['price_change_5min'])} />
        <Fact name={t('field.price_change_5min_pct')} value={`${signed(f['price_change_5min_pct'], 3)} %`} tone={toneOf(f['price_change_5min_pct'])} />
        <Fact name={t('field.buy_sell_ratio')} value={fixed(f['buy_sell_ratio'], 2)} />
        <Fact name={t('field.open_5min')} value={price('open_5min')} />
        <Fact name={t('field.high_5min')} value={price('high_5min')} />
        <Fact name={t('field.low_5min')} value={price('low_5min')} />
        <Fact name={t('field.spread')} value={price('spread')} />
        <Fact name="VWAP" value={price('vwap')} />
        <Fact name="SMA 9" value={price('sma_9')} />
        <Fact name="SMA 20" value={price('sma_20')} />
        <Fact name="RSI 14" value={fixed(f['rsi_14'], 1)} />
        <Fact name={t('field.band_upper')} value={price('band_upper')} />
        <Fact name={t('field.band_middle')} value={price('band_middle')} />
        <Fact name={t('field.band_lower')} value={price('band_lower')} />
        <Fact name={t('field.volume_trend')} value={percent(f['volume_trend'], 1)} />
      </dl>
      <h3>{t('field.predictions')}</h3>
      {ml ? (
        <dl class="facts columns">
          <Fact name={t('field.last_prediction')} value={`${arrow(ml.last?.direction)} ${signed(ml.last?.direction, 3)}`} tone={toneOf(ml.last?.direction)} />
          <Fact name={t('model.confidence')} value={percent(ml.last?.confidence, 1)} />
          <Fact name={t('market.time')} value={timeOfDay(ml.last?.time)} />
          <Fact name={t('field.count_5min')} value={compact(ml.count_5min)} />
          <Fact name={t('field.mean_confidence')} value={percent(ml.mean_confidence, 1)} />
          <Fact name={t('field.bullish_share')} value={percent(ml.bullish_share)} />
          <Fact name={t('field.stability')} value={percent(ml.stability)} />
        </dl>
      ) : <p class="quiet">{t('empty.no_model')}</p>}
    </>
  );
}
