using QuantumTrader.Dataflow;
using QuantumTrader.Features;
using QuantumTrader.Market;
using QuantumTrader.Tests.Market;

namespace QuantumTrader.Tests.Features;

public sealed class BasicContractTests : FeatureContract
{
    protected override FeatureSchema Schema => Basic.Schema;

    protected override IEnumerable<GoldenRow> Golden
    {
        get
        {
            var trades = BasicWindowTests.ExampleA().SelectMany((c, i) => new[]
            {
                Feed.Trade(60_000 * i, price: c.Close + 1, quantity: c.Volume - 1),
                Feed.Trade((60_000 * i) + 59_999, price: c.Close),
            });
            yield return new GoldenRow("example A", Feed.Numbered([.. trades, Feed.Trade(60_000 * 21)]), BasicWindowTests.ExpectedA);
        }
    }

    protected override Operator<MarketEvent, FeatureVector> Create() => new Basic(new BasicOptions(), Market);
}
