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
    [InlineData("model.regime")]
    [InlineData("signal")]
    [InlineData("risk")]
    [InlineData("execution.paper")]
    public void Every_block_of_the_trading_path_can_be_named_in_a_pipeline(string type) => Registry.Blocks.Keys.ShouldContain(type);

    [Fact]
    public void The_registry_knows_ports_and_partitioning()
    {
        Registry.Blocks["execution.paper"].Inputs.Select(p => p.Name).ShouldBe(["from", "market"]);
        Registry.Blocks["features.basic"].Partitioned.ShouldBeTrue();
        Registry.Blocks["signal"].Partitioned.ShouldBeTrue();
        Registry.Blocks["risk"].Partitioned.ShouldBeFalse();
    }

    [Fact]
    public void Only_execution_acts_on_the_outside() =>
        Registry.Blocks.Values.Where(b => b.Class.GetCustomAttributes(false).OfType<BlockAttribute>().Single().Trading).Select(b => b.Name).ShouldBe(["execution.paper"]);
}
