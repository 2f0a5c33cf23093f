import { useMemo } from 'preact/hooks';
import type uPlot from 'uplot';
import type { Candle } from '../live/documents';
import { t } from '../look/words';
import { Chart, type Columns } from './chart';

/** Candles with their volume. A rising candle is hollow, a falling one filled: colour only repeats it. */
export function Candles(props: { candles: readonly (readonly [time: string, candle: Candle])[]; height: number; label: string; sync?: string }) {
  const columns = useMemo<Columns>(() => {
    const of = (value: (candle: Candle) => number) => props.candles.map(([, c]) => value(c));
    return [props.candles.map(([time]) => Date.parse(time) / 1000), of(c => c.open), of(c => c.high), of(c => c.low), of(c => c.close), of(c => c.volume)];
  }, [props.candles]);
  return (
    <Chart
      label={props.label}
      columns={columns}
      height={props.height}
      series={[
        { label: t('market.open'), colour: '--text', kind: 'hidden' },
        { label: t('market.high'), colour: '--text', kind: 'hidden' },
        { label: t('market.low'), colour: '--text', kind: 'hidden' },
        { label: t('market.close'), colour: '--text', kind: 'hidden' },
        { label: t('market.volume'), colour: '--volume', kind: 'bars', scale: 'second' },
      ]}
      draw={drawCandles}
      range={aboveVolume}
      {...(props.sync ? { sync: props.sync } : {})}
    />
  );
}

// The volume stands in the lowest quarter.
function aboveVolume(min: number, max: number): [number, number] {
  const height = max - min || Math.abs(max) * 0.001 || 1;
  return [min - height * 0.36, max + height * 0.05];
}

function drawCandles(plot: uPlot, colour: (name: string) => string): void {
  const [times, opens, highs, lows, closes] = plot.data as unknown as number[][];
  if (!times || times.length === 0) {
    return;
  }
  const { ctx } = plot;
  const ratio = devicePixelRatio;
  const x = (i: number) => Math.round(plot.valToPos(times[i]!, 'x', true));
  const y = (value: number) => Math.round(plot.valToPos(value, 'y', true));
  const step = times.length > 1 ? Math.abs(x(1) - x(0)) : 12 * ratio;
  const body = Math.max(ratio, Math.min(11 * ratio, Math.floor(step * 0.66)));
  ctx.save();
  ctx.beginPath();
  ctx.rect(plot.bbox.left, plot.bbox.top, plot.bbox.width, plot.bbox.height);
  ctx.clip();
  ctx.lineWidth = ratio;
  for (let i = 0; i < times.length; i++) {
    const isRising = closes![i]! >= opens![i]!;
    ctx.strokeStyle = ctx.fillStyle = colour(isRising ? '--up' : '--down');
    const centre = x(i) + (ratio % 2) / 2;
    const top = y(Math.max(opens![i]!, closes![i]!));
    const height = Math.max(ratio, y(Math.min(opens![i]!, closes![i]!)) - top);
    ctx.beginPath();
    ctx.moveTo(centre, y(highs![i]!));
    ctx.lineTo(centre, top);
    ctx.moveTo(centre, top + height);
    ctx.lineTo(centre, y(lows![i]!));
    ctx.stroke();
    if (isRising && body > 3 * ratio && height > 2 * ratio) {
      ctx.strokeRect(centre - body / 2, top + ratio / 2, body, height - ratio);
    } else {
      ctx.fillRect(centre - body / 2, top, body, height);
    }
  }
  ctx.restore();
}
