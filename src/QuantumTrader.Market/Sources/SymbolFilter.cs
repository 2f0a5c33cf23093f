using System.Text;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Market.Sources;

/// <summary>Turns the symbols of a feed into the numbers of the pipeline's symbols.</summary>
internal sealed class SymbolFilter
{
    private const int LongestName = 64;
    private readonly Dictionary<string, int> _ids = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _lookup;
    private readonly byte[] _last = new byte[LongestName];
    private int _lastLength;
    private int _lastId;

    /// <param name="symbols">The pipeline's symbols.</param>
    /// <param name="names">Names in the feed that stand for other symbols; option <c>symbol_map</c>.</param>
    public SymbolFilter(SymbolTable symbols, IReadOnlyDictionary<string, string> names)
    {
        _lookup = _ids.GetAlternateLookup<ReadOnlySpan<char>>();
        for (var id = 1; id <= symbols.Count; id++)
        {
            _ids[symbols.Name(id)] = id;
        }

        // First all names out, then in: so that two symbols can swap theirs.
        foreach (var (from, _) in names)
        {
            _ids.Remove(from);
        }

        foreach (var (from, to) in names)
        {
            _ids[from] = Require("symbol_map", to, symbols);
        }
    }

    /// <summary>The symbol's number; 0 when it is not one of the pipeline's.</summary>
    public int Find(ReadOnlySpan<byte> name)
    {
        if (name.SequenceEqual(_last.AsSpan(0, _lastLength)))
        {
            return _lastId;
        }

        Span<char> text = stackalloc char[LongestName];
        if (name.Length > LongestName || !Encoding.UTF8.TryGetChars(name, text, out var length))
        {
            return 0;
        }

        _lastId = _lookup.TryGetValue(text[..length], out var id) ? id : 0;
        name.CopyTo(_last);
        _lastLength = name.Length;
        return _lastId;
    }

    /// <summary>The number of a symbol that an option names.</summary>
    public static int Require(string option, string symbol, SymbolTable symbols) => symbols.Find(symbol) is > 0 and var id
        ? id
        : throw new ConfigurationException(
            option, $"'{symbol}' is not a symbol of this pipeline. Legal are {string.Join(", ", Enumerable.Range(1, symbols.Count).Select(symbols.Name))}; add it to market.symbols or correct it.");
}
