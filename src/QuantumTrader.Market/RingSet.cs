using System.Collections.Concurrent;

namespace QuantumTrader.Market;

/// <summary>The rings of one symbol. Written by the <c>rings</c> block, read by anyone at any time.</summary>
public sealed class SymbolRings
{
    internal SymbolRings(RingsOptions options)
    {
        Trades = new Ring<MarketEvent>(options.Trades);
        Books = new Ring<BookImage>(options.Books);
        Candles = new Ring<Candle>(options.Candles);
    }

    /// <summary>Trades, edits included.</summary>
    public Ring<MarketEvent> Trades { get; }

    /// <summary>The best levels after each whole book message.</summary>
    public Ring<BookImage> Books { get; }

    /// <summary>Closed candles.</summary>
    public Ring<Candle> Candles { get; }
}

/// <summary>The rings that one <c>rings</c> block fills.</summary>
public sealed class RingSet
{
    private readonly SymbolRings[] _symbols;

    internal RingSet(string name, int symbols, RingsOptions options)
    {
        Name = name;
        _symbols = new SymbolRings[symbols];
        for (var i = 0; i < symbols; i++)
        {
            _symbols[i] = new SymbolRings(options);
        }
    }

    /// <summary>Name of the block.</summary>
    public string Name { get; }

    /// <summary>The rings of an interned symbol.</summary>
    public SymbolRings Of(int symbol) => (uint)(symbol - 1) < (uint)_symbols.Length
        ? _symbols[symbol - 1]
        : throw new ArgumentOutOfRangeException(nameof(symbol), symbol, $"Condition failed: the market has the symbols 1 to {_symbols.Length}.");
}

/// <summary>Finds the rings of a run by the name of their block. Safe for use by several threads.</summary>
public sealed class RingRegistry
{
    private readonly ConcurrentDictionary<string, RingSet> _sets = new(StringComparer.Ordinal);

    /// <summary>The names that can be read, in order.</summary>
    public IReadOnlyList<string> Names => [.. _sets.Keys.Order(StringComparer.Ordinal)];

    /// <summary>The rings of a block; false when it has not started or there is no such block.</summary>
    public bool TryGet(string name, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out RingSet? rings) => _sets.TryGetValue(name, out rings);

    // A block that a reload replaces comes back under the same name, so the newest one counts.
    internal void Publish(RingSet rings) => _sets[rings.Name] = rings;
}
