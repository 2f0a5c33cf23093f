using QuantumTrader.Market;
using QuantumTrader.Pipelines;
using QuantumTrader.Tests.Market;

namespace QuantumTrader.Tests.Features.Model65;

/// <summary>The worked examples of the catalogue as streams of trades.</summary>
internal static class Examples
{
    private const long Hour = 3_600_000_000_000L;

    /// <summary>Open from 09:00 to 18:00, every day, in UTC.</summary>
    public static MarketContext Exchange() => MarketContext.Of(
        new TradingCalendar("exchange", "UTC", _ => 0, [true, true, true, true, true, true, true], [new SessionHours(int.MinValue, int.MaxValue, 9 * Hour, 18 * Hour)], []), Feed.A, Feed.B);

    /// <summary>Example B: 250 candles of which the last 100 lie in the second day.</summary>
    public static GoldenRow B
    {
        get
        {
            var trades = new List<MarketEvent>();
            for (var i = 0; i < 250; i++)
            {
                double Close(int j) => 5470 + (0.5 * (7 * j % 23));
                var (open, close) = (Close(Math.Max(0, i - 1)), Close(i));
                var (high, low) = (Math.Max(open, close) + (0.5 * (i % 3)), Math.Min(open, close) - (0.5 * (i % 2)));
                double volume = 100 + (10 * (3 * i % 17)), buy = 40 + (5 * i % 31);
                var number = 10 + (i % 7);
                for (var k = 0; k < number; k++)
                {
                    // Open, high, low, then the close; the first trade buys, the second sells, the others have a side of no quantity left.
                    var price = k switch { 0 => open, 1 => high, 2 => low, _ => close };
                    var (quantity, side) = k switch { 0 => (buy - 1, Side.Buy), 1 => (1, Side.Buy), 2 => (volume - buy - (number - 3), Side.Sell), _ => (1, Side.Sell) };
                    // 150 candles end at midnight: the day begins with candle 150.
                    trades.Add(Feed.Trade(86_400_000 + ((i - 150) * 60_000.0) + 1000 + (k * 1000), trades.Count + 1, price, quantity, side));
                }
            }

            return new GoldenRow("example B", Feed.Numbered([.. trades.Select((t, i) => t with { EventTime = t.EventTime - (i == 0 ? 1_000_000_000 : 0) }), Feed.Clock(86_400_000 + (100 * 60_000)) with { Symbol = 1 }]), ExpectedB);
        }
    }

    /// <summary>Example C: nine trades, the first five in one candle and the rest in the next.</summary>
    public static GoldenRow C
    {
        get
        {
            (int Buyer, int Seller, int Quantity, int Side)[] rows =
                [(3, 8, 5, 1), (3, 16, 4, 1), (8, 3, 9, -1), (16, 8, 2, 1), (3, 8, 1, -1), (40, 16, 7, 1), (8, 40, 3, 1), (16, 3, 2, -1), (16, 40, 1, 1)];
            var trades = rows.Select((r, i) => Feed.Trade(i < 5 ? i : 300_000 + i, i + 1, 100, r.Quantity, (Side)r.Side) with { Buyer = r.Buyer, Seller = r.Seller });

            // A tenth trade closes the second candle, with nobody in it; the vector before it is the example's.
            return new GoldenRow("example C, windows", Feed.Numbered(trades), new Dictionary<string, double>
            {
                ["top_buyer_0_active"] = 0, ["top_buyer_1_active"] = 1, ["top_buyer_2_active"] = 0, ["top_buyer_3_active"] = 1, ["top_buyer_4_active"] = 0,
                ["top_seller_0_active"] = 0, ["top_seller_1_active"] = 1, ["top_seller_2_active"] = 0, ["top_seller_3_active"] = 0, ["top_seller_4_active"] = 0,
                ["top_buyers_count"] = 2, ["top_sellers_count"] = 1, ["agent_turnover"] = 4 / 9.0,
            });
        }
    }

    private static Dictionary<string, double> ExpectedB => new()
    {
        ["volatility_10"] = 0.001014042865, ["volatility_20"] = 0.0009870418955, ["volatility_50"] = 0.0009718263201, ["volatility_100"] = 0.0009669011765,
        ["volatility_ratio_10"] = 1.027355444, ["volatility_ratio_20"] = 1.015656682, ["volatility_ratio_50"] = 1.00509374, ["volatility_ratio_100"] = 0.9978328751,
        ["volatility_gk"] = 0.0004778074712, ["bb_position"] = 0.7496665183,
        ["returns_1"] = 0.000639211031, ["returns_2"] = 0.001279239766, ["returns_5"] = 0.001096290883, ["returns_10"] = 9.126585744e-05,
        ["returns_20"] = 0.0001825483753, ["returns_50"] = 0.0004564959372, ["returns_100"] = 0.0009134088418,
        ["log_returns_1"] = 0.0006390068226, ["log_returns_5"] = 0.001095690394, ["log_returns_20"] = 0.0001825317154,
        ["order_flow_imbalance_10"] = -0.4455958549, ["order_flow_imbalance_20"] = -0.4314666667, ["order_flow_imbalance_50"] = -0.3977924945, ["order_flow_imbalance_100"] = -0.3941404091,
        ["cumulative_signed_volume"] = -7130, ["signed_volume"] = -170, ["volume_weighted_return"] = 4.596749772e-05,
        ["volume_ratio_20"] = 1.386666667, ["volume_ratio_50"] = 1.434878587, ["volume_ratio_100"] = 1.437258154,
        ["volume_zscore_20"] = 1.427997952, ["volume_zscore_50"] = 1.600839093, ["volume_zscore_100"] = 1.605796117,
        ["trade_intensity"] = 0.2333333333, ["trade_intensity_ratio"] = 1.085271318,
        ["ma_5_20_ratio"] = 1.000173495, ["ma_20_50_ratio"] = 1.000010958, ["momentum_5_20"] = 0.95, ["momentum_20_50"] = 0.06,
        ["sharpe_5"] = 0.2338259879, ["sharpe_20"] = 0.009715546949,
    };
}
