using QuantumTrader.Dataflow;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;

namespace MyBlocks;

/// <summary>Options of <see cref="LargeTrades"/>.</summary>
public sealed record LargeTradesOptions
{
    /// <summary>Smallest quantity, in units of the instrument, of a trade that goes on.</summary>
    [Range(0, 1_000_000)]
    public double MinQuantity { get; init; } = 1;
}

/// <summary>Lets large trades go on and drops the small ones.</summary>
[Block("my.large", "Lets large trades go on and drops the small ones.")]
public sealed class LargeTrades(LargeTradesOptions options) : Filter<MarketEvent>
{
    private readonly long _minimum = Scaled.FromDouble(options.MinQuantity);

    /// <inheritdoc/>
    public override void Process(EditableRun<MarketEvent> run)
    {
        foreach (ref var e in run)
        {
            if (e.Kind == EventKind.Trade && e.Quantity < _minimum)
            {
                run.Drop("small");
            }
        }
    }
}
