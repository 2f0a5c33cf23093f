using QuantumTrader.Market;

namespace QuantumTrader.Features.Model65;

/// <summary>Rows 45-60: who is active, and who leads the candle.</summary>
internal sealed class Microstructure
{
    private const int Top = 5;
    private int _buyer;
    private int _buyerBefore;
    private int _seller;
    private int _sellerBefore;
    private bool _bought;
    private bool _sold;

    public static FeatureGroup Group { get; } = new("microstructure", "Microstructure",
    [
        .. Enumerable.Range(0, Top).Select(i => Flag($"top_buyer_{i}_active", $"1 if the buyer of rank {i} by quantity in the ranking window bought in the active window")),
        .. Enumerable.Range(0, Top).Select(i => Flag($"top_seller_{i}_active", $"1 if the seller of rank {i} by quantity in the ranking window sold in the active window")),
        Flag("top_buyers_count", "sum of the five flags of buyers") with { Max = Top },
        Flag("top_sellers_count", "sum of the five flags of sellers") with { Max = Top },
        Candle("buyer_changed", "1 if the largest buyer of candle t differs from that of candle t-1; 0 if either has none"),
        Candle("seller_changed", "1 if the largest seller of candle t differs from that of candle t-1; 0 if either has none"),
        Candle("is_buyer_aggressor", "1 if B_t > S_t"),
        Candle("is_seller_aggressor", "1 if S_t > B_t"),
    ]);

    /// <summary>Features at the front of the group that change with every trade.</summary>
    public static int TradeFeatures => (2 * Top) + 2;

    public void Add(in Candle candle, int largestBuyer, int largestSeller)
    {
        (_buyerBefore, _sellerBefore) = (_buyer, _seller);
        (_buyer, _seller) = (largestBuyer, largestSeller);
        (_bought, _sold) = (candle.BuyVolume > candle.SellVolume, candle.SellVolume > candle.BuyVolume);
    }

    public void Write(Bars bars, ref FeatureWriter writer)
    {
        var isWarm = bars.Count >= 2;
        writer.Add(isWarm, HasChanged(_buyerBefore, _buyer));
        writer.Add(isWarm, HasChanged(_sellerBefore, _seller));
        writer.Add(isWarm, _bought ? 1 : 0);
        writer.Add(isWarm, _sold ? 1 : 0);
    }

    public static void WriteRanking(TradeWindows trades, ref FeatureWriter writer)
    {
        var isWarm = trades.IsRankingFull;
        var buyers = WriteFlags(trades.Buyers, isWarm, ref writer);
        var sellers = WriteFlags(trades.Sellers, isWarm, ref writer);
        writer.Add(isWarm, buyers);
        writer.Add(isWarm, sellers);
    }

    private static int WriteFlags(Ranking ranking, bool isWarm, ref FeatureWriter writer)
    {
        var sum = 0;
        for (var i = 0; i < Top; i++)
        {
            var flag = i < ranking.Count && ranking[i].Active > 0 ? 1 : 0;
            sum += flag;
            writer.Add(isWarm, flag);
        }

        return sum;
    }

    private static int HasChanged(int before, int now) => before != 0 && now != 0 && before != now ? 1 : 0;

    private static FeatureDefinition Flag(string name, string formula) => new(name, formula)
    {
        Inputs = "trades, participants", WarmAfter = "a full active window (20 trades) and a full ranking window (1000 before them)", Min = 0, Max = 1,
    };

    private static FeatureDefinition Candle(string name, string formula) => new(name, formula) { Inputs = "candles, participants", WarmAfter = "2 candles", Min = 0, Max = 1 };
}
