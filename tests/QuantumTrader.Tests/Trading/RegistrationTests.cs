using QuantumTrader.Features;
using QuantumTrader.Market;
using QuantumTrader.Models;
using QuantumTrader.Pipelines;
using QuantumTrader.Trading;

namespace QuantumTrader.Tests.Trading;

public class RegistrationTests
{
    private static readonly BlockRegistry Registry = BlockRegistry.Scan(typeof(MarketContext).Assembly, typeof(Basic).Assembly, typeof(Onnx).Assembly, typeof(Risk).Assembly);

    [Theory]
    [InlineData("features.basic")]
    [InlineData("model.onnx")]
    [InlineData("signal")]
    [InlineData("risk")]
    [InlineData("execution.paper")]
    public void Every_block_of_the_trading_path_can_be_named_in_a_pipeline(string type) => Registry.Blocks.Keys.ShouldContain(type);

    [Fact]
    public void What_the_registry_says_of_a_block_is_what_the_block_does()
    {
        Registry.Blocks["execution.paper"].Inputs.Select(p => p.Name).ShouldBe(["from", "market"]);
        var market = TradingFixture.MakeMarket();
        Registry.Blocks["features.basic"].Partitioned.ShouldBe(new Basic(new BasicOptions(), market).IsPartitioned);
        Registry.Blocks["signal"].Partitioned.ShouldBe(new SignalBlock(new SignalOptions()).IsPartitioned);
        Registry.Blocks["risk"].Partitioned.ShouldBe(new Risk(new RiskOptions(), market).IsPartitioned);
    }

    [Fact]
    public void Only_execution_acts_on_the_outside() =>
        Registry.Blocks.Values.Where(b => b.Class.GetCustomAttributes(false).OfType<BlockAttribute>().Single().Trading).Select(b => b.Name).ShouldBe(["execution.paper"]);
}
