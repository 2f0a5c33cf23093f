using QuantumTrader.Market;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Features.Model65;

/// <summary>Rows 21-28: who pushes.</summary>
internal sealed class OrderFlow
{
    private static readonly int[] Lengths = [10, 20, 50, 100];
    private long _day = long.MinValue;
    private long _signedOfDay;

    public static FeatureGroup Group { get; } = new("order_flow", "Order flow",
    [
        .. Lengths.Select(n => new FeatureDefinition($"order_flow_imbalance_{n}", $"(sum B - sum S) / (sum B + sum S) over {n} candles")
        {
            Inputs = "candles", WarmAfter = $"{n} candles", ZeroDivision = "0", Min = -1, Max = 1,
        }),
        new("cumulative_signed_volume", "sum of B - S over the closed candles of the trading day")
        {
            Inputs = "candles", WarmAfter = "1 candle of a day that was seen from its open", Unit = "quantity",
        },
        new("signed_volume", "B_t - S_t") { Inputs = "candles", WarmAfter = "1 candle", Unit = "quantity" },
        new("volume_weighted_return", "sum r_i V_i / sum V_i over 20 candles") { Inputs = "candles", WarmAfter = "21 candles", ZeroDivision = "0", Min = -1 },
        new("agent_turnover", "different known participants, buying or selling, in the last 100 trades / number of these trades")
        {
            Inputs = "trades, participants", WarmAfter = "100 trades", ZeroDivision = "0", Max = 2, Min = 0,
        },
    ]);

    /// <summary>Place of agent_turnover in the group: it changes with every trade.</summary>
    public static int TurnoverAt => Group.Features.Count - 1;

    public void Add(in Candle candle, in TradingDay day)
    {
        _signedOfDay = (_day == day.Day ? _signedOfDay : 0) + candle.BuyVolume - candle.SellVolume;
        _day = day.Day;
    }

    public void Write(Bars bars, bool isDayWhole, ref FeatureWriter writer)
    {
        foreach (var length in Lengths)
        {
            writer.Add(bars.Count >= length, Windows.Ratio(Windows.Sum(bars.Signed.Last(length)), Windows.Sum(bars.Sided.Last(length)), 0));
        }

        writer.Add(bars.Count >= 1 && isDayWhole, Scaled.ToDouble(_signedOfDay));
        writer.Add(bars.Count >= 1, bars.Signed.Back(0));
        writer.Add(bars.Count >= 21, Windows.Ratio(Windows.Sum(bars.Weighted.Last(20)), Windows.Sum(bars.Volumes.Last(20)), 0));
    }

    public static void WriteTurnover(TradeWindows trades, ref FeatureWriter writer) =>
        writer.Add(trades.IsTurnoverFull, Windows.Ratio(trades.RecentParticipants, trades.RecentTrades, 0));
}
