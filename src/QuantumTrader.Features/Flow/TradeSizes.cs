using QuantumTrader.Market;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Features;

/// <summary>How large a single trade is.</summary>
public enum TradeSize
{
    /// <summary>Up to the first bound.</summary>
    Small,

    /// <summary>Above the first, up to the second bound.</summary>
    Medium,

    /// <summary>Above the second, up to the third bound.</summary>
    Large,

    /// <summary>Above the third bound.</summary>
    Whale,
}

/// <summary>The size categories of one instrument: features.md, section 4.2.</summary>
public sealed class TradeSizes
{
    private readonly long _small;
    private readonly long _medium;
    private readonly long _large;
    private readonly long _block;

    /// <summary>The categories that the instrument's entry in config/instruments.yml gives.</summary>
    public TradeSizes(Instrument instrument)
    {
        ArgumentNullException.ThrowIfNull(instrument);
        _small = (long)(instrument.SizeBounds[0] * Scaled.One);
        _medium = (long)(instrument.SizeBounds[1] * Scaled.One);
        _large = (long)(instrument.SizeBounds[2] * Scaled.One);
        _block = (long)(instrument.BlockTradeQuantity * Scaled.One);
    }

    /// <summary>The category of a quantity, scaled by 1e-8.</summary>
    public TradeSize Of(long quantity) =>
        quantity <= _small ? TradeSize.Small : quantity <= _medium ? TradeSize.Medium : quantity <= _large ? TradeSize.Large : TradeSize.Whale;

    /// <summary>True for a large trade or a whale.</summary>
    public bool IsLarge(long quantity) => quantity > _medium;

    /// <summary>True when a quantity is above what a block trade needs: 100 is not yet one, 101 is.</summary>
    public bool IsBlockTrade(long quantity) => quantity > _block;
}
